import { inspect } from 'node:util';
import { InvalidRequest, type Operation } from '../errors/errors.js';
import { FRAME_OVERHEAD } from '../ipc/wire/frame.js';
import { encodeHeaders } from '../ipc/wire/headers.js';
import { MessageType, rpcHeaders } from '../ipc/wire/rpc-message.js';
import type { ReceiveMode } from '../ipc/wire/shapes.js';
import type { Capabilities, SilenceWatch, SubscriptionStatus } from '../ports/mqtt-proxy.js';
import { PUBLISH_TO_TOPIC, SUBSCRIBE_TO_TOPIC } from '../shared/operations.js';
import { messageOf } from '../shared/visible.js';
import { classicLocalRoutes } from '../topic/topic-matches.js';
import { hasLoneSurrogate, misplacedWildcard, mqttStringProblem, quoted } from '../topic/topic-rules.js';
import type { LocalPublishRequest } from './local-message.js';
import { frameProblem, silenceProblem } from './mqtt-request.js';

/** What to subscribe to on local topics. */
export interface LocalSubscribeRequest {
  /** A topic, or a filter with `+` and `#`. On a classic nucleus `r/#` does not match `r`, on Greengrass Lite it does. */
  readonly topic: string;
  /**
   * Whether messages of this component itself come as well. The default, on both nuclei, is what a classic nucleus does: only messages of
   * others if the filter has a wildcard, and otherwise all. Greengrass Lite sends all; there this connection removes those that it has
   * published itself, recognised by topic and content among the last 1 000. A classic nucleus removes those of all connections of the
   * component.
   */
  readonly receiveMode?: ReceiveMode | undefined;
  /** Detects a subscription that has died silently, as when the daemon of local topics of Greengrass Lite restarts. Default: none. */
  readonly silence?: SilenceWatch | undefined;
  /** Told of every change of the subscription's status, in order. Must not throw. */
  readonly onStatus?: ((status: SubscriptionStatus) => void) | undefined;
}

/** Bytes of a topic or filter that Greengrass Lite takes. */
const LITE_TOPIC_BYTES = 256;
/** Levels of `message` that Greengrass Lite reads. Each further level doubles the time it takes; with 100 it serves nobody any more. */
const LITE_LEVELS = 13;
/** Bytes of the largest event that Greengrass Lite sends; it loses larger ones silently. */
const LITE_EVENT_BYTES = 10_000;
/** What the request puts around `message`. */
const LEVELS_AROUND = 3;
/** Greengrass Lite writes a fraction with seventeen digits. */
const LITE_NUMBER_CHARACTERS = 24;

const EVENT_HEADERS = encodeHeaders(
  rpcHeaders({
    type: MessageType.ApplicationMessage,
    flags: 0,
    streamId: 0,
    contentType: 'application/json',
    modelType: 'aws.greengrass#SubscriptionResponseMessage',
  }),
).length;

/** What is wrong with a local publish, whatever the nucleus. Checked before it is sent, since the nuclei change such values, or crash. */
export function localPublishProblem(request: LocalPublishRequest): InvalidRequest<'message'> | undefined {
  const { topic, payload, json } = request;
  const problem = topicProblem(topic) ?? (json === undefined ? payloadProblem(payload) : jsonProblem(json));
  return problem === undefined ? undefined : new InvalidRequest('message', PUBLISH_TO_TOPIC, topic, 'client', problem);
}

/** What is wrong with an encoded local publish for this nucleus. */
export function localFrameProblem(
  operation: Operation,
  topic: string,
  payload: string,
  capabilities: Capabilities,
): InvalidRequest<'message'> | undefined {
  const isClassic = capabilities.profile === 'classic';
  const problem = isClassic ? classicTopicProblem(topic) : (liteTopicProblem('topic', topic) ?? liteMessageProblem(topic, payload));
  return problem === undefined
    ? frameProblem(operation, topic, payload, capabilities)
    : new InvalidRequest('message', operation, topic, 'client', problem);
}

