import { MarbleFailure } from './marble-failure.js';

/** Where the marble tests were made that have not been called, while a test framework's hooks look after them. */
let made: Set<MarbleFailure> | undefined;

/** Notes that a marble test was made. Returns what is to be called when it is. */
export function noteMade(by: (...args: never[]) => unknown): () => void {
  const origin = new MarbleFailure('', by);
  made?.add(origin);
  return () => void made?.delete(origin);
}

/** A test of the framework begins: what was made before may belong to another. */
export function beginTest(): void {
  made = new Set();
}

/** Ends a test of the framework. Throws if it has made a marble test and not called it, which is none. */
export function endTest(): void {
  const [first] = made ?? [];
  made = undefined;
  if (first !== undefined)
    throw first.saying(
      'marbles() gives a test that was never called, so that nothing was tested. Hand it to test(), or call it: marbles(…)().',
    );
}
