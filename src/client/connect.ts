import { right, type Either } from 'fp-ts/lib/Either.js';
import { firstValueFrom, type Observable } from 'rxjs';
import type { Decoder } from '../codec/codec.js';
import type { DecodeFailed, ConnectError, PublishError, SubscribeError } from '../errors/errors.js';
import { crtTransport } from '../ipc/crt/crt-transport.js';
import { socketTransport } from '../ipc/socket/socket-transport.js';
import type { Transport } from '../ipc/transport.js';
import type { TransportName } from '../shared/profile-name.js';
import { PUBLISH } from '../shared/operations.js';
import { QOS } from '../shared/qos.js';
import { capped, equalJitter, exponential, fixed, fullJitter, resetAfter } from '../schedule/index.js';
import type { ObservableEither } from '../stream/observable-either.js';
import { topicFilterOf } from '../topic/topic-pattern.js';
import { resolveOptions, type ConnectOptions, type DefaultSchedules } from './connect-options.js';
import { offerDirect, type Submit } from '../flow/publish-job.js';
import { cloudStatus } from './cloud-status.js';
import { type AnySubscribeRequest, countMessages, readWith } from './read-messages.js';
import { encodePublish, frameProblem, publishProblem, subscribeProblem } from './mqtt-request.js';
import { messageStream } from './message-stream.js';
import type { MqttMessage, PublishRequest } from '../ports/mqtt-message.js';
import type {
  Accepted,
  Capabilities,
  CloudStatus,
  ConnectionState,
  DrainReport,
  MqttProxy,
  PatternSubscribeRequest,
  Profile,
  RunnableTask,
  RunnableTaskEither,
  SubscribeRequest,
} from '../ports/mqtt-proxy.js';
import { NucleusLink, publishing } from './nucleus-link.js';

/** Who took a publish. Made once: there is one for each message. */
const ACCEPTED: Record<Profile, Either<never, Accepted>> = {
  classic: right({ by: 'spooler' }),
  lite: right({ by: 'mqtt-socket' }),
};

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
  return new IpcMqttProxy(openLink(options));
}

/**
 * What `connect` and `connectNucleus` put their ports on.
 *
 * @internal
 */
export function openLink(options: ConnectOptions): NucleusLink {
  const resolved = resolveOptions(options, SCHEDULES, process.env);
  return new NucleusLink(resolved, TRANSPORTS[resolved.transport]);
}

/**
 * The same over a transport of another kind: what the testing kit puts a nucleus in memory behind, so that under virtual
 * time runs what runs on a device.
 *
 * @internal
 */
export function openLinkOver(transport: Transport, options: ConnectOptions): NucleusLink {
  return new NucleusLink(resolveOptions(options, SCHEDULES, {}), transport);
}

/**
 * {@link connect} over a transport of another kind.
 *
 * @internal
 */
export function connectOver(transport: Transport, options: ConnectOptions): MqttProxy {
  return new IpcMqttProxy(openLinkOver(transport, options));
}

/** The MQTT proxy of a connection that other ports may use as well. */
export class IpcMqttProxy implements MqttProxy {
  readonly #link: NucleusLink;
  readonly #submit: Submit<PublishRequest, Accepted>;

  constructor(link: NucleusLink) {
    this.#link = link;
    this.#submit = link.publisher<PublishRequest, Accepted>({
      operation: PUBLISH,
      topicOf: ({ topicName }) => topicName,
      windowOf: ({ publishWindow }) => publishWindow,
      requestProblem: publishProblem,
      problem: frameProblem,
      encode: encodePublish,
      read: (_payload, profile) => ACCEPTED[profile],
    });
    offerDirect(this, this.#submit);
  }

  get state$(): Observable<ConnectionState> {
    return this.#link.state$;
  }

  get cloud$(): Observable<CloudStatus> {
    return cloudStatus(this.#link);
  }

  get draining$(): Observable<void> {
    return this.#link.draining$;
  }

  ready(): RunnableTaskEither<ConnectError, Capabilities> {
    return this.#link.ready();
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
    const messages$ = this.#link.events(
      messageStream(filtered),
      () => subscribeProblem(filtered),
      topicName => {
        // Its loss is what the silence timer is there for, so its outcome is nobody's news.
        this.publish$({ topicName, payload: '', qos: QOS.AT_MOST_ONCE }).subscribe();
      },
    );
    // Counted behind the codec, which says what a message is worth.
    return messages$.pipe(readWith(request), countMessages(filtered.topicName));
  }

  publish$(request: PublishRequest): ObservableEither<PublishError, Accepted> {
    return publishing(listener => this.#submit(request, listener));
  }

  publish(request: PublishRequest): RunnableTaskEither<PublishError, Accepted> {
    return () => firstValueFrom(this.publish$(request));
  }

  drain(deadline: number): RunnableTask<DrainReport> {
    return this.#link.drain(deadline);
  }

  holdDrain(): () => void {
    return this.#link.holdDrain();
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
