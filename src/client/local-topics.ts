import { type Either, right } from 'fp-ts/lib/Either.js';
import { firstValueFrom, map, Observable, type Subscription } from 'rxjs';
import type { Decoder } from '../codec/codec.js';
import type { DecodeFailed, PublishError, ServiceSubscribeError } from '../errors/errors.js';
import { offerDirect, publishing, type Submit } from '../flow/publish-job.js';
import type { PortRules, PublishPort } from '../flow/publish-to.js';
import { PublishToTopicRequest, readShape, type ReceiveMode } from '../ipc/wire/shapes.js';
import type { CodecMistake, ConnectionState, RunnableTaskEither } from '../ports/mqtt-proxy.js';
import { encodeBase64 } from '../shared/base64.js';
import { PUBLISH_TO_TOPIC, SUBSCRIBE_TO_TOPIC } from '../shared/operations.js';
import type { ObservableEither } from '../stream/observable-either.js';
import { topicMatches } from '../topic/topic-matches.js';
import { topicFilterOf, type TopicPattern } from '../topic/topic-template.js';
import {
  encodeLocalPublish,
  type LocalAccepted,
  type LocalMatched,
  type LocalMatchedReceived,
  type LocalMessage,
  type LocalPublishRequest,
  type LocalReceived,
  readLocalMessage,
} from './local-message.js';
import {
  localFrameProblem,
  localPublishProblem,
  localSubscribeProblem,
  localSubscribeProblemOn,
  type LocalSubscribeRequest,
} from './local-request.js';
import type { NucleusLink } from './nucleus-link.js';
import { readAndCount } from './read-messages.js';

/** What to subscribe to, as a pattern: each message then has the `params` of its topic. */
export interface LocalPatternSubscribeRequest<P> extends Omit<LocalSubscribeRequest, 'topic'> {
  /** A `topicTemplate`. The nucleus is asked for its filter. */
  readonly topic: TopicPattern<P>;
}

/** What to subscribe to, without a codec. It takes a template, too, for the reason that `PlainSubscribeRequest` does. */
export interface LocalPlainSubscribeRequest extends Omit<LocalSubscribeRequest, 'topic'>, LocalRequestMistakes, CodecMistake {
  /** A topic or filter. */
  readonly topic: string | TopicPattern<unknown>;
}

/** Any request local topics can be asked to subscribe with: all overloads in one. */
export type AnyLocalSubscribeRequest = (LocalSubscribeRequest | LocalPatternSubscribeRequest<unknown>) & {
  readonly codec?: Decoder<unknown> | undefined;
};

/** The failures of a local subscription's stream. */
export type LocalSubscribeError = ServiceSubscribeError | DecodeFailed<LocalMessage>;

/**
 * The service `aws.greengrass.ipc.pubsub`: messages between the components of one device. `connectNucleus().local` is the real one.
 *
 * Nothing is stored and nothing reaches the cloud: a message for which nobody is subscribed is accepted and gone.
 */
export interface LocalTopics extends PublishPort<LocalPublishRequest, LocalAccepted> {
  /**
   * Messages of a topic or filter, from the moment of subscribing on. Emits, completes, reports gaps and subscribes again as
   * `MqttProxy.subscribe` does. A message that is neither JSON nor bytes is a `Left(DecodeFailed)`, as is one that does not fit the codec
   * or the template.
   */
  readonly subscribe: {
    <P, A>(
      request: LocalPatternSubscribeRequest<P> & { readonly codec: Decoder<A> },
    ): ObservableEither<LocalSubscribeError, LocalMatchedReceived<P, A>>;
    <P>(request: LocalPatternSubscribeRequest<P>): ObservableEither<LocalSubscribeError, LocalMatched<P>>;
    <A>(request: LocalSubscribeRequest & { readonly codec: Decoder<A> }): ObservableEither<LocalSubscribeError, LocalReceived<A>>;
    (request: LocalPlainSubscribeRequest): ObservableEither<LocalSubscribeError, LocalMessage>;
  };
  /**
   * Publishes once for every subscriber: emits one `Right(LocalAccepted)` or one `Left`, and completes. What a nucleus would change or
   * choke on is refused before sending, as an `InvalidRequest`. On both, `json` that is not an object, whole numbers beyond 2^53, text cut
   * within a character, and topics with wildcards; on Greengrass Lite also `json` of more than 13 levels, topics over 256 bytes, and
   * messages whose event would be over 10 000 bytes.
   */
  readonly publish$: (request: LocalPublishRequest & LocalRequestMistakes) => ObservableEither<PublishError, LocalAccepted>;
  /** {@link LocalTopics.publish$} as a task. */
  readonly publish: (request: LocalPublishRequest & LocalRequestMistakes) => RunnableTaskEither<PublishError, LocalAccepted>;
  readonly draining$: Observable<void>;
  readonly holdDrain: () => () => void;
  readonly rules: PortRules<LocalPublishRequest>;
}

