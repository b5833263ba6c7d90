import type { Either } from 'fp-ts/lib/Either.js';
import { asyncScheduler, concat, defer, finalize, from, Observable, share, tap, type SchedulerLike } from 'rxjs';
import { checkTime } from '../shared/check-argument.js';
import { waiting } from '../schedule/clock.js';
import type { SubscribeError } from '../errors/errors.js';
import type { ObservableEither } from '../stream/observable-either.js';
import { topicFilterOf } from '../topic/topic-pattern.js';
import type { MqttMessage } from '../ports/mqtt-message.js';
import type { MqttProxy, SubscribeRequest, SubscriptionStatus } from '../ports/mqtt-proxy.js';
import { readWith, type AnySubscribeRequest } from './read-with.js';
import { qosOf } from '../shared/qos.js';

/** How {@link shareSubscriptions} shares. */
export interface ShareSubscriptionsOptions {
  /** Milliseconds that a subscription at the nucleus outlives its last subscriber. Default 0. */
  readonly idle?: number | undefined;
  /**
   * Of how many topics, at most, the latest message of each is kept and given first to those who subscribe later. The topic that
   * was silent longest is forgotten for a new one. Default 0: none.
   */
  readonly replayTopics?: number | undefined;
  readonly scheduler?: SchedulerLike | undefined;
}

/** One subscription at the nucleus, for all who asked for the same. */
interface Shared {
  readonly messages$: ObservableEither<SubscribeError, MqttMessage>;
  readonly statusListeners: Set<(status: SubscriptionStatus) => void>;
  readonly status: () => SubscriptionStatus | undefined;
}

/**
 * The same proxy, on which all who subscribe to the same topic with the same QoS share one subscription at the nucleus. It begins
 * with the first of them and ends `idle` milliseconds after the last; Greengrass Lite has room for 100 on the whole device.
 *
 * Each subscriber reads the messages with a template and a codec of its own. Failures reach all of them. The first subscriber's `silence` holds for all.
 * Memory: the latest message of up to `replayTopics` topics for each shared subscription.
 *
 * @example
 * ```ts
 * import { connect, QOS, shareSubscriptions } from 'greengrass-rx';
 *
 * const proxy = shareSubscriptions(connect(), { idle: 1_000, replayTopics: 100 });
 * const config$ = proxy.subscribe({ topicName: 'config/#', qos: QOS.AT_LEAST_ONCE });
 * const one = config$.subscribe(message => console.log('one', message));
 * const two = config$.subscribe(message => console.log('two', message)); // no second subscription at the nucleus
 * one.unsubscribe();
 * two.unsubscribe();
 * await proxy.close();
 * ```
 */
export function shareSubscriptions(proxy: MqttProxy, options: ShareSubscriptionsOptions = {}): MqttProxy {
  if (options.idle !== undefined) checkTime(options.idle, 'idle');
  const shared = new Map<string, Shared>();
  const subscribe = (request: AnySubscribeRequest): Observable<unknown> => {
    const { onStatus } = request;
    const filtered: SubscribeRequest = { ...request, topicName: topicFilterOf(request.topicName) };
    const messages$ = defer(() => {
      const entry = shared.get(keyOf(filtered)) ?? open(proxy, filtered, options, shared);
      return onStatus === undefined ? entry.messages$ : withStatus(entry, onStatus);
    });
    return messages$.pipe(readWith(request));
  };
  return {
    ready: () => proxy.ready(),
    state$: proxy.state$,
    cloud$: proxy.cloud$,
    // The overloads' results are told apart by the topic and the codec, as in the proxy itself.
    subscribe: subscribe as MqttProxy['subscribe'],
    publish$: request => proxy.publish$(request),
    publish: request => proxy.publish(request),
    drain: deadline => proxy.drain(deadline),
    draining$: proxy.draining$,
    holdDrain: () => proxy.holdDrain(),
    close: () => proxy.close(),
    [Symbol.asyncDispose]: () => proxy.close(),
  };
}

function keyOf({ topicName, qos }: SubscribeRequest): string {
  return `${qosOf(qos)} ${topicName}`;
}

function open(proxy: MqttProxy, request: SubscribeRequest, options: ShareSubscriptionsOptions, all: Map<string, Shared>): Shared {
  const { topicName, qos, silence } = request;
  const { idle = 0, replayTopics = 0, scheduler = asyncScheduler } = options;
  const statusListeners = new Set<(status: SubscriptionStatus) => void>();
  const latest = new Map<string, Either<SubscribeError, MqttMessage>>();
  let status: SubscriptionStatus | undefined;
  let running = 0;
  const messages$ = proxy.subscribe({
    topicName,
    qos,
    silence,
    onStatus: next => {
      status = next;
      for (const listener of [...statusListeners]) listener(next);
    },
  });
  const upstream$ = defer(() => {
    running++;
    return messages$;
  }).pipe(
    tap(message => {
      if (replayTopics > 0 && message._tag === 'Right') keepLatest(latest, message.right.topicName, message, replayTopics);
    }),
    finalize(() => {
      // Whoever subscribes again when it completes does so before it is torn down, and has begun it anew by then.
      if (--running === 0) all.delete(keyOf(request));
    }),
    share({ resetOnRefCountZero: idle === 0 ? true : () => waiting(idle, scheduler) }),
  );
  const entry: Shared = {
    messages$: replayTopics === 0 ? upstream$ : defer(() => concat(from([...latest.values()]), upstream$)),
    statusListeners,
    status: () => status,
  };
  all.set(keyOf(request), entry);
  return entry;
}

/** The order of a Map is that of its insertions: the first is the one that was silent longest. */
function keepLatest<V>(latest: Map<string, V>, topicName: string, message: V, limit: number): void {
  latest.delete(topicName);
  latest.set(topicName, message);
  if (latest.size <= limit) return;
  const [oldest] = latest.keys();
  if (oldest !== undefined) latest.delete(oldest);
}

function withStatus({ messages$, status, statusListeners }: Shared, onStatus: (status: SubscriptionStatus) => void): Shared['messages$'] {
  return new Observable(subscriber => {
    // What one listener throws is the error of its own stream: it must reach neither the others nor the one subscription they share.
    const listener = (next: SubscriptionStatus): void => {
      try {
        onStatus(next);
      } catch (thrown) {
        subscriber.error(thrown);
      }
    };
    const current = status();
    if (current !== undefined) listener(current);
    if (subscriber.closed) return undefined;
    statusListeners.add(listener);
    subscriber.add(messages$.subscribe(subscriber));
    return () => {
      if (statusListeners.delete(listener) && status()?.status !== 'ended') listener({ status: 'ended' });
    };
  });
}
