import type { Either } from 'fp-ts/lib/Either.js';
import type { Kind } from '../errors/errors.js';
import { tagOf } from './tag.js';

/** The kinds the errors of `E` can be of. One without `kind` counts as a `message`: it never ends a stream. */
export type KindOf<E> = E extends { readonly kind: infer K extends Kind } ? K : 'message';

/** The errors of `E` that can be of kind `K`. */
export type OfKind<E, K extends Kind> = E extends unknown ? (K extends KindOf<E> ? E : never) : never;

/** The errors of `E` that can pass while the stream goes on. */
export type PassingError<E> = OfKind<E, 'message' | 'gap'>;

/** The kind of an error at run time. */
export function kindOf(error: unknown): Kind {
  const kind = typeof error === 'object' && error !== null ? (error as { readonly kind?: unknown }).kind : undefined;
  return kind === 'terminal' || kind === 'gap' ? kind : 'message';
}

/** Whether an error ends the stream it passes on. */
export function isTerminalError(error: unknown): boolean {
  return kindOf(error) === 'terminal';
}

/** Whether an error is that of a proxy that was closed after it had been drained: the end that was wanted. */
export function isEndInGoodOrder(error: unknown): boolean {
  if (tagOf(error) !== 'ProxyClosed') return false;
  return (error as { readonly drained?: unknown }).drained === true;
}

/** Whether an element is a `Left` that ends its stream. */
export function isTerminal(element: Either<unknown, unknown>): boolean {
  return element._tag === 'Left' && kindOf(element.left) === 'terminal';
}