/** Members that are often written by mistake, with the sentence that the compiler then shows. */
export interface LocalRequestMistakes {
  /** Never there. */
  readonly topicName?: 'write topic: topicName is what the MQTT proxy calls it';
}

const ACCEPTED: Either<never, LocalAccepted> = right({ by: 'local-topics' });

const RULES: PortRules<LocalPublishRequest> = {
  operation: PUBLISH_TO_TOPIC,
  topicOf: ({ topic }) => topic,
  inFlightOf: ({ inFlight }) => inFlight,
  requestOf: ({ topicName, payload }) => ({ topic: topicName, payload }),
};

/** Local topics on a connection that other ports use as well. */
export class IpcLocalTopics implements LocalTopics {
  readonly rules: PortRules<LocalPublishRequest> = RULES;
  readonly #link: NucleusLink;
  readonly #submit: Submit<LocalPublishRequest, LocalAccepted>;
  readonly #own = new OwnMessages();

  constructor(link: NucleusLink) {
    this.#link = link;
    this.#submit = link.publisher<LocalPublishRequest, LocalAccepted>({
      ...RULES,
      provokes: operation => operation === SUBSCRIBE_TO_TOPIC,
      requestProblem: localPublishProblem,
      problem: localFrameProblem,
      encode: encodeLocalPublish,
      read: () => ACCEPTED,
      onSending: (topic, payload) => this.#link.isOnLite && this.#own.sending(topic, payload),
      onRefused: (topic, payload) => this.#link.isOnLite && this.#own.refused(topic, payload),
    });
    offerDirect(this, this.#submit);
  }

  get state$(): Observable<ConnectionState> {
    return this.#link.state$;
  }

  get draining$(): Observable<void> {
    return this.#link.draining$;
  }

  subscribe<P, A>(
    request: LocalPatternSubscribeRequest<P> & { readonly codec: Decoder<A> },
  ): ObservableEither<LocalSubscribeError, LocalMatchedReceived<P, A>>;
  subscribe<P>(request: LocalPatternSubscribeRequest<P>): ObservableEither<LocalSubscribeError, LocalMatched<P>>;
  subscribe<A>(request: LocalSubscribeRequest & { readonly codec: Decoder<A> }): ObservableEither<LocalSubscribeError, LocalReceived<A>>;
  subscribe(request: Omit<LocalPlainSubscribeRequest, 'codec'>): ObservableEither<LocalSubscribeError, LocalMessage>;
  subscribe(request: AnyLocalSubscribeRequest): Observable<unknown> {
    const filter = topicFilterOf(request.topic);
    const messages$ = this.#messages(filter, { ...request, topic: filter });
    return messages$.pipe(readAndCount({ topicName: request.topic, codec: request.codec }, filter));
  }

  publish$(request: LocalPublishRequest): ObservableEither<PublishError, LocalAccepted> {
    return publishing(listener => this.#submit(request, listener));
  }

  publish(request: LocalPublishRequest): RunnableTaskEither<PublishError, LocalAccepted> {
    return () => firstValueFrom(this.publish$(request));
  }

  holdDrain(): () => void {
    return this.#link.holdDrain();
  }

  /** Greengrass Lite cannot send the messages of others only: its own messages are removed here. */
  #messages(filter: string, request: LocalSubscribeRequest): ObservableEither<LocalSubscribeError, LocalMessage> {
    const { silence, onStatus, receiveMode = defaultMode(filter) } = request;
    return new Observable(subscriber => {
      const watch = receiveMode === 'RECEIVE_MESSAGES_FROM_OTHERS' ? this.#own.watch(filter) : undefined;
      const events$ = this.#link.optionalEvents(
        {
          operation: SUBSCRIBE_TO_TOPIC,
          topicName: filter,
          payload: JSON.stringify({ topic: filter, receiveMode }),
          read: body => readLocalMessage(body, filter),
          isCanary: message => message._tag === 'Right' && message.right.topic === silence?.canaryTopicName,
          silence,
          onStatus,
          onAsking: () => watch?.forget(),
          problem: capabilities => localSubscribeProblemOn(capabilities, filter, silence),
        },
        () => localSubscribeProblem(filter, request, receiveMode),
        topic => {
          this.publish$({ topic, payload: '' }).subscribe();
        },
      );
      const isOwn = (message: LocalMessage): boolean => {
        return watch !== undefined && this.#link.isOnLite && watch.take(keyOfMessage(message));
      };
      const subscription: Subscription = events$
        .pipe(map((event): Either<LocalSubscribeError, LocalMessage> => (event._tag === 'Left' ? event : event.right)))
        .subscribe({
          next: event => {
            if (event._tag === 'Left' || !isOwn(event.right)) subscriber.next(event);
          },
          error: (defect: unknown) => subscriber.error(defect),
          complete: () => subscriber.complete(),
        });
      return () => {
        subscription.unsubscribe();
        watch?.stop();
      };
    });
  }
}

