import { EXITS } from '../../component/exit-codes.js';
import { jsonLog, levelIn } from '../../component/log.js';
import { runComponent } from '../../component/run-component.js';
import type { Cli } from '../cli.js';
import { loadComponent, ModuleBroken } from './load-component.js';

/** What `run` was told. */
export interface RunCommandOptions {
  readonly health?: string;
}

/** Runs the component of a module to its end, and ends as it does. */
export async function runModule(cli: Cli, module: string, { health }: RunCommandOptions): Promise<void> {
  const write = (line: string): void => void cli.out.write(line);
  const level = levelIn(cli.env);
  const stray = jsonLog(write, { level, fields: { module } });
  // What nobody waits for would end the process with a stack trace on stderr and the code 1.
  const onStray = (error: unknown): void => {
    const { code, restart, meaning } = EXITS.defect;
    stray.error(`ended: ${meaning}`, { event: 'ended', reason: 'defect', code, restart, error });
    process.exit(code);
  };
  process.on('uncaughtException', onStray);
  process.on('unhandledRejection', onStray);
  const component = await loadComponent(module).catch((error: unknown) => {
    if (error instanceof ModuleBroken) onStray(error.cause);
    throw error;
  });
  const log = jsonLog(write, { level, fields: { component: component.name, version: component.version } });
  const outcome = await runComponent(component, { env: cli.env, log, healthFile: health });
  process.off('uncaughtException', onStray);
  process.off('unhandledRejection', onStray);
  cli.exitCode = outcome.code;
}
