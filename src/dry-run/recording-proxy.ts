import { defer, type Observable } from 'rxjs';
import type { Decoder } from '../codec/codec.js';
import type { PublishRequest } from '../ports/mqtt-message.js';
import type { MqttProxy, SubscribeRequest } from '../ports/mqtt-proxy.js';
import { type QOS, qosOf } from '../shared/qos.js';
import { topicFilterOf, type TopicPattern } from '../topic/topic-template.js';

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

/** A payload that was published without a message having come, of which only the first few of a topic are kept. */
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
    if (count >= OF_A_TOPIC || this.all.length >= MOST_SAMPLES) return;
    this.#counts.set(name, count + 1);
    this.all.push({ isLocal, topicName, payload: typeof payload === 'string' ? new TextEncoder().encode(payload) : payload });
  }
}

const OF_A_TOPIC = 3;
const MOST_SAMPLES = 1_000;

/** What a {@link recordingProxy} notes, and of which branch. */
export interface ProxyNotes {
  readonly branch: () => string | undefined;
  readonly subscriptions: RecordedSubscription[];
  readonly publishes: RecordedPublish[];
  readonly samples: PayloadSamples;
}

type AnyRequest = Omit<SubscribeRequest, 'topicName'> & {
  readonly topicName: string | TopicPattern<unknown>;
  readonly codec?: Decoder<unknown> | undefined;
};

/** The same proxy, of which is noted what is subscribed and published. */
export function recordingProxy(proxy: MqttProxy, notes: ProxyNotes): MqttProxy {
  const notePublish = ({ topicName, payload }: PublishRequest): void => {
    notes.publishes.push({ branch: notes.branch(), topicName, payloadBytes: Buffer.byteLength(payload) });
    notes.samples.add(false, topicName, payload);
  };
  const subscribe = (request: AnyRequest): Observable<unknown> =>
    defer(() => {
      const { topicName, qos, codec, silence } = request;
      notes.subscriptions.push({
        branch: notes.branch(),
        filter: topicFilterOf(topicName),
        qos: qosOf(qos),
        codec,
        canaryTopicName: silence?.canaryTopicName,
      });
      // The overloads tell requests apart by their members; all of them are handed on as they are.
      return proxy.subscribe(request as SubscribeRequest);
    });
  return {
    ready: () => proxy.ready(),
    state$: proxy.state$,
    cloud$: proxy.cloud$,
    subscribe: subscribe as MqttProxy['subscribe'],
    publish$: request =>
      defer(() => {
        notePublish(request);
        return proxy.publish$(request);
      }),
    publish: request => () => {
      notePublish(request);
      return proxy.publish(request)();
    },
    drain: deadline => proxy.drain(deadline),
    draining$: proxy.draining$,
    holdDrain: () => proxy.holdDrain(),
    close: () => proxy.close(),
    [Symbol.asyncDispose]: () => proxy.close(),
  };
}
