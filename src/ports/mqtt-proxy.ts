import type { Task } from 'fp-ts/lib/Task.js';
import type { TaskEither } from 'fp-ts/lib/TaskEither.js';
import type { Observable } from 'rxjs';
import type { Decoder } from '../codec/codec.js';
import type { ConnectError, DecodeFailed, PublishError, SubscribeError } from '../errors/errors.js';
import type { Profile, TransportName } from '../shared/profile.js';
import type { AnyQos } from '../shared/qos.js';
import type { ObservableEither } from '../stream/observable-either.js';
import type { TopicPattern } from '../topic/topic-template.js';

export type { Profile } from '../shared/profile.js';

/** What the connected nucleus can do. */
export interface Capabilities {
  readonly profile: Profile;
  readonly transport: TransportName;
  /** Bytes of the largest IPC frame the nucleus takes. */
  readonly maxFrameBytes: number;
  /** Publishes that may be in flight at once on this connection. */
  readonly inFlight: number;
  /** Whether user properties, correlation data and the other MQTT 5 members are carried. */
  readonly mqtt5Members: boolean;
}

/** Where the connection is. */
export type ConnectionState =
  | { readonly status: 'idle' }
  | { readonly status: 'connecting'; readonly attempt: number }
  | { readonly status: 'connected'; readonly capabilities: Capabilities }
  /** Down, and another attempt is due in `retryIn` milliseconds. */
  | { readonly status: 'interrupted'; readonly error: ConnectError; readonly retryIn: number }
  /** Down for good. */
  | { readonly status: 'failed'; readonly error: ConnectError }
  | { readonly status: 'closed' };

/** Whether the device is connected to AWS IoT Core. `unknown`: the nucleus does not say, or cannot be asked. */
export type CloudStatus = 'unknown' | 'connected' | 'disconnected';

/** Where one subscription is. */
export type SubscriptionStatus =
  /** Waiting for a connection, or for the nucleus' answer. */
  | { readonly status: 'subscribing' }
  /** Messages come. After a gap, with its length in milliseconds. */
  | { readonly status: 'active'; readonly resumedAfter: number | undefined }
  /** The connection or the subscription broke and is being restored. */
  | { readonly status: 'interrupted'; readonly error: SubscribeError }
  /** Nothing came for longer than the request's `silence` allows. */
  | { readonly status: 'silent' }
  /** Over: unsubscribed, closed, or failed for good. */
  | { readonly status: 'ended' };

/**
 * How a subscription that has died silently is detected. On Greengrass Lite this happens whenever its MQTT daemon restarts: the stream
 * stays open, and nothing comes on it any more (aws-greengrass-lite #1172).
 */
export interface SilenceWatch {
  /** Milliseconds without any message after which the subscription is taken for dead and made anew. Noticed at most half as much later. */
  readonly maximum: number;
  /**
   * A topic that the subscription's filter matches and the component may publish to. When half of `maximum` has passed in
   * silence, the proxy publishes an empty message there; it comes back through the cloud if the subscription lives, and is
   * not passed on. Without a canary, a quiet source looks like a dead one.
   */
  readonly canaryTopicName?: string | undefined;
}

/** What to subscribe to. */
export interface SubscribeRequest {
  /** A topic name or filter; `+` and `#` as in MQTT. */
  readonly topicName: string;
  /** `QOS.AT_LEAST_ONCE` or 1, `QOS.AT_MOST_ONCE` or 0. */
  readonly qos: AnyQos;
  /** Detects a subscription that has died silently. Default: none. */
  readonly silence?: SilenceWatch | undefined;
  /** Told of every change of the subscription's status, in order. Must not throw. */
  readonly onStatus?: ((status: SubscriptionStatus) => void) | undefined;
}

/** Members that are often written by mistake, with the sentence that the compiler then shows. */
export interface RequestMistakes {
  /** Never there. */
  readonly topic?: 'write topicName: topic is what nucleus.local calls it';
}

