import { isUtf8 } from 'node:buffer';
import type { SpanContext } from '@opentelemetry/api';
import type { LocalMessage, LocalPublishRequest } from '../client/local-message.js';
import type { MqttMessage, PublishRequest, UserProperty } from '../ports/mqtt-proxy.js';
import { isJsonObject } from '../shared/check-argument.js';
import { readTraceContext, TRACEPARENT, TRACESTATE, writeTraceContext } from './trace-context.js';

/** Where a message has its trace context. `M` is a message, or a request that has been made for it, `R` a request to publish one. */
export interface Carrier<in M, in out R> {
  /** As spans tell it. */
  readonly name: 'user_properties' | 'payload';
  /** The context that a message came with. */
  readonly read: (message: M | R) => SpanContext | undefined;
  /** The request with a context, in the place of the one it has. `undefined`: there is no place for it. */
  readonly write: (request: R, context: SpanContext) => R | undefined;
}

/** The fields as MQTT 5 user properties, where the W3C's draft for MQTT has them. */
export const userProperties: Carrier<MqttMessage, PublishRequest> = {
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
export const mqttPayload: Carrier<MqttMessage, PublishRequest> = {
  name: 'payload',
  read: readPayload,
  write: (request, context) => {
    const payload = withFields(request.payload, context);
    return payload === undefined ? undefined : { ...request, payload };
  },
};

/** The same on local topics. */
export const localPayload: Carrier<LocalMessage, LocalPublishRequest> = {
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

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The tokens of JSON that has been parsed before, but for numbers and words. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]/gu;

/**
 * The payload with the fields in front, in the place of those it has. Everything else stays as it is written, digit for digit. `undefined`: it is no JSON
 * object.
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
