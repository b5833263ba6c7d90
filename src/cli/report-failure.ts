import { CommanderError } from 'commander';
import { CliError } from './cli-error.js';
import type { Cli } from './cli.js';
import { EXIT } from './exit-code.js';
import { wrap } from './wrap.js';

/** Says on stderr what went wrong, and gives the exit code for it. A stack trace is printed for a defect only. */
export function reportFailure(cli: Cli, error: unknown): number {
  const { err } = cli;
  if (error instanceof CommanderError) {
    // commander has said what is wrong, or has printed the help or the version that was asked for.
    return error.exitCode === 0 ? EXIT.OK : EXIT.USAGE;
  }
  if (error instanceof CliError) {
    const label = 'greengrass-rx: ';
    const [first = '', ...rest] = wrap(label + error.message, err.width, '  ');
    err.line([err.style('red', label.trimEnd()) + first.slice(label.length - 1), ...rest].join('\n'));
    for (const remedy of error.remedies) err.line(wrap(remedy, err.width, '  ', '  ').join('\n'));
    return error.exitCode;
  }
  err.line(
    `${err.style('red', 'greengrass-rx:')} this is a defect of greengrass-rx, not of what you did. Please report it with these lines.`,
  );
  err.line(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return EXIT.DEFECT;
}
