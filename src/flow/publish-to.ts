import type { Either } from 'fp-ts/lib/Either.js';
import { asyncScheduler, firstValueFrom, type Observable, type SchedulerLike } from 'rxjs';
import type { Decoder } from '../codec/codec.js';
import { ConnectionLost, type Operation, type Overflowed, type PublishError, TooManyPublishes } from '../errors/errors.js';
import type { Accepted, Capabilities, ConnectionState, PublishRequest } from '../ports/mqtt-proxy.js';
import type { Schedule } from '../schedule/schedule.js';
import { checkBound, checkPositiveTime } from '../shared/check-argument.js';
import { PUBLISH } from '../shared/operations.js';
import { feedsFallback } from '../stream/feed.js';
import { orThrow } from '../stream/run-to-end.js';
import { declaredFilters, type DeclaredTopic, marksOf, onlyDeclared } from './declaration.js';
import { Deadlines } from '../schedule/clock.js';
import { isFullQueue, Offline, PublishJob, type Publishes, type Publishing, submitTo } from './publish-job.js';
import { type AcceptedBy, publishFailure, type PublishFailure, type Published } from './publish-outcome.js';
import { PublishPace } from './publish-pace.js';
import { stage, type Stage, type StageOptions } from './stage.js';

/** How {@link publishTo} publishes. */
export interface PublishToOptions<A> extends StageOptions<A> {
  /**
   * Publishes in flight at once, including those that wait for a retry. Default: what the connected nucleus can take
   * (`Capabilities.inFlight`), and 8 before that is known. `1` keeps the order of the messages.
   */
  readonly inFlight?: number | undefined;
  /** When to try again after an error for which `retryWhile` holds. Default: only what {@link publishTo} says. */
  readonly retry?: Schedule | undefined;
  /** Which errors `retry` is for. Default: those that are `retryable`, among them timeouts, so that a message may be sent twice. */
  readonly retryWhile?: ((error: PublishError) => boolean) | undefined;
  /**
   * Milliseconds that one try may take, if that is to be less than the proxy allows (`publishTimeout`, 10 000). Default: no limit of its
   * own. When a try is given up here, it is not known whether it was sent, so its outcome is `unknown`; when the proxy gives up, it knows.
   */
  readonly timeout?: number | undefined;
  /**
   * Where it publishes: topic names, filters such as `alarms/+` if the topic depends on the value, topic templates. A dry run derives the
   * recipe's policies from it. A message for any other topic is not sent: it becomes a `PublishFailure` that is an `InvalidRequest`.
   * Default: any topic, and no dry run can tell which.
   */
  readonly topics?: readonly DeclaredTopic[] | undefined;
  /**
   * What can decode the payloads that it publishes: the codec they are encoded with, or the `format` of `encodeBatches` (`gzipped(format)`
   * if that compresses). A dry run derives schema and tables of the cloud side from it, and checks real payloads against it. It does not
   * change what is sent. Default: no dry run can tell.
   */
  readonly payload?: Decoder<unknown> | undefined;
  /**
   * Whether outcomes come in the order of the values. Default `false`: as they are known. To note for the next process how far this one
   * came, take the value before the first `Left`, not that of the last `Right`: values behind one that failed may have been accepted.
   */
  readonly ordered?: boolean | undefined;
  /** Random numbers for the schedule's jitter, from 0 up to but not including 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** The clock. Default `asyncScheduler`, which is virtual inside `TestScheduler.run`. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** What a stage has to know about a port besides how it publishes. Without it, a port counts as an MQTT proxy. */
export interface PortRules<in out R> {
  /** The operation that it calls at the nucleus, for errors. */
  readonly operation: Operation;
  /** Where a request goes, for the topics a stage declares. */
  readonly topicOf: (request: R) => string;
  /** The topics of a stage that declares none, if all requests of this port go to the same ones. */
  readonly topics?: readonly string[] | undefined;
  /** What it subscribes to for the answers, once something is published: for the recipe's policies. */
  readonly subscribes?: readonly string[] | undefined;
  /** How many publishes this nucleus accepts at once. */
  readonly inFlightOf: (capabilities: Capabilities) => number;
  /** The request that publishes an answer of `respond`. */
  readonly requestOf: (answer: { readonly topicName: string; readonly payload: Uint8Array | string }) => R;
}

/**
 * What {@link publishTo} needs of a port of the nucleus: an MQTT proxy, local topics, or one of your own. `R` is what it publishes, `Acc`
 * what it says about what was taken.
 */
export interface PublishPort<R = PublishRequest, Acc = Accepted> extends Publishes<R, Acc> {
  readonly state$: Observable<ConnectionState>;
  /** If the port has it, `drain` waits for the stage. */
  readonly holdDrain?: (() => () => void) | undefined;
  /** Left out: those of an MQTT proxy. */
  readonly rules?: PortRules<R> | undefined;
  /** The request, with what the port wants to know of the value it was made of; see `traced`. Left out: nothing. */
  readonly causedBy?: ((request: R, value: unknown) => R) | undefined;
}

/** The type of {@link publishTo}. Where it is piped, the source says what `A` is: `request` may take more than that. */
export interface PublishTo {
  <A>(
    proxy: PublishPort,
    request: (value: NoInfer<A>) => PublishRequest,
    options?: PublishToOptions<NoInfer<A>>,
  ): Stage<A, Either<PublishFailure<A> | Overflowed, Published<A>>>;
  <A>(
    proxy: PublishPort,
    request: (value: A) => PublishRequest,
    options?: PublishToOptions<NoInfer<A>>,
  ): Stage<A, Either<PublishFailure<A> | Overflowed, Published<A>>>;
  <A, R, Acc extends AcceptedBy>(
    port: PublishPort<R, Acc>,
    request: (value: NoInfer<A>) => NoInfer<R>,
    options?: PublishToOptions<NoInfer<A>>,
  ): Stage<A, Either<PublishFailure<A> | Overflowed, Published<A, Acc>>>;
  <A, R, Acc extends AcceptedBy>(
    port: PublishPort<R, Acc>,
    request: (value: A) => NoInfer<R>,
    options?: PublishToOptions<NoInfer<A>>,
  ): Stage<A, Either<PublishFailure<A> | Overflowed, Published<A, Acc>>>;
}

/** The topic name of a request of an MQTT proxy, or of a port that has no rules of its own. */
function topicNameOf(request: unknown): string {
  return typeof request === 'object' && request !== null && 'topicName' in request ? String(request.topicName) : '';
}

/** Every nucleus accepts so many: Lite keeps 10 unacknowledged publishes and refuses the rest. */
const IN_FLIGHT_UNTIL_KNOWN = 8;

/** Greengrass Lite refuses a publish while its queue is full, and has room again as soon as the broker has answered. */
const FULL_QUEUE: Schedule = {
  delay: ({ attempt }) => (attempt > 20 ? undefined : Math.min(2_000, 50 * 2 ** attempt)),
  resetAfter: undefined,
};
function isPassingRefusal(error: PublishError): boolean {
  return isFullQueue(error) || (error.retryable && error._tag === 'Unauthorized');
}

function refuse<A>(value: A, cause: PublishError | Overflowed, waiting: number): PublishFailure<A> {
  const error =
    cause._tag === 'Overflowed' ? new TooManyPublishes('message', waiting, cause.bounds[0]) : new ConnectionLost('message', false, cause);
  return publishFailure(error, value, 0, 'refused');
}

/**
 * Publishes a message for every value, a few at a time, and emits what became of each. Through any port of the nucleus: the MQTT proxy, or
 * `nucleus.local`, whose requests and `Published.by` are its own.
 *
 * Emits one outcome for every value it works on. `Right(Published)` says which part of the nucleus took the message, not that the cloud has
 * it. `Left(PublishFailure)` is the error itself, with the `value`, how often it was tried, and whether the message was `refused` or its
 * fate is `unknown`. Values that find the buffer full are dropped by its policy; one `Left(Overflowed)` in front of the next outcome stands
 * for all of them. After a `Left` of kind `message` or `gap` the stage goes on.
 *
 * Completes when the source has and every value has its outcome; and after a terminal `Left` (the token was refused, the proxy was closed,
 * the environment is missing, the policy is `fail` and the buffer full), which is the last value. Before it, everything inside gets its
 * outcome: what was sent and has no answer is `unknown`, what waits is `refused`. Values are discarded only by unsubscribing. An error of
 * the source, or one thrown by `request`, is a defect and goes to the error channel at once. If `request` throws an error of this library,
 * such as that of `template.build`, the value becomes a `PublishFailure`: an `InvalidRequest` of 0 `attempts`, with it as `cause`.
 *
 * A failed publish is tried again here, by `retry`, so the source is never resubscribed for it. Without `retry`, only passing refusals of
 * Greengrass Lite are tried again: those of a full queue (it keeps 10 unacknowledged publishes), and an `Unauthorized` that is `retryable`.
 * Nothing was sent then, so nothing is sent twice. The first time the queue is full, the stage begins to look for the rate that Lite
 * accepts, and holds further publishes up accordingly; see docs/backpressure.md. With `retry`, everything `retryable` is tried again: at
 * least once, and duplicates are possible after a timeout.
 *
 * In front of a `fallbackTo` every value has an outcome of its own. One that finds the buffer full is a `Left(PublishFailure)`: a
 * `TooManyPublishes` of 0 `attempts`. And without a `retry`, the device counts as offline after two seconds of nothing but such refusals:
 * from then on, until a publish is accepted, values are not tried again after a refusal.
 *
 * `drain()` of the port waits for the stage, from its subscription to its end: end its source when draining begins, as subscriptions do by
 * themselves and others with `takeUntil(proxy.draining$)`, and what is inside is published.
 *
 * Memory: `buffer.messages` (1 000) waiting values, and `inFlight` more. Unless `buffer.bytes` bounds them, the bytes of those that wait
 * count against the 16 MiB that all stages share.
 *
 * @param request makes the message of a value. Called once, when the value's turn has come, however many tries there are.
 *
 * @example
 * ```ts
 * import { connect, publishTo, QOS, runToEnd } from 'greengrass-rx';
 * import { interval, map, take } from 'rxjs';
 *
 * const proxy = connect();
 * const outcomes$ = interval(10).pipe(
 *   take(3),
 *   map(n => ({ n, celsius: 20 + n })),
 *   publishTo(proxy, reading => ({ topicName: 'readings/room', payload: JSON.stringify(reading), qos: QOS.AT_LEAST_ONCE }), {
 *     inFlight: 8,
 *     buffer: { messages: 500, onFull: 'dropOldest' },
 *   }),
 * );
 * await runToEnd(outcomes$, { onLeft: failure => console.error(failure.message) });
 * await proxy.close();
 * ```
 *
 * @function
 */
export const publishTo: PublishTo = <A, R, Acc extends AcceptedBy>(
  port: PublishPort<R, Acc>,
  request: (value: A) => R,
  options: PublishToOptions<A> = {},
): Stage<A, Either<PublishFailure<A> | Overflowed, Published<A, Acc>>> => {
  const { inFlight, timeout = Infinity, ordered = false, retry, retryWhile, random = Math.random, scheduler = asyncScheduler } = options;
  checkPositiveTime(timeout, 'timeout');
  if (inFlight !== undefined) checkBound(inFlight, 'inFlight');
  const topics = options.topics === undefined ? port.rules?.topics : declaredFilters(options.topics);
  const { operation = PUBLISH, topicOf = topicNameOf, inFlightOf = ({ inFlight }: Capabilities) => inFlight } = port.rules ?? {};
  const problemOf = topics === undefined ? undefined : onlyDeclared(topics, options.name ?? 'publishTo', operation);
  return stage('publishTo', options, () => {
    const deadlines = timeout === Infinity ? undefined : new Deadlines(timeout, scheduler);
    let giveUpWaiting = (): void => undefined;
    const offline = retry === undefined && feedsFallback() ? new Offline(scheduler, () => giveUpWaiting()) : undefined;
    const publishing: Publishing<A, R, Acc> = {
      submit: submitTo(port),
      operation,
      undeclared: problemOf === undefined ? undefined : made => problemOf(topicOf(made)),
      request,
      causedBy: port.causedBy,
      timeout,
      deadlines,
      retry: retry ?? FULL_QUEUE,
      retryWhile: retryWhile ?? (retry === undefined ? isPassingRefusal : error => error.retryable),
      random,
      scheduler,
      offline,
      pace: undefined,
      failedFor: undefined,
    };
    return {
      inFlight: inFlight ?? IN_FLIGHT_UNTIL_KNOWN,
      ordered,
      declaration: {
        inFlight,
        topics,
        subscribes: port.rules?.subscribes,
        payload: options.payload,
        marks: marksOf(request),
        operation: port.rules?.operation,
      },
      job: (owner, bytes, value) => new PublishJob(owner, bytes, value, publishing),
      ending: { refuse: (value, cause, waiting) => refuse(value, publishing.failedFor ?? cause, waiting), scheduler },
      begin: (resize, giveUp) => {
        giveUpWaiting = giveUp;
        const releaseDrain = port.holdDrain?.();
        let wanted = inFlight ?? IN_FLIGHT_UNTIL_KNOWN;
        let most = Infinity;
        const fit = (): void => resize(Math.min(wanted, most));
        const state = port.state$.subscribe({
          next: state => {
            if (state.status !== 'connected') return;
            if (state.capabilities.profile === 'lite' && operation === PUBLISH)
              publishing.pace ??= new PublishPace(scheduler, atMost => {
                most = atMost;
                fit();
              });
            if (inFlight !== undefined) return;
            wanted = inFlightOf(state.capabilities);
            fit();
          },
          error: () => undefined,
        });
        return () => {
          state.unsubscribe();
          deadlines?.stop();
          offline?.accepted();
          publishing.pace?.stop();
          releaseDrain?.();
        };
      },
    };
  });
};

/**
 * Publishes once, and gives a promise as the SDK does: it resolves with what accepted the message, and rejects with the typed error, for
 * `try` and `catch`. Through any port: an MQTT proxy, `nucleus.local`, the `reported` of a shadow. `proxy.publish(request)()` resolves with
 * an Either instead, and never rejects.
 *
 * For single messages: of a stream, {@link publishTo} publishes as many at once as the nucleus takes, and retries. Not for virtual time,
 * which waits for no promise.
 *
 * @throws PublishError, as the rejection: `error._tag`, `error.retryable` and `error.message` say what to do.
 *
 * @example
 * ```ts
 * import { connect, isFailure, publishOrThrow, QOS } from 'greengrass-rx';
 *
 * const proxy = connect();
 * try {
 *   const { by } = await publishOrThrow(proxy, { topicName: 'hello', payload: 'world', qos: QOS.AT_LEAST_ONCE });
 *   console.log(by); // spooler
 * } catch (error) {
 *   if (isFailure(error)) console.error(error._tag, error.message);
 *   else throw error;
 * }
 * await proxy.close();
 * ```
 */
export async function publishOrThrow<R, Acc extends AcceptedBy>(
  port: Pick<PublishPort<R, Acc>, 'publish$'>,
  request: NoInfer<R>,
): Promise<Acc> {
  return firstValueFrom(port.publish$(request).pipe(orThrow()));
}