/** As {@link RequestMistakes}, where a codec is taken. */
export interface CodecMistake {
  /** Any that decodes; one of io-ts, which has an `is`, is a mistake. */
  readonly codec?: {
    /** Any codec has it. */
    readonly decode: (...message: never) => unknown;
    /** Never there. */
    readonly is?: 'write codec: json(t.type({ … })): t.type alone checks values, and a payload is bytes';
  };
}

/**
 * What to subscribe to, without a codec. A template is accepted as well, although its messages have `params`: the compiler explains every
 * mistake by this request, and a wrong codec must not look like a wrong topic.
 */
export interface PlainSubscribeRequest extends Omit<SubscribeRequest, 'topicName'>, RequestMistakes, CodecMistake {
  /** A topic name or filter; `+` and `#` as in MQTT. */
  readonly topicName: string | TopicPattern<unknown>;
}

/** What to subscribe to, as a pattern: each message then has the `params` of its topic. */
export interface PatternSubscribeRequest<P> extends Omit<SubscribeRequest, 'topicName'> {
  /** A `topicTemplate`, or a shared subscription to one. The nucleus is asked for its `filter`. */
  readonly topicName: TopicPattern<P>;
}

/** The nucleus took the message. See {@link MqttProxy.publish$} for what that does not mean. */
export interface Accepted {
  /** `spooler`: stored by the classic nucleus, to be sent when it can. `mqtt-socket`: written to the MQTT connection by Greengrass Lite. */
  readonly by: 'spooler' | 'mqtt-socket';
}

/** A task that must be called to run: `await proxy.publish(request)` without the second call does not compile. */
export type RunnableTaskEither<E, A> = TaskEither<E, A> & {
  /** Never there: it makes `await` of the task itself a type error. */
  readonly then?: (call_the_task_first: never) => never;
};

/** A task that must be called to run, like {@link RunnableTaskEither}. */
export type RunnableTask<A> = Task<A> & {
  /** Never there: it makes `await` of the task itself a type error. */
  readonly then?: (call_the_task_first: never) => never;
};

/** What `drain` found when it ended. */
export interface DrainReport {
  /** Publishes that were accepted while draining. */
  readonly accepted: number;
  /** Publishes that failed while draining. A stage that published the same once more, with success, is counted in both. */
  readonly failed: number;
  /** Publishes still without an answer at the deadline. */
  readonly unfinished: number;
  /** Stages that had not completed at the deadline; what they hold was not published. */
  readonly stagesUnfinished: number;
}

/**
 * The service `aws.greengrass.ipc.mqttproxy`, as the rest of this library and a component see it. `connect()` makes the
 * real one; the testing kit has a twin in virtual time.
 */
