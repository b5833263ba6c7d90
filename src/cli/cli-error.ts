import { constants } from 'node:os';

/** A failure that the user can do something about: printed as a sentence with its remedy, never with a stack trace. */
export class CliError extends Error {
  readonly exitCode: number;
  /** What to do about it, one line each. */
  readonly remedies: readonly string[];

  constructor(
    message: string,
    options: { readonly exitCode?: number; readonly remedies?: readonly string[]; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode ?? EXIT.FAILED;
    this.remedies = options.remedies ?? [];
  }

  override get name(): string {
    return 'CliError';
  }
}

/** An error with several lines: its first as the sentence, and the others below it. */
export function inLines(error: Error, exitCode: number = EXIT.FAILED): CliError {
  const [first = '', ...rest] = error.message.split('\n');
  return new CliError(first, { exitCode, remedies: rest.map(line => line.trim()).filter(line => line !== ''), cause: error });
}

/** The command line, or a file it names, is wrong. */
export class UsageError extends CliError {
  constructor(message: string, ...remedies: readonly string[]) {
    super(message, { exitCode: EXIT.USAGE, remedies });
  }
}

/**
 * How `greengrass-rx` ends. Documented in docs/cli.md and in `--help`; scripts rely on the numbers. `dev` ends as its component
 * does, and whatever a signal ended gives 128 and the signal's number, as in a shell.
 */
export const EXIT = {
  /** It did what it was asked for. */
  OK: 0,
  /** It could not: a publish was refused, a subscription ended, the doctor found something wrong. */
  FAILED: 1,
  /** The command line, or a file it names, is wrong. Nothing was done. */
  USAGE: 2,
  /** No nucleus to talk to, or it refuses the token. */
  UNREACHABLE: 3,
  /** The time of `--timeout` was up. */
  TIMED_OUT: 4,
  /** A defect of greengrass-rx itself. */
  DEFECT: 70,
  /** The component's program is there and cannot be run. */
  NOT_EXECUTABLE: 126,
  /** The component's program is not there. */
  NOT_FOUND: 127,
} as const;

/** What a process ended by a signal exits with, as shells have it: 130 for SIGINT, 143 for SIGTERM. */
export function signalExitCode(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
