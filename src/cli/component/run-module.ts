import { ComponentProcess } from '../../component/run-component.js';
import type { Cli } from '../cli.js';
import { loadComponent, ModuleBroken } from './load-component.js';

/** What `run` was told. */
export interface RunCommandOptions {
  readonly health?: string;
}

/** Runs the component of a module to its end, and ends as it does. */
export async function runModule(cli: Cli, module: string, { health }: RunCommandOptions): Promise<void> {
  const own = new ComponentProcess({ write: line => void cli.out.write(line), env: cli.env, module });
  const component = await loadComponent(module).catch((error: unknown) => {
    if (error instanceof ModuleBroken) own.defect(error.cause);
    throw error;
  });
  cli.exitCode = await own.run(component, health);
}