export interface MqttProxy extends AsyncDisposable {
  /** Connects, if that is not done yet, and tells what was found: fail fast at the start of a component. */
  readonly ready: () => RunnableTaskEither<ConnectError, Capabilities>;
  /** The connection's state, from the current one on. Subscribing to it does not connect. Completes after `closed`. */
  readonly state$: Observable<ConnectionState>;
  /**
   * Whether the device is online: `unknown` first, then what the nucleus says, each change once. Stays `unknown` with a nucleus
   * that does not offer `SubscribeToIoTCoreConnectionStatus` (those before mid-2026), and is so again while there is no
   * connection to it. Subscribing connects; completes when nothing more can be learnt, and after `close()`.
   */
  readonly cloud$: Observable<CloudStatus>;
  /**
   * Messages of a topic or filter, from the moment of subscribing on.
   *
   * Emits a `Right` for every message as it arrives: nothing is held back or buffered here. Completes after a terminal
   * `Left`, and when the proxy is closed. Every subscriber has a subscription of its own at the nucleus; unsubscribing ends it.
   *
   * With a template as `topicName`, each message has the `params` of its topic. A topic that the nucleus routes here by rules of its own
   * and that the template does not match (`classicRoutes`) is a `Left(DecodeFailed)`.
   */
  readonly subscribe: {
    <P, A>(
      request: PatternSubscribeRequest<P> & { readonly codec: Decoder<A> },
    ): ObservableEither<SubscribeError | DecodeFailed<MqttMessage>, MatchedReceived<P, A>>;
    <P>(request: PatternSubscribeRequest<P>): ObservableEither<SubscribeError | DecodeFailed<MqttMessage>, Matched<P>>;
    <A>(
      request: SubscribeRequest & { readonly codec: Decoder<A> },
    ): ObservableEither<SubscribeError | DecodeFailed<MqttMessage>, Received<A>>;
    (request: PlainSubscribeRequest): ObservableEither<SubscribeError, MqttMessage>;
  };
  /**
   * Publishes once for every subscriber: emits one `Right(Accepted)` or one `Left`, and completes. `Accepted` says the
   * nucleus took the message, not that the cloud has it. Unsubscribing gives up the wait, not the publish.
   */
  readonly publish$: (request: PublishRequest & RequestMistakes) => ObservableEither<PublishError, Accepted>;
  /** {@link MqttProxy.publish$} as a task: `await proxy.publish(request)()`. */
  readonly publish: (request: PublishRequest & RequestMistakes) => RunnableTaskEither<PublishError, Accepted>;
  /**
   * Stops intake, lets stages finish and waits for the answers of all publishes, for at most `deadline` milliseconds, and
   * tells what was left. Subscriptions complete at once, so that what hangs on them completes when it has worked off what
   * it holds; sources of other kinds end themselves with `takeUntil(proxy.draining$)`. `close()` is still to be called.
   */
  readonly drain: (deadline: number) => RunnableTask<DrainReport>;
  /** Emits once and completes when `drain` is called; at once if that has happened. */
  readonly draining$: Observable<void>;
  /** Makes `drain` wait until the function returned is called. `publishTo` does so from its subscription to its completion. */
  readonly holdDrain: () => () => void;
  /** Ends the connection and everything on it; afterwards nothing keeps the process alive. */
  readonly close: () => Promise<void>;
}

/** A name and value that travel with an MQTT 5 message. Names may repeat. */
export interface UserProperty {
  readonly key: string;
  readonly value: string;
}

/**
 * The MQTT 5 members. The classic nucleus carries them both ways from 2.10 on (but `contentType` only to
 * subscribers); Greengrass Lite ignores them.
 */
export interface Mqtt5Members {
  readonly retain?: boolean | undefined;
  readonly userProperties?: readonly UserProperty[] | undefined;
  readonly messageExpiryIntervalSeconds?: number | undefined;
  readonly correlationData?: Uint8Array | undefined;
  readonly responseTopic?: string | undefined;
  /** `'0'` bytes, `'1'` UTF-8. */
  readonly payloadFormat?: '0' | '1' | undefined;
  readonly contentType?: string | undefined;
}

/** A message as it arrives. */
export interface MqttMessage extends Mqtt5Members {
  readonly topicName: string;
  readonly payload: Uint8Array;
}

/** A message to publish. A string payload is sent as UTF-8. */
export interface PublishRequest extends Mqtt5Members {
  readonly topicName: string;
  readonly payload: Uint8Array | string | NotEncoded;
  /** `QOS.AT_LEAST_ONCE` or 1, `QOS.AT_MOST_ONCE` or 0. */
  readonly qos: AnyQos;
}

/** A message of a subscription to a template. */
export interface Matched<out P> extends MqttMessage {
  /** What stands in the places of the template, such as `{ id: '7' }`. */
  readonly params: P;
}

/** A message of a subscription with a codec. */
export interface Received<out A> extends MqttMessage {
  /** What the codec has made of the payload. */
  readonly value: A;
}

/** A message of a subscription to a template, with a codec. */
export interface MatchedReceived<out P, out A> extends Matched<P>, Received<A> {}

/**
 * Never there: no value has this type. It is bytes to all who read a payload, and a sentence that the compiler shows where a payload is an
 * object.
 */
export type NotEncoded = Readonly<Record<string, 'encode the value first: codec.encode(value), or JSON.stringify(value)'>> & Uint8Array;
