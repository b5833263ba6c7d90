/** A check of a marble test that failed. Its stack shows the line of the test that asked for the check. */
export class MarbleFailure extends Error {
  override readonly name = 'MarbleFailure';

  /** `below`: the function that the test called; the stack begins at its caller. */
  constructor(message: string, below?: (...args: never[]) => unknown) {
    super(message);
    if (below !== undefined) Error.captureStackTrace(this, below);
  }

  /** The same place with another message: what is wrong is known only when the run has ended. */
  saying(message: string): MarbleFailure {
    const failure = new MarbleFailure(message);
    const frames = (this.stack ?? '').split('\n').filter(line => line.startsWith('    at '));
    failure.stack = [`${failure.name}: ${message}`, ...frames].join('\n');
    return failure;
  }
}
