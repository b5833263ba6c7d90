import { type Either, right } from 'fp-ts/lib/Either.js';
import { distinctUntilChanged, firstValueFrom, map, type Observable, startWith } from 'rxjs';
import type { Decoder } from '../codec/codec.js';
import type { ConnectError, DecodeFailed, PublishError, SubscribeError } from '../errors/errors.js';
import { offerDirect, publishing, type Submit } from '../flow/publish-job.js';
import { readIoTCoreMessage } from '../ipc/wire/read-iot-core-message.js';
import { IoTCoreConnectionStatusEvent, readShape } from '../ipc/wire/shapes.js';
import type {
  Accepted,
  Capabilities,
  CloudStatus,
  ConnectionState,
  DrainReport,
  Matched,
  MatchedReceived,
  MqttMessage,
  MqttProxy,
  PatternSubscribeRequest,
  PlainSubscribeRequest,
  Profile,
  PublishRequest,
  Received,
  RunnableTask,
  RunnableTaskEither,
  SubscribeRequest,
} from '../ports/mqtt-proxy.js';
import { PUBLISH, SUBSCRIBE, SUBSCRIBE_STATUS, SUBSCRIBE_TO_TOPIC } from '../shared/operations.js';
import { QOS, qosOf } from '../shared/qos.js';
import type { ObservableEither } from '../stream/observable-either.js';
import { markHandled } from '../stream/unhandled.js';
import { topicFilterOf } from '../topic/topic-template.js';
import { encodePublish, frameProblem, publishProblem, subscribeProblem } from './mqtt-request.js';
import type { NucleusLink } from './nucleus-link.js';
import { type AnySubscribeRequest, readAndCount } from './read-messages.js';
import type { EventStream } from './subscription.js';

/** The life of a connection, for the ports that its user holds: its start, its state, its drain and its end. */
export class ConnectionLife implements AsyncDisposable {
  readonly #link: NucleusLink;

  constructor(link: NucleusLink) {
    this.#link = link;
  }

  get state$(): Observable<ConnectionState> {
    return this.#link.state$;
  }

  get draining$(): Observable<void> {
    return this.#link.draining$;
  }

  ready(): RunnableTaskEither<ConnectError, Capabilities> {
    return this.#link.ready();
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

/** Who took a publish. Made once, since one is needed for each message. */
const ACCEPTED: Record<Profile, Either<never, Accepted>> = {
  classic: right({ by: 'spooler' }),
  lite: right({ by: 'mqtt-socket' }),
};

/** The MQTT proxy of a connection that other ports may use as well. */
export class IpcMqttProxy extends ConnectionLife implements MqttProxy {
  readonly #link: NucleusLink;
  readonly #submit: Submit<PublishRequest, Accepted>;

  constructor(link: NucleusLink) {
    super(link);
    this.#link = link;
    this.#submit = link.publisher<PublishRequest, Accepted>({
      operation: PUBLISH,
      topicOf: ({ topicName }) => topicName,
      // Whoever receives it, in the cloud or on the device, may answer either way.
      provokes: operation => operation === SUBSCRIBE || operation === SUBSCRIBE_TO_TOPIC,
      inFlightOf: ({ inFlight }) => inFlight,
      requestProblem: publishProblem,
      problem: frameProblem,
      encode: encodePublish,
      read: (_payload, profile) => ACCEPTED[profile],
    });
    offerDirect(this, this.#submit);
  }

  get cloud$(): Observable<CloudStatus> {
    return cloudStatus(this.#link);
  }

  subscribe<P, A>(
    request: PatternSubscribeRequest<P> & { readonly codec: Decoder<A> },
  ): ObservableEither<SubscribeError | DecodeFailed<MqttMessage>, MatchedReceived<P, A>>;
  subscribe<P>(request: PatternSubscribeRequest<P>): ObservableEither<SubscribeError | DecodeFailed<MqttMessage>, Matched<P>>;
  subscribe<A>(
    request: SubscribeRequest & { readonly codec: Decoder<A> },
  ): ObservableEither<SubscribeError | DecodeFailed<MqttMessage>, Received<A>>;
  subscribe(request: Omit<PlainSubscribeRequest, 'codec'>): ObservableEither<SubscribeError, MqttMessage>;
  subscribe(request: AnySubscribeRequest): Observable<unknown> {
    const filtered: SubscribeRequest = { ...request, topicName: topicFilterOf(request.topicName) };
    const messages$ = this.#link.events(
      messageStream(filtered),
      () => subscribeProblem(filtered),
      topicName => {
        // If it is lost, the silence timer notices; nobody needs its outcome.
        this.publish$({ topicName, payload: '', qos: QOS.AT_MOST_ONCE }).subscribe();
      },
    );
    // Counted after the codec, which decides whether a message counts as failed.
    return messages$.pipe(readAndCount(request, filtered.topicName));
  }

  publish$(request: PublishRequest): ObservableEither<PublishError, Accepted> {
    return publishing(listener => this.#submit(request, listener));
  }

  publish(request: PublishRequest): RunnableTaskEither<PublishError, Accepted> {
    return () => firstValueFrom(this.publish$(request));
  }
}

/** The messages of a topic or filter. */
export function messageStream({ topicName, qos, silence, onStatus }: SubscribeRequest): EventStream<MqttMessage> {
  const canaryTopicName = silence?.canaryTopicName;
  return {
    operation: SUBSCRIBE,
    topicName,
    payload: JSON.stringify({ topicName, qos: qosOf(qos) }),
    read: readIoTCoreMessage,
    isCanary: canaryTopicName === undefined ? () => false : message => message.topicName === canaryTopicName,
    silence,
    onStatus,
  };
}

const STATUS_STREAM: EventStream<CloudStatus> = {
  operation: SUBSCRIBE_STATUS,
  topicName: '',
  payload: '{}',
  read: readStatus,
  isCanary: () => false,
  silence: undefined,
  onStatus: undefined,
};

/** Whether the device is connected to the cloud, as far as the nucleus says so. If that cannot be learnt, it is `unknown`. */
function cloudStatus(link: NucleusLink): Observable<CloudStatus> {
  return link.optionalEvents(STATUS_STREAM).pipe(
    map((status): CloudStatus => {
      if (status._tag === 'Right') return status.right;
      markHandled(status.left);
      return 'unknown';
    }),
    startWith<CloudStatus>('unknown'),
    distinctUntilChanged(),
  );
}

function readStatus(body: string): Either<string, CloudStatus> {
  const event = readShape('IoTCoreConnectionStatusEvent', IoTCoreConnectionStatusEvent, body);
  if (event._tag === 'Left') return event;
  return right(event.right.connectionStatusEvent.status === 'CONNECTED' ? 'connected' : 'disconnected');
}
