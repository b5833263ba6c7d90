import { isUtf8 } from 'node:buffer';
import type { SpanContext } from '@opentelemetry/api';
import type { LocalMessage, LocalPublishRequest } from '../client/local-message.js';
import { localPublishProblem } from '../client/local-request.js';
import { publishProblem } from '../client/mqtt-request.js';
import type { PublishError } from '../errors/errors.js';
import type { MqttMessage, PublishRequest, UserProperty } from '../ports/mqtt-proxy.js';
import { isJsonObject, parsedJson } from '../shared/check-argument.js';
import type { TracingOptions } from './spans.js';
import { readTraceContext, type Traced, TRACEPARENT, TRACESTATE, writeTraceContext } from './trace-context.js';

/** How {@link traced} traces an MQTT proxy. */
export interface TracedOptions extends TracingOptions {
  /**
   * Where messages have their trace context.
   * - `userProperties` (default): the MQTT 5 user properties `traceparent` and `tracestate`. Greengrass Lite does not carry them.
   * - `payload`: members `traceparent` and `tracestate` of payloads that are JSON objects, on both nuclei. A codec of the receiver must
   *   allow them.
   * - `none`: nowhere. There are spans, and each publish is the end of its trace.
   */
  readonly carrier?: 'userProperties' | 'payload' | 'none' | undefined;
}

/** How {@link traced} traces local topics. These have no place for a context but the payload, so it has to be said. */
export interface TracedLocalOptions extends TracingOptions {
  /**
   * Where messages have their trace context.
   * - `payload`: members `traceparent` and `tracestate` of what is a JSON object, sent as `json` or as `payload`.
   * - `none`: nowhere. There are spans, and each publish is the end of its trace.
   */
  readonly carrier: 'payload' | 'none';
}

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

/** Where a message has its trace context. `M` is a message, or a request that has been made for it, `R` a request to publish one. */
interface Carrier<in M, in out R> {
  /** As spans tell it. */
  readonly name: 'user_properties' | 'payload';
  /** The context that a message came with. */
  readonly read: (message: M | R) => SpanContext | undefined;
  /** The request with a context, in the place of the one it has. `undefined`: there is no place for it. */
  readonly write: (request: R, context: SpanContext) => R | undefined;
}

/** The fields as MQTT 5 user properties, where the W3C's draft for MQTT has them. */
const userProperties: Carrier<MqttMessage, PublishRequest> = {
  name: 'user_properties',
  read: ({ userProperties = [] }) => {
    const valuesOf = (name: string): readonly string[] => userProperties.filter(({ key }) => key === name).map(({ value }) => value);
    const parents = valuesOf(TRACEPARENT);
    return parents.length === 0 ? undefined : readTraceContext(parents, valuesOf(TRACESTATE));
  },
  write: (request, context) => {
    const others = (request.userProperties ?? []).filter(({ key }) => key !== TRACEPARENT && key !== TRACESTATE);
    const own = Object.entries(writeTraceContext(context)).map(([key, value]): UserProperty => ({ key, value }));
    return { ...request, userProperties: [...others, ...own] };
  },
};

/** The fields as members of a payload that is a JSON object, where CloudEvents' extension for distributed tracing has them. */
const mqttPayload: Carrier<MqttMessage, PublishRequest> = {
  name: 'payload',
  read: readPayload,
  write: (request, context) => {
    const payload = withFields(request.payload, context);
    return payload === undefined ? undefined : { ...request, payload };
  },
};

const CARRIERS: Readonly<Record<'userProperties' | 'payload' | 'none', Carrier<MqttMessage, PublishRequest> | undefined>> = {
  userProperties,
  payload: mqttPayload,
  none: undefined,
};

/** The same on local topics. */
const localPayload: Carrier<LocalMessage, LocalPublishRequest> = {
  name: 'payload',
  read: message => ('json' in message && message.json !== undefined ? contextIn(message.json) : readPayload(message)),
  write: (request, context) => {
    const { topic, json } = request;
    if (json !== undefined) {
      // As it will be written: an object may say itself what it is as JSON.
      const written = parsedJson(JSON.stringify(json));
      if (!isJsonObject(written)) return undefined;
      const { [TRACEPARENT]: _parent, [TRACESTATE]: _state, ...others } = written;
      return { topic, json: { ...writeTraceContext(context), ...others } };
    }
    const payload = withFields(request.payload, context);
    return payload === undefined ? undefined : { topic, payload };
  },
};

const IN_A_PAYLOAD = `"${TRACEPARENT}"`;

function readPayload({ payload = '' }: { readonly payload?: Uint8Array | string | undefined }): SpanContext | undefined {
  const text = typeof payload === 'string' ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  // Cheaper than parsing what has none.
  if (!text.includes(IN_A_PAYLOAD)) return undefined;
  const parsed = parsedJson(text.toString());
  return contextIn(parsed) ?? contextIn(isJsonObject(parsed) ? parsed['payload'] : undefined);
}

/** Also inside the envelope of an outbox, where it was stored with the message. */
function contextIn(value: unknown): SpanContext | undefined {
  if (!isJsonObject(value)) return undefined;
  const { [TRACEPARENT]: parent, [TRACESTATE]: state } = value;
  if (typeof parent !== 'string') return undefined;
  return readTraceContext([parent], typeof state === 'string' ? [state] : []);
}

/** The tokens of JSON that has been parsed before, but for numbers and words. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]/gu;

/**
 * The payload with the fields in front, in the place of those it has. Everything else stays as it is written, digit for digit. `undefined`:
 * it is no JSON object.
 */
function withFields(payload: Uint8Array | string, context: SpanContext): string | undefined {
  if (typeof payload !== 'string' && !isUtf8(payload)) return undefined;
  const text = typeof payload === 'string' ? payload : Buffer.from(payload).toString('utf8');
  if (!isJsonObject(parsedJson(text))) return undefined;
  const own = JSON.stringify(writeTraceContext(context)).slice(1, -1);
  return `{${[own, ...othersIn(text)].join(',')}}`;
}

/** The members of a JSON object as they are written, but for the fields. */
function othersIn(text: string): readonly string[] {
  const others: string[] = [];
  let depth = 0;
  let start = 0;
  let key: unknown;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const isEnd = depth === 1 && (token === ',' || token === '}');
    if (isEnd) {
      const member = text.slice(start, index).trim();
      if (member !== '' && key !== TRACEPARENT && key !== TRACESTATE) others.push(member);
      key = undefined;
    }
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1 && key === undefined && token.startsWith('"')) key = JSON.parse(token);
    if (isEnd || (depth === 1 && start === 0)) start = index + 1;
  }
  return others;
}
