import { writeFile } from 'node:fs/promises';
import { UsageError } from '../cli-error.js';
import type { Cli } from '../cli.js';

/** Writes a result to the file that `--out` names, or to stdout. */
export async function writeOut(cli: Cli, file: string | undefined, text: string): Promise<void> {
  if (file === undefined) {
    cli.out.write(text);
    return;
  }
  await writeFile(file, text).catch((cause: unknown) => {
    throw new UsageError(`${file} could not be written: ${cause instanceof Error ? cause.message : String(cause)}`);
  });
  cli.err.line(`wrote ${file}`);
}
