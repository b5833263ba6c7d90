import { left, right, type Either } from 'fp-ts/lib/Either.js';
import {
  asyncScheduler,
  filter,
  firstValueFrom,
  map,
  Observable,
  Subscription as RxSubscription,
  takeUntil,
  type Subscriber,
  type Unsubscribable,
} from 'rxjs';
import type { Decoder } from '../codec/codec.js';
import { type DecodeFailed, ProxyClosed, type ConnectError, type PublishError, type SubscribeError } from '../errors/errors.js';
import { crtTransport } from '../ipc/crt/crt-transport.js';
import { socketTransport } from '../ipc/socket/socket-transport.js';
import type { Transport, TransportName } from '../ipc/transport.js';
import { QOS } from '../shared/qos.js';
import { capped, equalJitter, exponential, fixed, fullJitter, resetAfter } from '../schedule/index.js';
import type { ObservableEither } from '../stream/observable-either.js';
import { reportUnhandled } from '../stream/unhandled.js';
import { topicFilterOf } from '../topic/topic-pattern.js';
import { resolveOptions, type ConnectOptions, type DefaultSchedules, type ResolvedOptions } from './connect-options.js';
import { Connection } from './connection.js';
import { offerDirect, type PublishListener } from '../flow/publish-job.js';
import { Drain } from './drain.js';
import { cloudStatus } from './cloud-status.js';
import { countMessages } from './count-messages.js';
import { encodePublish } from './encode-publish.js';
import { messageStream } from './message-stream.js';
import type { MqttMessage, PublishRequest } from './mqtt-message.js';
import type {
  Accepted,
  Capabilities,
  CloudStatus,
  ConnectionState,
  DrainReport,
  MqttProxy,
  PatternSubscribeRequest,
  RunnableTask,
  RunnableTaskEither,
  SubscribeRequest,
} from './mqtt-proxy.js';
import { PassingRefusals } from './passing-refusals.js';
import { Publisher } from './publisher.js';
import { readWith, type AnySubscribeRequest } from './read-with.js';
import { publishProblem, subscribeProblem } from './request-problem.js';
import { checkTime } from '../shared/check-argument.js';
import { schedulerClock } from '../schedule/scheduler-clock.js';
import { Subscription, type SubscriptionContext } from './subscription.js';
import { unsent } from './unsent.js';

const TRANSPORTS: Record<TransportName, Transport> = { socket: socketTransport, crt: crtTransport };

/**
 * Reconnecting: full jitter, so that the components of a device do not all come back in the same moment; what has lived for five seconds is no
 * part of what breaks next.
 *
 * Subscribing again: a subscription that is dead while the connection lives has nothing to spare anybody by waiting longer and longer, only
 * its outage to lengthen.
 */
const SCHEDULES: DefaultSchedules = {
  reconnect: resetAfter(5_000)(fullJitter(capped(30_000)(exponential(100)))),
  resubscribe: equalJitter(fixed(2_000)),
};

/**
 * The MQTT proxy of the nucleus, over its real IPC socket. Pure and lazy: nothing is read from the socket or written to it
 * before the first `subscribe`, `publish` or `ready` runs, and every failure, a missing environment variable too, arrives
 * there as a `Left`.
 *
 * A connection that breaks is made anew by the `reconnect` schedule, its subscriptions first; see {@link MqttProxy}.
 *
 * @throws RangeError, TypeError for options out of range, which are mistakes of the program, and for a `GREENGRASS_RX_TRANSPORT` that is no
 *   transport: a typing error there should be seen at once, not at the first message.
 *
 * @example
 * ```ts
 * import { connect, QOS } from 'greengrass-rx';
 *
 * const proxy = connect();
 * console.log(await proxy.ready()());
 * console.log(await proxy.publish({ topicName: 'hello', payload: 'world', qos: QOS.AT_LEAST_ONCE })());
 * await proxy.close();
 * ```
 */
export function connect(options: ConnectOptions = {}): MqttProxy {
  const resolved = resolveOptions(options, SCHEDULES, process.env);
  return new IpcMqttProxy(resolved, TRANSPORTS[resolved.transport]);
}

/**
 * The same proxy over a transport of another kind: what the testing kit puts a nucleus in memory behind, so that under virtual
 * time runs what runs on a device.
 *
 * @internal
 */
export function connectOver(transport: Transport, options: ConnectOptions): MqttProxy {
  return new IpcMqttProxy(resolveOptions(options, SCHEDULES, {}), transport);
}

class IpcMqttProxy implements MqttProxy {
  readonly #publisher: Publisher;
  readonly #connection: Connection;
  readonly #drain: Drain;
  readonly #context: SubscriptionContext;