/** What is wrong with a local subscription, whatever the nucleus. */
export function localSubscribeProblem(
  filter: string,
  request: LocalSubscribeRequest,
  mode: string,
): InvalidRequest<'terminal'> | undefined {
  const problem =
    filterProblem(filter) ??
    modeProblem(mode) ??
    silenceProblem(filter, request.silence, topicProblem) ??
    ownCanaryProblem(request.silence, mode);
  return problem === undefined ? undefined : new InvalidRequest('terminal', SUBSCRIBE_TO_TOPIC, filter, 'client', problem);
}

/** What is wrong with a local subscription for this nucleus. */
export function localSubscribeProblemOn(
  { profile }: Capabilities,
  filter: string,
  silence: SilenceWatch | undefined,
): InvalidRequest<'terminal'> | undefined {
  const canary = silence?.canaryTopicName;
  const problem =
    profile === 'lite'
      ? (liteTopicProblem('filter', filter) ?? (canary === undefined ? undefined : liteTopicProblem('topic', canary)))
      : classicCanaryProblem(filter, canary);
  return problem === undefined ? undefined : new InvalidRequest('terminal', SUBSCRIBE_TO_TOPIC, filter, 'client', problem);
}

function classicCanaryProblem(filter: string, canary: string | undefined): string | undefined {
  if (canary === undefined || classicLocalRoutes(filter, canary)) return undefined;
  return `silence.canaryTopicName "${canary}" is one that a classic nucleus does not match with "${filter}", so the canary would never come back on this subscription.`;
}

/** What is wrong with a topic or filter for Greengrass Lite. */
function liteTopicProblem(what: 'topic' | 'filter', topic: string): string | undefined {
  const bytes = Buffer.byteLength(topic);
  if (bytes <= LITE_TOPIC_BYTES) return undefined;
  return `The local ${what} ${quoted(topic)} has ${bytes} bytes, and Greengrass Lite takes at most ${LITE_TOPIC_BYTES}. Use a shorter one.`;
}

/** Java finds no level in such a topic, and the classic nucleus takes the first of them. */
function classicTopicProblem(topic: string): string | undefined {
  if (!/^\/+$/.test(topic)) return undefined;
  return `The local topic ${quoted(topic)} has slashes alone, over which a classic nucleus fails. Publish to a topic with a name in it.`;
}

function topicProblem(topic: unknown): string | undefined {
  if (typeof topic !== 'string') return `topic must be a string, not ${inspect(topic)}.`;
  const malformed = mqttStringProblem(topic);
  if (malformed !== undefined) return `The local topic ${quoted(topic)} ${malformed}. Publish to a name of one or more characters.`;
  if (!/[+#*]/.test(topic)) return undefined;
  return `The local topic ${quoted(topic)} contains +, # or *, which a classic nucleus refuses and which no subscriber could tell from a wildcard. Publish to one topic at a time.`;
}

function payloadProblem(payload: unknown): string | undefined {
  if (typeof payload === 'string' || payload instanceof Uint8Array) return undefined;
  return 'payload must be a string or a Uint8Array, or json an object. Encode the value first, as json(codec).encode does.';
}

/** What in a value JSON does not have, or a nucleus would change. `what` names the value in the sentence. */
export function jsonProblem(json: unknown, what = 'json'): string | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    const why =
      what === 'json'
        ? ': a classic nucleus takes nothing else as a JSON message. Put it into a member, or publish its text as payload.'
        : '.';
    return `${what} must be an object, not ${Array.isArray(json) ? 'an array' : inspect(json)}${why}`;
  }
  let problem: string | undefined;
  try {
    JSON.stringify(json, (key, value: unknown) => {
      problem ??= valueProblem(key, value, what) ?? (hasLoneSurrogate(key) ? surrogate(`A key of ${what}`) : undefined);
      return value;
    });
  } catch (cause) {
    return `${what} cannot be written as JSON: ${messageOf(cause)}`;
  }
  return problem;
}

