import { writeFile } from 'node:fs/promises';
import type { DryRun } from '../../dry-run/dry-run-result.js';
import { dryRun } from '../../dry-run/dry-run.js';
import type { Finding } from '../../dry-run/finding.js';
import type { ConfigurationInvalid, TimersWithoutEnd } from '../../errors/errors.js';
import { visible } from '../../shared/visible.js';
import { CliError, UsageError } from '../cli-error.js';
import type { Cli } from '../cli.js';
import { wrap } from '../output.js';
import { loadComponent, sourceOf } from './load-component.js';

/** What a dry run is told on the command line. */
interface DryRunCommandOptions {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly memory?: number;
}

/** Runs the component of a module dry, and says on stderr what was found. Throws if something of it will not work. */
export async function dryRunModule(cli: Cli, module: string, { config, memory }: DryRunCommandOptions): Promise<DryRun> {
  const dry = await dryRun(await loadComponent(sourceOf(module)), { config, bufferBytes: memory });
  if (dry._tag === 'Left') throw refusal(dry.left);
  for (const finding of dry.right.findings) print(cli, finding);
  const errors = dry.right.findings.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) throw new CliError(`${module} has ${errors === 1 ? 'an error' : `${errors} errors`}, and nothing was written.`);
  return dry.right;
}

function refusal(error: ConfigurationInvalid | TimersWithoutEnd): CliError {
  switch (error._tag) {
    case 'ConfigurationInvalid':
      return new UsageError(
        `The defaults are no configuration of ${error.component}.`,
        ...error.problems,
        'Give what they leave out with --config.',
      );
    case 'TimersWithoutEnd':
      return new CliError(error.message);
  }
}

const COLOURS = { error: 'red', warning: 'yellow', note: 'dim' } as const;

function print({ err }: Cli, { severity, about, message }: Finding): void {
  const label = `${severity} (${about}): `;
  const [first = '', ...rest] = wrap(label + visible(message), err.width, '  ');
  err.line([err.style(COLOURS[severity], label.trimEnd()) + first.slice(label.length - 1), ...rest].join('\n'));
}

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

/** The colour of a line that says how a file no longer fits the code: `+` it lacks, `-` it has too much, `~` differs. */
export function lineColour(line: string): 'green' | 'red' | 'yellow' {
  return line.startsWith('+') ? 'green' : line.startsWith('-') ? 'red' : 'yellow';
}
