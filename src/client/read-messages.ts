import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { identity, map, type OperatorFunction } from 'rxjs';
import type { Decoder, Encoded } from '../codec/codec.js';
import { DecodeFailed, type ServiceSubscribeError, type SubscribeError } from '../errors/errors.js';
import { countedAs } from '../flow/counted.js';
import type { PatternSubscribeRequest, SubscribeRequest } from '../ports/mqtt-proxy.js';
import { atOnce } from '../shared/check-argument.js';
import { quoted } from '../topic/topic-rules.js';
import { isTopicPattern, type TopicPattern } from '../topic/topic-template.js';

/** Any request a proxy can be asked to subscribe with: all overloads of `subscribe` in one. */
export type AnySubscribeRequest = (SubscribeRequest | PatternSubscribeRequest<unknown>) & {
  readonly codec?: Decoder<unknown> | undefined;
};

/** A message with what its subscription adds to it. */
export type ReadMessage<M> = M & { readonly params?: unknown; readonly value?: unknown };

/** How the messages of a subscription are read. */
interface Reading {
  readonly topicName: string | TopicPattern<unknown>;
  readonly codec?: Decoder<unknown> | undefined;
}

/**
 * Adds to each message what the request asks for: the `params` of its topic, its decoded `value`. A message for which one of them cannot be
 * made becomes a failure that carries it. Failures pass.
 */
export function readWith<E, M extends Encoded>(
  reading: Reading,
): OperatorFunction<Either<E, M>, Either<E | DecodeFailed<M>, ReadMessage<M>>> {
  return map(reader<E, M>(reading));
}

function reader<E, M extends Encoded>({
  topicName,
  codec,
}: Reading): (message: Either<E, M>) => Either<E | DecodeFailed<M>, ReadMessage<M>> {
  const pattern = isTopicPattern(topicName) ? topicName : undefined;
  if (pattern === undefined && codec === undefined) return identity;
  return message => (message._tag === 'Left' ? message : read(message.right, pattern, codec));
}

function read<M extends Encoded>(
  message: M,
  pattern: TopicPattern<unknown> | undefined,
  codec: Decoder<unknown> | undefined,
): Either<DecodeFailed<M>, ReadMessage<M>> {
  const params = pattern?.match(message.topicName);
  if (pattern !== undefined && params === undefined)
    return left(new DecodeFailed(message.topicName, message, [`topicName: expected ${pattern.filter}, got ${quoted(message.topicName)}`]));
  // Not `{ ...message, value }`: V8 takes fifteen times as long for that. The member is set once more in case a nucleus one day sends
  // members of these names.
  if (codec === undefined) {
    const withParams = Object.assign({ params }, message);
    withParams.params = params;
    return right(withParams);
  }
  const decoded = atOnce(codec.decode(message), 'codec.decode');
  if (decoded._tag === 'Left') {
    const { problems, cause } = decoded.left;
    return left(new DecodeFailed(message.topicName, message, problems, cause));
  }
  const value = decoded.right;
  const withValue: ReadMessage<M> & { value: unknown } = Object.assign({ value }, message);
  withValue.value = value;
  return right(pattern === undefined ? withValue : Object.assign(withValue, { params }));
}

/**
 * {@link readWith} that also counts the messages of a subscription in the ledger, under its topic or filter. A message that cannot be
 * decoded counts as failed; gaps and refusals are not counted.
 */
export function readAndCount<E extends SubscribeError | ServiceSubscribeError | DecodeFailed<Encoded>, M extends Encoded>(
  reading: Reading,
  filter: string,
): OperatorFunction<Either<E, M>, Either<E | DecodeFailed<M>, ReadMessage<M>>> {
  return countedAs('subscription', filter, { sizeOf, fateOf }, reader<E, M>(reading));
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