  constructor(options: ResolvedOptions, transport: Transport) {
    const clock = schedulerClock(options.scheduler);
    this.#publisher = new Publisher(
      clock,
      options.publishTimeout,
      options.publishQueue,
      new PassingRefusals(clock, options.refusalPatience),
    );
    this.#connection = new Connection(options, transport, clock, this.#publisher);
    this.#publisher.onUnanswered = error => {
      this.#connection.giveUp(error);
    };
    this.#drain = new Drain(clock, this.#publisher);
    offerDirect(this, (request, listener) => this.#submit(request, listener));
    this.#context = {
      clock,
      timeout: options.subscribeTimeout,
      resubscribe: options.resubscribe,
      refusalPatience: options.refusalPatience,
      // In virtual time there is a test that looks, and nobody to tell.
      reportUnhandled: options.scheduler === asyncScheduler ? reportUnhandled : () => undefined,
      publishCanary: topicName => {
        // Its loss is what the silence timer is there for, so its outcome is nobody's news.
        this.publish$({ topicName, payload: '', qos: QOS.AT_MOST_ONCE }).subscribe();
      },
    };
  }

  get state$(): Observable<ConnectionState> {
    return this.#connection.state$;
  }

  get cloud$(): Observable<CloudStatus> {
    return cloudStatus(this.#connection, this.#context);
  }

  get draining$(): Observable<void> {
    return this.#drain.begun$;
  }

  ready(): RunnableTaskEither<ConnectError, Capabilities> {
    return async () => {
      this.#connection.demand();
      const outcome$ = this.#connection.state$.pipe(
        filter(state => state.status === 'connected' || state.status === 'failed' || state.status === 'closed'),
        map((state): Either<ConnectError, Capabilities> => {
          if (state.status === 'connected') return right(state.capabilities);
          return left(state.status === 'failed' ? state.error : new ProxyClosed());
        }),
      );
      return firstValueFrom(outcome$, { defaultValue: left(new ProxyClosed()) });
    };
  }

  subscribe<P, A>(
    request: PatternSubscribeRequest<P> & { readonly codec: Decoder<A> },
  ): ObservableEither<SubscribeError | DecodeFailed<MqttMessage>, MqttMessage & { readonly params: P; readonly value: A }>;
  subscribe<P>(
    request: PatternSubscribeRequest<P>,
  ): ObservableEither<SubscribeError | DecodeFailed<MqttMessage>, MqttMessage & { readonly params: P }>;
  subscribe<A>(
    request: SubscribeRequest & { readonly codec: Decoder<A> },
  ): ObservableEither<SubscribeError | DecodeFailed<MqttMessage>, MqttMessage & { readonly value: A }>;
  subscribe(request: SubscribeRequest): ObservableEither<SubscribeError, MqttMessage>;
  subscribe(request: AnySubscribeRequest): Observable<unknown> {
    const filtered: SubscribeRequest = { ...request, topicName: topicFilterOf(request.topicName) };
    const messages$ = new Observable<Either<SubscribeError, MqttMessage>>(subscriber => this.#subscribe(filtered, subscriber)).pipe(
      takeUntil(this.#drain.begun$),
    );
    // Counted behind the codec, which says what a message is worth.
    return messages$.pipe(readWith(request), countMessages(filtered.topicName));
  }

  publish$(request: PublishRequest): ObservableEither<PublishError, Accepted> {
    return new Observable(subscriber =>
      this.#submit(request, {
        onAccepted: accepted => {
          subscriber.next(right(accepted));
          subscriber.complete();
        },
        onFailed: error => {
          subscriber.next(left(error));
          subscriber.complete();
        },
        onDefect: defect => {
          subscriber.error(defect);
        },
      }),
    );
  }

  publish(request: PublishRequest): RunnableTaskEither<PublishError, Accepted> {
    return () => firstValueFrom(this.publish$(request));
  }

  drain(deadline: number): RunnableTask<DrainReport> {
    checkTime(deadline, 'The deadline of drain()');
    return () => firstValueFrom(this.#drain.run(deadline));
  }

  holdDrain(): () => void {
    return this.#drain.hold();
  }

  close(): Promise<void> {
    return this.#connection.close(this.#drain.hasBegun);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #submit(request: PublishRequest, listener: PublishListener): Unsubscribable {
    const failure = publishProblem(request) ?? unsentIf(this.#connection.demand());
    if (failure === undefined) return this.#publisher.submit(request.topicName, encodePublish(request), listener);
    listener.onFailed(failure);
    return RxSubscription.EMPTY;
  }

  #subscribe(request: SubscribeRequest, subscriber: Subscriber<Either<SubscribeError, MqttMessage>>): (() => void) | undefined {
    const problem = subscribeProblem(request);
    if (problem !== undefined) {
      subscriber.next(left(problem));
      subscriber.complete();
      this.#context.reportUnhandled(problem);
      return undefined;
    }
    const subscription = new Subscription(this.#connection, messageStream(request), this.#context, subscriber);
    return () => {
      subscription.stop();
    };
  }
}

function unsentIf(error: ConnectError | undefined): PublishError | undefined {
  return error === undefined ? undefined : unsent(error);
}
