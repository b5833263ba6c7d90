import { left, right, type Either } from 'fp-ts/lib/Either.js';
import type { Type } from 'io-ts';
import type { DecodeProblems } from './codec.js';
import { describe, problemsOf } from './problems.js';
import { atOnce } from '../shared/at-once.js';

/** One problem, of the value as a whole unless the text says otherwise. */
export function problem(text: string, cause?: unknown): Either<DecodeProblems, never> {
  return left(cause === undefined ? { problems: [text] } : { problems: [text], cause });
}

/** Why something threw, in a few words. */
export function causeOf(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}`.slice(0, 200) : describe(cause);
}

/** What an io-ts codec makes of a value that has been parsed. */
export function validated<A>(codec: Pick<Type<A, unknown>, 'name' | 'decode'>, value: unknown): Either<DecodeProblems, A> {
  try {
    const decoded = atOnce(codec.decode(value), 'decode');
    return decoded._tag === 'Right' ? right(decoded.right) : left({ problems: problemsOf(decoded.left) });
  } catch (cause) {
    // A recursive codec on a deeply nested payload overflows the stack, and codecs of one's own may throw.
    return problem(`(root): expected ${codec.name.slice(0, 120)}, got a value on which the codec failed: ${causeOf(cause)}`, cause);
  }
}
