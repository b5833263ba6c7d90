import { isDeepStrictEqual } from 'node:util';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { Observable, type SchedulerLike } from 'rxjs';
import { DecodeFailed, type PublishError, ServiceFault, type SubscribeError, TimedOut } from '../errors/errors.js';
import type { MqttMessage, MqttProxy, SubscriptionStatus } from '../ports/mqtt-proxy.js';
import { schedulerClock } from '../schedule/clock.js';
import { capped, exponential, startSeries } from '../schedule/schedule.js';
import { PUBLISH } from '../shared/operations.js';
import { QOS } from '../shared/qos.js';
import { readAnswer, readDelta, readDocuments, readRejection, type ShadowDocument, type ShadowRejection } from './shadow-state.js';

/** What happens on the topics of a shadow. */
export type ChannelEvent =
  /** All of them are subscribed: for the first time, or again. What happened before may have been missed. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'message'; readonly message: MqttMessage }
  | { readonly kind: 'failed'; readonly error: SubscribeError };

/**
 * Several topics as one subscription: ready when all are subscribed, and a gap in several is reported once. Completes when the first of
 * them does.
 */
export function shadowChannel(proxy: MqttProxy, topics: readonly string[]): Observable<ChannelEvent> {
  return new Observable(subscriber => {
    const active = new Set<string>();
    let isGap = false;
    const follow = (topicName: string, { status }: SubscriptionStatus): void => {
      if (status !== 'active') active.delete(topicName);
      else if (active.add(topicName).size === topics.length) {
        isGap = false;
        subscriber.next({ kind: 'ready' });
      }
    };
    for (const topicName of topics) {
      if (subscriber.closed) return;
      const messages$ = proxy.subscribe({ topicName, qos: QOS.AT_LEAST_ONCE, onStatus: status => follow(topicName, status) });
      subscriber.add(
        messages$.subscribe({
          next: element => {
            if (element._tag === 'Right') subscriber.next({ kind: 'message', message: element.right });
            else if (element.left.kind !== 'gap' || !isGap) {
              isGap = element.left.kind === 'gap';
              subscriber.next({ kind: 'failed', error: element.left });
            }
          },
          error: (defect: unknown) => subscriber.error(defect),
          complete: () => subscriber.complete(),
        }),
      );
    }
  });
}

/** A part of a shadow, and of which version of it. */
export interface ShadowState<A> {
  readonly value: A;
  /** Grows with each update of the shadow; 0: there is no shadow. */
  readonly version: number;
}

/** The failures of a shadow's streams. */
export type ShadowError = SubscribeError | PublishError | DecodeFailed<MqttMessage>;

/** The topics of one shadow. Source: AWS IoT Core developer guide, "Device Shadow MQTT topics". */
interface ShadowTopics {
  readonly get: string;
  readonly update: string;
  readonly delete: string;
}

export function shadowTopics(thingName: string, name: string | undefined): ShadowTopics {
  const prefix = `$aws/things/${thingName}/shadow${name === undefined ? '' : `/name/${name}`}`;
  return { get: `${prefix}/get`, update: `${prefix}/update`, delete: `${prefix}/delete` };
}

/** What a stream shows of a shadow. */
export interface Shown<A> {
  readonly on: 'documents' | 'delta';
  readonly of: (document: ShadowDocument) => unknown;
  readonly decode: (value: unknown) => Either<{ readonly problems: readonly string[]; readonly cause?: unknown }, A>;
  /** Whether it is also emitted that there is no value. */
  readonly tellsNone: boolean;
}

/** What is needed to ask a shadow. */
export interface ShadowContext {
  readonly proxy: MqttProxy;
  readonly topics: ShadowTopics;
  readonly timeout: number;
  readonly scheduler: SchedulerLike;
}

/** The wait after a `get` that failed: twice as long each time. One that waits in the nucleus is answered once the device is online. */
const ASK_AGAIN = capped(60_000)(exponential(2_000));

/** Nothing has been shown yet. */
const NOTHING: unique symbol = Symbol('nothing');

/** The refusal of a shadow service as an error of ours. */
export function shadowRefusal(topicName: string, { code, message }: ShadowRejection): ServiceFault<'message'> {
  const passes = code === 429 || code >= 500;
  const conflicts = code === 409;
  return new ServiceFault('message', {
    operation: PUBLISH,
    topicName,
    reason: conflicts ? 'ShadowConflict' : 'ShadowRejected',
    retryable: passes,
    remedy: conflicts
      ? 'The shadow has another version by now: read it, and decide again.'
      : passes
        ? 'The same may succeed later.'
        : 'The same would be refused again.',
    serverCode: `${code}`,
    serverText: message,
    server: 'The shadow service',
  });
}

