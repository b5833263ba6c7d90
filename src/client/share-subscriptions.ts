import type { Either } from 'fp-ts/lib/Either.js';
import { asyncScheduler, concat, defer, finalize, from, Observable, type SchedulerLike, tap } from 'rxjs';
import type { SubscribeError } from '../errors/errors.js';
import type { Decoder } from '../codec/codec.js';
import { noteShared } from '../flow/ledger.js';
import type { MqttMessage, MqttProxy, SubscribeRequest, SubscriptionStatus } from '../ports/mqtt-proxy.js';
import { checkTime } from '../shared/check-argument.js';
import { qosOf } from '../shared/qos.js';
import { hook } from '../stream/hook.js';
import type { ObservableEither } from '../stream/observable-either.js';
import { shareLingering } from '../stream/work-on.js';
import { topicFilterOf } from '../topic/topic-template.js';
import type { LocalMessage } from './local-message.js';
import type { LocalSubscribeRequest } from './local-request.js';
import { type AnyLocalSubscribeRequest, defaultMode, type LocalSubscribeError, type LocalTopics } from './local-topics.js';
import { type AnySubscribeRequest, readWith } from './read-messages.js';

/** How {@link shareSubscriptions} shares. */
export interface ShareSubscriptionsOptions {
  /** Milliseconds for which a subscription at the nucleus outlives its last subscriber. Default 0. */
  readonly idle?: number | undefined;
  /**
   * For how many topics the latest message is kept, to be given first to those who subscribe later. For a new topic, the one that has been
   * silent longest is forgotten. Default 0: none.
   */
  readonly replayTopics?: number | undefined;
  readonly scheduler?: SchedulerLike | undefined;
}

/** One subscription at the nucleus, for all who asked for the same. */
interface Shared<E, M> {
  readonly messages$: ObservableEither<E, M>;
  readonly statusListeners: Set<StatusListener>;
  readonly status: () => SubscriptionStatus | undefined;
}

type StatusListener = (status: SubscriptionStatus) => void;

/** Any request of a port, as far as sharing reads it. */
interface ReadRequest {
  readonly onStatus?: StatusListener | undefined;
}

/** What has to be known about a port to share its subscriptions. `R` is its request, with a filter as its topic. */
interface Sharing<R, E, M> {
  /** Requests with the same key share a subscription. */
  readonly keyOf: (request: R) => string;
  readonly subscribe: (request: R, onStatus: StatusListener) => ObservableEither<E, M>;
}

/**
 * The same proxy, or the same local topics, on which all who subscribe to the same topic in the same way (with the same QoS; on local
 * topics with the same `receiveMode`) share one subscription at the nucleus. It begins with the first of them and ends `idle` milliseconds
 * after the last; Greengrass Lite has room for 100 on the whole device.
 *
 * Each subscriber reads the messages with a template and a codec of its own. Failures reach all of them. The first subscriber's `silence`
 * holds for all.
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
export function shareSubscriptions(proxy: MqttProxy, options?: ShareSubscriptionsOptions): MqttProxy;
export function shareSubscriptions(local: LocalTopics, options?: ShareSubscriptionsOptions): LocalTopics;
export function shareSubscriptions(port: MqttProxy | LocalTopics, options: ShareSubscriptionsOptions = {}): MqttProxy | LocalTopics {
  if (options.idle !== undefined) checkTime(options.idle, 'idle');
  return 'ready' in port ? sharedProxy(port, options) : sharedLocalTopics(port, options);
}

function sharedProxy(proxy: MqttProxy, options: ShareSubscriptionsOptions): MqttProxy {
  const shared = sharing<SubscribeRequest, SubscribeError, MqttMessage>(
    {
      keyOf: ({ topicName, qos }) => `${qosOf(qos)} ${topicName}`,
      subscribe: ({ topicName, qos, silence }, onStatus) => proxy.subscribe({ topicName, qos, silence, onStatus }),
    },
    options,
  );
  const subscribe = (request: AnySubscribeRequest): Observable<unknown> => {
    const topicName = topicFilterOf(request.topicName);
    return noted(false, topicName, request.codec, shared(request, { ...request, topicName }).pipe(readWith(request)));
  };
  // The overloads' results are told apart by the topic and the codec, as in the proxy itself.
  return portWith(proxy, { subscribe: subscribe as MqttProxy['subscribe'] });
}

function sharedLocalTopics(local: LocalTopics, options: ShareSubscriptionsOptions): LocalTopics {
  const shared = sharing<LocalSubscribeRequest, LocalSubscribeError, LocalMessage>(
    {
      keyOf: ({ topic, receiveMode = defaultMode(topic) }) => `${receiveMode} ${topic}`,
      subscribe: ({ topic, receiveMode, silence }, onStatus) => local.subscribe({ topic, receiveMode, silence, onStatus }),
    },
    options,
  );
  const subscribe = ({ codec, ...request }: AnyLocalSubscribeRequest): Observable<unknown> => {
    const topic = topicFilterOf(request.topic);
    return noted(true, topic, codec, shared(request, { ...request, topic }).pipe(readWith({ topicName: request.topic, codec })));
  };
  // As above.
  return portWith(local, { subscribe: subscribe as LocalTopics['subscribe'] });
}

/** Each subscriber decodes for itself, and the nucleus is asked without a codec: a dry run hears of it here. */
function noted<A>(isLocal: boolean, filter: string, codec: Decoder<unknown> | undefined, messages$: Observable<A>): Observable<A> {
  if (codec === undefined) return messages$;
  return defer(() => {
    noteShared({ isLocal, filter, codec });
    return messages$;
  });
}

