import { EXIT } from './exit-code.js';

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

/** The command line, or a file it names, is wrong. */
export class UsageError extends CliError {
  constructor(message: string, ...remedies: readonly string[]) {
    super(message, { exitCode: EXIT.USAGE, remedies });
  }
}