/**
 * One stream of a shadow: its present value, which is asked for once the subscriptions are active, after each gap and where the shadow was
 * deleted, and each value that follows.
 */
export function shadowView<A>(
  { proxy, topics, timeout, scheduler }: ShadowContext,
  shown: Shown<A>,
): Observable<Either<ShadowError, ShadowState<A | undefined>>> {
  const accepted = `${topics.get}/accepted`;
  const rejected = `${topics.get}/rejected`;
  const deleted = `${topics.delete}/accepted`;
  const changes = `${topics.update}/${shown.on}`;
  return new Observable(subscriber => {
    const clock = schedulerClock(scheduler);
    const waits = startSeries(ASK_AGAIN, { now: clock.now });
    let version = -1;
    let last: unknown = NOTHING;
    /** The `get` that has no answer yet: its token, and the version that was known when it was sent. */
    let asked: { readonly token: string; readonly known: number } | undefined;
    let told = false;
    let cancel = (): void => undefined;

    const settle = (document: ShadowDocument, message: MqttMessage): void => {
      const isAnswer = asked !== undefined && document.clientToken === asked.token && message.topicName === accepted;
      // The answer to a later question has a lower version: the shadow was deleted, and has been made anew.
      const isAnew = isAnswer && asked !== undefined && document.version < asked.known;
      if (isAnswer) answered();
      if (document.version <= version && !isAnew) return;
      // Each update is one version, and tells a delta while there is one: with a version left out, nothing differed meanwhile.
      if (shown.on === 'delta' && document.version !== version + 1) last = NOTHING;
      version = document.version;
      show(shown.of(document), message);
    };
    const show = (value: unknown, message: MqttMessage): void => {
      if (last !== NOTHING && isDeepStrictEqual(value, last)) return;
      last = value;
      if (value === undefined) {
        if (shown.tellsNone) subscriber.next(right({ value, version }));
        return;
      }
      const decoded = shown.decode(value);
      subscriber.next(
        decoded._tag === 'Right'
          ? right({ value: decoded.right, version })
          : left(new DecodeFailed(message.topicName, message, decoded.left.problems, decoded.left.cause)),
      );
    };
    const answered = (): void => {
      asked = undefined;
      told = false;
      waits.succeeded();
      cancel();
    };
    /** Reports a failure once, until there is an answer. */
    const failed = (error: PublishError): void => {
      // A failure that ends the connection also ends the subscriptions, which then report it.
      if (error.kind === 'message' && !told) subscriber.next(left(error));
      told = true;
      cancel();
      const delay = error.retryable ? waits.next() : undefined;
      if (delay !== undefined) cancel = clock.after(delay, ask);
    };
    const ask = (): void => {
      const token = crypto.randomUUID();
      asked = { token, known: version };
      cancel();
      cancel = clock.after(timeout, () => failed(new TimedOut('message', PUBLISH, timeout, true)));
      const request = { topicName: topics.get, payload: JSON.stringify({ clientToken: token }), qos: QOS.AT_LEAST_ONCE };
      subscriber.add(
        proxy.publish$(request).subscribe({
          next: outcome => {
            if (outcome._tag === 'Left' && asked?.token === token) failed(outcome.left);
          },
          error: (defect: unknown) => subscriber.error(defect),
        }),
      );
    };
    const refused = (rejection: ShadowRejection, message: MqttMessage): void => {
      if (asked === undefined || rejection.clientToken !== asked.token) return;
      if (rejection.code !== 404) {
        asked = undefined;
        failed(shadowRefusal(topics.get, rejection));
        return;
      }
      answered();
      version = 0;
      show(undefined, message);
    };
    const take = (message: MqttMessage): void => {
      if (message.topicName === rejected) {
        const rejection = readRejection(message);
        if (rejection._tag === 'Right') refused(rejection.right, message);
        else subscriber.next(rejection);
        return;
      }
      if (message.topicName === deleted) {
        // There may be another one by now, and its versions begin at 1 where the deletion was long ago.
        ask();
        return;
      }
      const read = message.topicName === accepted ? readAnswer : shown.on === 'delta' ? readDelta : readDocuments;
      const document = read(message);
      if (document._tag === 'Right') settle(document.right, message);
      else subscriber.next(document);
    };
    subscriber.add(() => cancel());
    subscriber.add(
      shadowChannel(proxy, [accepted, rejected, deleted, changes]).subscribe({
        next: event => {
          if (event.kind === 'ready') ask();
          else if (event.kind === 'message') take(event.message);
          else {
            // The answer may have come meanwhile: it is asked again when the subscriptions are active again.
            asked = undefined;
            cancel();
            subscriber.next(left(event.error));
          }
        },
        error: (defect: unknown) => subscriber.error(defect),
        complete: () => subscriber.complete(),
      }),
    );
  });
}
