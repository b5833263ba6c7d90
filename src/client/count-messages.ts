import type { Either } from 'fp-ts/lib/Either.js';
import type { MonoTypeOperatorFunction } from 'rxjs';
import type { Encoded } from '../codec/codec.js';
import type { DecodeFailed, ServiceSubscribeError, SubscribeError } from '../errors/errors.js';
import { countedAs } from '../flow/counted.js';

/**
 * Counts the messages of a subscription in the ledger, under its topic or filter. A message that cannot be decoded counts as failed; gaps
 * and refusals are no messages.
 */
export function countMessages<T extends Element>(topicName: string): MonoTypeOperatorFunction<T> {
  return countedAs<T>('subscription', topicName, { sizeOf, fateOf });
}

type Element = Either<SubscribeError | ServiceSubscribeError | DecodeFailed<Encoded>, Encoded>;

function sizeOf(element: Element): number {
  if (element._tag === 'Right') return element.right.payload.length;
  return element.left._tag === 'DecodeFailed' ? element.left.original.payload.length : 0;
}

function fateOf(element: Element): 'emitted' | 'failed' | 'aside' {
  if (element._tag === 'Right') return 'emitted';
  return element.left._tag === 'DecodeFailed' ? 'failed' : 'aside';
}
