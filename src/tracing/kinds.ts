import type { LocalMessage, LocalPublishRequest } from '../client/local-message.js';
import { localPublishProblem } from '../client/local-request.js';
import { publishProblem } from '../client/mqtt-request.js';
import type { PublishError } from '../errors/errors.js';
import type { MqttMessage, PublishRequest } from '../ports/mqtt-proxy.js';
import { type Carrier, localPayload, mqttPayload, userProperties } from './carrier.js';
import type { Traced } from './trace-context.js';

/** What there is to know of a kind of port to trace it. `M` is a message of it, `R` a request to publish one. */
export interface TracedKind<in M, in out R> {
  /** What the conventions call `messaging.system`. */
  readonly system: string;
  /** `undefined`: a message has no place for a context. */
  readonly carrier: Carrier<M, R> | undefined;
  /** Why the port will refuse a request; callers without a compiler may have anything in one. */
  readonly problemOf: (request: R) => PublishError | undefined;
  readonly topicOf: (request: R) => string;
  /** `undefined`: not known before it is sent. */
  readonly bytesOf: (request: R) => number | undefined;
  /** The request without its `trace`, which is nothing that is sent. */
  readonly untraced: (request: R & Traced) => R;
}

const CARRIERS: Readonly<Record<'userProperties' | 'payload' | 'none', Carrier<MqttMessage, PublishRequest> | undefined>> = {
  userProperties,
  payload: mqttPayload,
  none: undefined,
};

/** Messages between the device and AWS IoT Core. */
export function mqttKind(carrier: 'userProperties' | 'payload' | 'none'): TracedKind<MqttMessage, PublishRequest> {
  return {
    system: 'mqtt',
    carrier: CARRIERS[carrier],
    problemOf: publishProblem,
    topicOf: ({ topicName }) => topicName,
    bytesOf: ({ payload }) => Buffer.byteLength(payload),
    untraced: ({ trace: _trace, ...request }) => request,
  };
}

/** Messages between the components of a device. */
export function localKind(carrier: 'payload' | 'none'): TracedKind<LocalMessage, LocalPublishRequest> {
  return {
    system: 'aws.greengrass',
    carrier: carrier === 'payload' ? localPayload : undefined,
    problemOf: localPublishProblem,
    topicOf: ({ topic }) => topic,
    bytesOf: ({ payload }) => (payload === undefined ? undefined : Buffer.byteLength(payload)),
    untraced: ({ topic, json, payload }) => (json === undefined ? { topic, payload } : { topic, json }),
  };
}
