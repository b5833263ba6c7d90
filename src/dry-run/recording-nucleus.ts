import { inspect } from 'node:util';
import type { Either } from 'fp-ts/lib/Either.js';
import { defer, type MonoTypeOperatorFunction, type Observable, tap } from 'rxjs';
import type { Configuration, ConfigurationKey } from '../client/configuration.js';
import type { Nucleus } from '../client/connect.js';
import type { Lifecycle } from '../client/lifecycle.js';
import type { LocalPublishRequest } from '../client/local-message.js';
import type { AnyLocalSubscribeRequest, LocalTopics } from '../client/local-topics.js';
import { portWith } from '../client/share-subscriptions.js';
import type { Decoder } from '../codec/codec.js';
import type { PublishError } from '../errors/errors.js';
import type { StageKind } from '../flow/account.js';
import type { StageDeclaration } from '../flow/declaration.js';
import { Ledger, type LedgerEntry, type SharedReading } from '../flow/ledger.js';
import type { ReceiveMode } from '../ipc/wire/shapes.js';
import type { MqttProxy, PublishRequest, SubscribeRequest } from '../ports/mqtt-proxy.js';
import { type QOS, qosOf } from '../shared/qos.js';
import { quoted } from '../topic/topic-rules.js';
import { topicFilterOf, type TopicPattern } from '../topic/topic-template.js';

/** A stage that was subscribed, with what it said of itself. */
export interface RecordedStage {
  /** `undefined`: it was subscribed later, by data or a timer, and which branch it is of is not known. */
  readonly branch: string | undefined;
  readonly kind: StageKind;
  readonly name: string;
  readonly declaration: StageDeclaration;
}

/** Counts as every ledger does, and keeps what each stage said, in the order of their subscriptions. */
export class RecordingLedger extends Ledger {
  readonly opened: RecordedStage[] = [];
  readonly readings: SharedReading[] = [];
  override readonly onShared = (reading: SharedReading): void => void this.readings.push(reading);
  /** The branch that is being subscribed. */
  branch: string | undefined;

  /** @internal */
  override open(kind: StageKind, wanted: string = kind, declaration: StageDeclaration = {}): LedgerEntry {
    const name = kind === 'window' ? this.#nextWindow(wanted) : wanted;
    this.opened.push({ branch: this.branch, kind, name, declaration });
    return super.open(kind, name, declaration);
  }

  /** Windows have no names of their own: the second is `tumbling 2`. */
  #nextWindow(operator: string): string {
    const before = this.opened.filter(({ kind, name }) => kind === 'window' && name.split(' ', 1)[0] === operator).length;
    return before === 0 ? operator : `${operator} ${before + 1}`;
  }
}

/** A subscription that was made. */
export interface RecordedSubscription {
  readonly branch: string | undefined;
  readonly filter: string;
  readonly qos: QOS;
  /** What reads its payloads; `undefined` where the component takes them as they are. */
  readonly codec: Decoder<unknown> | undefined;
  readonly canaryTopicName: string | undefined;
}

/** A message that was published without one having come: by a timer, or at the start. */
export interface RecordedPublish {
  readonly branch: string | undefined;
  readonly topicName: string;
  readonly payloadBytes: number;
}

/** A payload that was published without a message having come. Of each topic the first few are kept. */
export interface PayloadSample {
  readonly isLocal: boolean;
  readonly topicName: string;
  readonly payload: Uint8Array;
}

/** The first payloads of each topic. */
export class PayloadSamples {
  readonly all: PayloadSample[] = [];
  readonly #counts = new Map<string, number>();

  add(isLocal: boolean, topicName: string, payload: Uint8Array | string): void {
    const name = `${isLocal} ${topicName}`;
    const count = this.#counts.get(name) ?? 0;
    if (count >= OF_A_TOPIC || this.all.length >= MAX_SAMPLES) return;
    this.#counts.set(name, count + 1);
    this.all.push({ isLocal, topicName, payload: typeof payload === 'string' ? new TextEncoder().encode(payload) : payload });
  }
}