/**
 * The same port with some members replaced. A port may be a plain object or an instance of a class, whose methods are inherited and have to
 * be called on it.
 */
export function portWith<P extends object>(port: P, members: Partial<P>): P {
  const made = new Map<string | symbol, unknown>();
  for (
    let owner: object | null = port;
    owner !== null && owner !== Object.prototype;
    owner = Object.getPrototypeOf(owner) as object | null
  ) {
    for (const key of Reflect.ownKeys(owner)) {
      if (key === 'constructor' || made.has(key)) continue;
      const member: unknown = Reflect.get(port, key);
      made.set(key, typeof member === 'function' ? member.bind(port) : member);
    }
  }
  return { ...Object.fromEntries(made), ...members } as P;
}

function sharing<R, E, M extends OnTopic>(
  port: Sharing<R, E, M>,
  options: ShareSubscriptionsOptions,
): (request: ReadRequest, filtered: R) => ObservableEither<E, M> {
  const all = new Map<string, Shared<E, M>>();
  return ({ onStatus }, filtered) =>
    defer(() => {
      const entry = all.get(port.keyOf(filtered)) ?? open(port, filtered, options, all);
      return onStatus === undefined ? entry.messages$ : withStatus(entry, onStatus);
    });
}

interface OnTopic {
  readonly topicName: string;
}

function open<R, E, M extends OnTopic>(
  port: Sharing<R, E, M>,
  request: R,
  options: ShareSubscriptionsOptions,
  all: Map<string, Shared<E, M>>,
): Shared<E, M> {
  const { idle = 0, replayTopics = 0, scheduler = asyncScheduler } = options;
  const statusListeners = new Set<StatusListener>();
  const latest = new Map<string, Either<E, M>>();
  const key = port.keyOf(request);
  let status: SubscriptionStatus | undefined;
  let running = 0;
  const messages$ = port.subscribe(request, next => {
    status = next;
    for (const listener of [...statusListeners]) listener(next);
  });
  const upstream$ = defer(() => {
    running++;
    return messages$;
  }).pipe(
    tap(message => {
      if (replayTopics > 0 && message._tag === 'Right') keepLatest(latest, message.right.topicName, message, replayTopics);
    }),
    finalize(() => {
      // Whoever subscribes again at its completion does so before it is torn down, and has started it again by then.
      if (--running === 0) all.delete(key);
    }),
    shareLingering(idle, scheduler),
  );
  const entry: Shared<E, M> = {
    messages$: replayTopics === 0 ? upstream$ : defer(() => concat(from([...latest.values()]), upstream$)),
    statusListeners,
    status: () => status,
  };
  all.set(key, entry);
  return entry;
}

/** A Map keeps the order of insertion: the first is the one that has been silent longest. */
function keepLatest<V>(latest: Map<string, V>, topicName: string, message: V, limit: number): void {
  latest.delete(topicName);
  latest.set(topicName, message);
  if (latest.size <= limit) return;
  const [oldest] = latest.keys();
  if (oldest !== undefined) latest.delete(oldest);
}

function withStatus<E, M>({ messages$, status, statusListeners }: Shared<E, M>, onStatus: StatusListener): ObservableEither<E, M> {
  const tell = hook('onStatus', onStatus);
  return new Observable(subscriber => {
    // What one listener throws is an error of its own stream. It must reach neither the others nor the subscription they share.
    const listener = (next: SubscriptionStatus): void => {
      try {
        tell(next);
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
