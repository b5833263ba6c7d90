import { CommanderError } from 'commander';
import { visible, visibleLines } from '../shared/visible.js';
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
    const [first = '', ...rest] = wrap(label + visible(error.message), err.width, '  ');
    err.line([err.style('red', label.trimEnd()) + first.slice(label.length - 1), ...rest].join('\n'));
    for (const remedy of error.remedies) err.line(wrap(visible(remedy), err.width, '  ', '  ').join('\n'));
    return error.exitCode;
  }
  err.line(
    `${err.style('red', 'greengrass-rx:')} this is a defect of greengrass-rx, not of what you did. Please report it with these lines.`,
  );
  err.line(stackOf(error));
  return EXIT.DEFECT;
}

/** A stack in the lines of its frames: the message above them is one, whatever stands in it. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return visible(String(error));
  const { message, stack = message } = error;
  return visibleLines(message === '' ? stack : stack.replace(message, () => visible(message)));
}