/** Callers in JavaScript have no compiler to tell them. What is on no topic is refused, and told as that. */
function isTopic(topic: unknown): boolean {
  return typeof topic === 'string';
}

function isMessage(topic: unknown, payload: unknown): boolean {
  return isTopic(topic) && (typeof payload === 'string' || payload instanceof Uint8Array);
}

/** Notes a publish that is refused before anything is sent: no nucleus would take it. */
function notingRefusals<A>(topic: unknown, refusals: Refusals): MonoTypeOperatorFunction<Either<PublishError, A>> {
  return tap(answer => {
    if (answer._tag !== 'Left' || answer.left._tag !== 'InvalidRequest') return;
    const { message } = answer.left;
    const topicName = typeof topic === 'string' ? topic : inspect(topic);
    // A stage with a template publishes to as many topics as there are values: the same but for the topic, and for how large it is.
    const reason = message.replaceAll(quoted(topicName), '').replace(/\d+/g, '');
    const known = refusals.get(reason);
    if (known === undefined) refusals.set(reason, { message, topics: new Set([topicName]) });
    else if (known.topics.size < MAX_SAMPLES) known.topics.add(topicName);
  });
}

/** The publishes that were refused before anything was sent, by the reason: what was said first, and to which topics they were. */
export type Refusals = Map<string, { readonly message: string; readonly topics: Set<string> }>;

const OF_A_TOPIC = 3;
const MAX_SAMPLES = 1_000;

/** What a {@link recordingProxy} notes, and of which branch. */
export interface ProxyNotes {
  readonly branch: () => string | undefined;
  readonly subscriptions: RecordedSubscription[];
  readonly publishes: RecordedPublish[];
  readonly refusals: Refusals;
  readonly samples: PayloadSamples;
}

type AnyRequest = Omit<SubscribeRequest, 'topicName'> & {
  readonly topicName: string | TopicPattern<unknown>;
  readonly codec?: Decoder<unknown> | undefined;
};

/** The same proxy, but for its notes of what is subscribed and published. */
export function recordingProxy(proxy: MqttProxy, notes: ProxyNotes): MqttProxy {
  const notePublish = ({ topicName, payload }: PublishRequest): void => {
    if (!isMessage(topicName, payload)) return;
    notes.publishes.push({ branch: notes.branch(), topicName, payloadBytes: Buffer.byteLength(payload) });
    notes.samples.add(false, topicName, payload);
  };
  const subscribe = (request: AnyRequest): Observable<unknown> =>
    defer(() => {
      const { topicName, qos, codec, silence } = request;
      const [filter, canaryTopicName] = [topicFilterOf(topicName), silence?.canaryTopicName];
      if (isTopic(filter)) notes.subscriptions.push({ branch: notes.branch(), filter, qos: qosOf(qos), codec, canaryTopicName });
      // The overloads tell requests apart by their members; all of them are handed on as they are.
      return proxy.subscribe(request as SubscribeRequest);
    });
  return portWith(proxy, {
    subscribe: subscribe as MqttProxy['subscribe'],
    publish$: request =>
      defer(() => {
        notePublish(request);
        return proxy.publish$(request).pipe(notingRefusals(request.topicName, notes.refusals));
      }),
    publish: request => () => {
      notePublish(request);
      return proxy.publish(request)();
    },
  });
}

/** A subscription to a local topic that was made. */
export interface RecordedLocalSubscription {
  readonly branch: string | undefined;
  readonly filter: string;
  /** `undefined`: where the component says nothing, and the nucleus goes by the filter. */
  readonly receiveMode: ReceiveMode | undefined;
  /** What reads its payloads; `undefined` where the component takes them as they are. */
  readonly codec: Decoder<unknown> | undefined;
  readonly canaryTopicName: string | undefined;
}

/** A message that was published on a local topic without one having come: by a timer, or at the start. */
export interface RecordedLocalPublish {
  readonly branch: string | undefined;
  readonly topic: string;
  /** Of JSON, its bytes as text. */
  readonly payloadBytes: number;
}

/**
 * What a component hears from its nucleus: a configuration or updates that it follows, or a configuration that it validates before it is
 * deployed.
 */
