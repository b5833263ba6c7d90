import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { visible } from '../../shared/visible.js';
import { CliError, EXIT, UsageError } from '../cli-error.js';
import type { Cli } from '../cli.js';
import { dryRunModule, lineColour, writeOut } from './dry-run-module.js';

/** What `greengrass-rx cloud` is told. */
export interface CloudCommandOptions {
  readonly out: string;
  readonly check?: string;
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Writes the cloud side of a module's component, or says how a folder does not fit it. */
export async function runCloud(cli: Cli, module: string, { out, check, config }: CloudCommandOptions): Promise<void> {
  const dry = await dryRunModule(cli, module, config === undefined ? {} : { config });
  const files = dry.cloudFiles();
  if (files.length === 0)
    throw new CliError(`No stage of ${module} says where it publishes.`, {
      exitCode: EXIT.FAILED,
      remedies: ['Declare it: publishTo(…, { topics, payload }), and openOutbox({ topics }) with storeIn(…, { payload }).'],
    });
  if (check === undefined) {
    await mkdir(out, { recursive: true }).catch((cause: unknown) => {
      throw new UsageError(`${out} could not be made: ${cause instanceof Error ? cause.message : String(cause)}`);
    });
    for (const { path, text } of files) await writeOut(cli, join(out, path), text);
    return;
  }
  const lines = dry.cloudDifference(path => {
    const file = join(check, path);
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  });
  if (lines.length === 0) {
    cli.err.line(`${check} fits ${module}`);
    return;
  }
  for (const line of lines) cli.out.line(cli.out.style(lineColour(line), visible(line)));
  throw new CliError(`${check} no longer fits ${module}.`, {
    exitCode: EXIT.FAILED,
    remedies: [`Write it anew: greengrass-rx cloud ${module} --out ${check}`],
  });
}