/** What a classic nucleus does if the request does not say. */
export function defaultMode(filter: unknown): ReceiveMode {
  // Callers in JavaScript have no compiler to tell them: what is no filter is refused, and not here.
  const levels = typeof filter === 'string' ? filter.split('/') : [];
  return levels.includes('+') || levels.at(-1) === '#' ? 'RECEIVE_MESSAGES_FROM_OTHERS' : 'RECEIVE_ALL_MESSAGES';
}

/** The most messages of its own that a subscription waits for. Of more, the oldest is forgotten, and passes as if it were another's. */
const MAX_AWAITED = 1_000;

/**
 * Greengrass Lite sends a component its own messages whatever it asked for. A subscription that wants only those of others notes what this
 * connection publishes, and removes as many messages of the same topic and content. Of two equal messages, its own and another's, one
 * passes.
 */
export class OwnMessages {
  readonly #watches = new Set<OwnWatch>();

  /** Begins to note publishes to topics that the filter matches. */
  watch(filter: string): OwnWatch {
    const watch = new OwnWatch(filter, () => this.#watches.delete(watch));
    this.#watches.add(watch);
    return watch;
  }

  /** A publish is about to be sent: `request` is its JSON. */
  sending(topic: string, request: string): void {
    this.#tell(topic, request, (watch, key) => watch.expect(key));
  }

  /** The nucleus has refused it. */
  refused(topic: string, request: string): void {
    this.#tell(topic, request, (watch, key) => watch.take(key));
  }

  /** Most components have no such subscription: then the request is not even read. */
  #tell(topic: string, request: string, tell: (watch: OwnWatch, key: string) => void): void {
    let key: string | undefined;
    for (const watch of this.#watches) if (topicMatches(watch.filter, topic)) tell(watch, (key ??= keyOfRequest(request)));
  }
}

/** What one subscription knows of the component's own messages. */
export class OwnWatch {
  readonly filter: string;
  readonly #awaited = new Map<string, number>();
  #count = 0;
  readonly stop: () => void;

  constructor(filter: string, stop: () => void) {
    this.filter = filter;
    this.stop = stop;
  }

  expect(key: string): void {
    this.#awaited.set(key, (this.#awaited.get(key) ?? 0) + 1);
    if (++this.#count > MAX_AWAITED) {
      const [oldest] = this.#awaited.keys();
      if (oldest !== undefined) this.take(oldest);
    }
  }

  /** Whether such a message is awaited. If so, it is not awaited any more. */
  take(key: string): boolean {
    const count = this.#awaited.get(key);
    if (count === undefined) return false;
    if (count === 1) this.#awaited.delete(key);
    else this.#awaited.set(key, count - 1);
    this.#count--;
    return true;
  }

  /** Nothing that was sent before will come any more. */
  forget(): void {
    this.#awaited.clear();
    this.#count = 0;
  }
}

/**
 * The key of a message that arrived: bytes as they are, and JSON by its content, since Greengrass Lite reorders keys and rewrites numbers.
 */
function keyOfMessage({ topic, format, payload }: LocalMessage): string {
  return `${topic} ${format === 'binary' ? encodeBase64(payload) : ordered(JSON.parse(Buffer.from(payload).toString()))}`;
}

/** The key of a publish, made from its JSON, so that it is what will arrive. */
function keyOfRequest(request: string): string {
  const decoded = readShape('PublishToTopicRequest', PublishToTopicRequest, request);
  // Never happens, since we have written it. It would match no message.
  if (decoded._tag === 'Left') return request;
  const { topic, publishMessage } = decoded.right;
  if ('jsonMessage' in publishMessage) return `${topic} ${ordered(publishMessage.jsonMessage.message)}`;
  return `${topic} ${encodeBase64(publishMessage.binaryMessage.message)}`;
}

function ordered(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