function valueProblem(key: string, value: unknown, what: string): string | undefined {
  if (typeof value === 'string' && hasLoneSurrogate(value)) return surrogate(`${what} has a text under ${quoted(key)} that`);
  if (typeof value !== 'number') return undefined;
  if (!Number.isFinite(value)) return `${what} has ${value} under ${quoted(key)}, which JSON does not have.`;
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    return `${what} has the whole number ${value} under ${quoted(key)}, beyond 2^53: a classic nucleus makes a double of every number, and changes it. Send it as a text.`;
  return undefined;
}

function surrogate(what: string): string {
  return `${what} contains half of a surrogate pair, which has no UTF-8 form: a string was cut in the middle of a character.`;
}

function filterProblem(filter: unknown): string | undefined {
  if (typeof filter !== 'string') return `topic must be a string or a topic template, not ${inspect(filter)}.`;
  const malformed = mqttStringProblem(filter);
  if (malformed !== undefined)
    return `The local filter ${quoted(filter)} ${malformed}. Subscribe to a name or filter of one or more characters.`;
  const broken = misplacedWildcard(filter);
  if (broken === undefined) return undefined;
  return `The local filter ${quoted(filter)} has the level ${quoted(broken)}, where a wildcard is only part of the level or # is not the last. Let + stand alone between slashes, and # at the end.`;
}

function modeProblem(mode: unknown): string | undefined {
  if (mode === 'RECEIVE_ALL_MESSAGES' || mode === 'RECEIVE_MESSAGES_FROM_OTHERS') return undefined;
  return `receiveMode must be 'RECEIVE_ALL_MESSAGES' or 'RECEIVE_MESSAGES_FROM_OTHERS', not ${inspect(mode)}.`;
}

function ownCanaryProblem(silence: SilenceWatch | undefined, mode: string): string | undefined {
  if (silence?.canaryTopicName === undefined || mode === 'RECEIVE_ALL_MESSAGES') return undefined;
  return "A canary is a message of the component's own: it comes back with receiveMode: 'RECEIVE_ALL_MESSAGES' only.";
}

function liteMessageProblem(topic: string, payload: string): string | undefined {
  const { levels, longer } = measured(payload);
  if (levels - LEVELS_AROUND > LITE_LEVELS)
    return `json has ${levels - LEVELS_AROUND} levels, and Greengrass Lite reads ${LITE_LEVELS}: each further one costs it twice the time. Publish its text as payload instead.`;
  const event = Buffer.byteLength(payload) - '"topic":,"publishMessage":{}'.length + '"context":{"topic":},'.length + longer;
  const bytes = FRAME_OVERHEAD + EVENT_HEADERS + event;
  if (bytes <= LITE_EVENT_BYTES) return undefined;
  return `The message to the local topic ${quoted(topic)} would be an event of ${bytes} bytes, and Greengrass Lite loses one of more than ${LITE_EVENT_BYTES} without a word. Publish less at a time.`;
}

/** How deep a JSON text is nested, and by how many characters its numbers may grow. */
function measured(json: string): { readonly levels: number; readonly longer: number } {
  const outside = outsideTexts(json);
  let longer = 0;
  for (const [number] of outside.matchAll(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g)) {
    if (/[.eE]/.test(number)) longer += Math.max(0, LITE_NUMBER_CHARACTERS - number.length);
  }
  return { levels: levelsOf(outside), longer };
}

/** How deep the objects and lists of a JSON text are nested. */
export function levelsOf(json: string): number {
  let level = 0;
  let levels = 0;
  for (const character of outsideTexts(json)) {
    if (character === '{' || character === '[') levels = Math.max(levels, ++level);
    else if (character === '}' || character === ']') level--;
  }
  return levels;
}

function outsideTexts(json: string): string {
  return json.replace(/"(?:[^"\\]|\\.)*"/gs, '""');
}
