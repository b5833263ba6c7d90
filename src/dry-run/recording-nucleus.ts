import { defer, type Observable } from 'rxjs';
import type { Configuration, ConfigurationKey } from '../client/configuration.js';
import type { Nucleus } from '../client/connect.js';
import type { Lifecycle } from '../client/lifecycle.js';
import type { LocalPublishRequest } from '../client/local-message.js';
import type { AnyLocalSubscribeRequest, LocalTopics } from '../client/local-topics.js';
import type { Decoder } from '../codec/codec.js';
import type { ReceiveMode } from '../ipc/wire/shapes.js';
import type { MqttProxy } from '../ports/mqtt-proxy.js';
import { topicFilterOf } from '../topic/topic-template.js';
import type { PayloadSamples } from './recording-proxy.js';

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

/** A configuration or updates that are followed, or a configuration that is validated before it is deployed: what a component hears of its nucleus. */
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
  readonly samples: PayloadSamples;
}

/** The same nucleus, of which is noted what is done with its services; its MQTT proxy is one that notes already. */
export function recordingNucleus(nucleus: Nucleus, mqtt: MqttProxy, notes: NucleusNotes): Nucleus {
  return {
    mqtt,
    local: recordingTopics(nucleus.local, notes),
    configuration: recordingConfiguration(nucleus.configuration, notes),
    lifecycle: recordingLifecycle(nucleus.lifecycle, notes),
    ready: () => nucleus.ready(),
    state$: nucleus.state$,
    draining$: nucleus.draining$,
    drain: deadline => nucleus.drain(deadline),
    holdDrain: () => nucleus.holdDrain(),
    close: () => nucleus.close(),
    [Symbol.asyncDispose]: () => nucleus.close(),
  };
}

function recordingTopics(local: LocalTopics, notes: NucleusNotes): LocalTopics {
  const note = ({ topic, payload, json }: LocalPublishRequest): void => {
    const bytes = json === undefined ? payload : JSON.stringify(json);
    const payloadBytes = Buffer.byteLength(bytes);
    notes.samples.add(true, topic, bytes);
    notes.localPublishes.push({ branch: notes.branch(), topic, payloadBytes });
  };
  const subscribe = (request: AnyLocalSubscribeRequest): Observable<unknown> =>
    defer(() => {
      const { topic, receiveMode, codec, silence } = request;
      const filter = topicFilterOf(topic);
      notes.localSubscriptions.push({
        branch: notes.branch(),
        filter,
        receiveMode,
        codec,
        canaryTopicName: silence?.canaryTopicName,
      });
      // The overloads tell requests apart by their members; all of them are handed on as they are.
      return local.subscribe({ ...request, topic: filter });
    });
  return {
    subscribe: subscribe as LocalTopics['subscribe'],
    publish$: request =>
      defer(() => {
        note(request);
        return local.publish$(request);
      }),
    publish: request => () => {
      note(request);
      return local.publish(request)();
    },
    state$: local.state$,
    draining$: local.draining$,
    holdDrain: () => local.holdDrain(),
    rules: local.rules,
  };
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