export interface RecordedNews {
  readonly branch: string | undefined;
  readonly kind: 'configuration' | 'updates' | 'validation';
  /** Of a configuration: which part of it, and whose, where it is another component's. */
  readonly name: string;
}

/** What a {@link recordingNucleus} notes, and of which branch. */
export interface NucleusNotes {
  readonly branch: () => string | undefined;
  readonly localSubscriptions: RecordedLocalSubscription[];
  readonly localPublishes: RecordedLocalPublish[];
  readonly news: RecordedNews[];
  readonly refusals: Refusals;
  readonly samples: PayloadSamples;
}

/** The ports of a nucleus, without what belongs to its connection. */
type Services = Omit<Nucleus, 'ready' | 'state$' | 'drain' | 'draining$' | 'holdDrain' | 'close' | typeof Symbol.asyncDispose>;

/** The same nucleus, but for its notes of what is done with its services. `mqtt` is its MQTT proxy, which makes notes already. */
export function recordingNucleus(nucleus: Nucleus, mqtt: MqttProxy, notes: NucleusNotes): Nucleus {
  // A service that makes no notes would be missing in the recipe.
  const services: Services = {
    mqtt,
    local: recordingTopics(nucleus.local, notes),
    configuration: recordingConfiguration(nucleus.configuration, notes),
    lifecycle: recordingLifecycle(nucleus.lifecycle, notes),
  };
  return portWith(nucleus, services);
}

function recordingTopics(local: LocalTopics, notes: NucleusNotes): LocalTopics {
  const note = ({ topic, payload, json }: LocalPublishRequest): void => {
    const bytes = json === undefined ? payload : JSON.stringify(json);
    if (!isMessage(topic, bytes)) return;
    const payloadBytes = Buffer.byteLength(bytes);
    notes.samples.add(true, topic, bytes);
    notes.localPublishes.push({ branch: notes.branch(), topic, payloadBytes });
  };
  const subscribe = (request: AnyLocalSubscribeRequest): Observable<unknown> =>
    defer(() => {
      const { topic, codec, ...others } = request;
      const { receiveMode, silence } = others;
      const [filter, canaryTopicName] = [topicFilterOf(topic), silence?.canaryTopicName];
      if (isTopic(filter)) notes.localSubscriptions.push({ branch: notes.branch(), filter, receiveMode, codec, canaryTopicName });
      return codec === undefined ? local.subscribe({ ...others, topic: filter }) : local.subscribe({ ...others, topic: filter, codec });
    });
  return portWith(local, {
    subscribe: subscribe as LocalTopics['subscribe'],
    publish$: request =>
      defer(() => {
        note(request);
        return local.publish$(request).pipe(notingRefusals(request.topic, notes.refusals));
      }),
    publish: request => () => {
      note(request);
      return local.publish(request)();
    },
  });
}

function recordingConfiguration(configuration: Configuration, notes: NucleusNotes): Configuration {
  const note = (kind: 'configuration' | 'validation', { componentName = '', keyPath = [] }: ConfigurationKey): void => {
    notes.news.push({ branch: notes.branch(), kind, name: `${componentName}/${keyPath.join('/')}` });
  };
  return {
    update: (value, key) => configuration.update(value, key),
    validate: (codec, key = {}) =>
      defer(() => {
        note('validation', key);
        return configuration.validate(codec, key);
      }),
    value$: (codec, key = {}) =>
      defer(() => {
        note('configuration', key);
        return configuration.value$(codec, key);
      }),
  };
}

function recordingLifecycle(lifecycle: Lifecycle, notes: NucleusNotes): Lifecycle {
  const noting = <A>(updates$: Observable<A>): Observable<A> =>
    defer(() => {
      notes.news.push({ branch: notes.branch(), kind: 'updates', name: 'updates' });
      return updates$;
    });
  return {
    report: state => lifecycle.report(state),
    updates$: noting(lifecycle.updates$),
    deferWhile: (busy$, recheckAfter) => noting(lifecycle.deferWhile(busy$, recheckAfter)),
  };
}
