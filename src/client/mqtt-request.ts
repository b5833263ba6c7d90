import { inspect } from 'node:util';
import { InvalidRequest, type Operation } from '../errors/errors.js';
import { requestHeadersLength } from '../ipc/wire/encode-request.js';
import { FRAME_OVERHEAD } from '../ipc/wire/frame.js';
import { type PublishToIoTCoreRequest, UserProperties } from '../ipc/wire/shapes.js';
import type { Capabilities, Profile, PublishRequest, SilenceWatch, SubscribeRequest } from '../ports/mqtt-proxy.js';
import { encodeBase64 } from '../shared/base64.js';
import { PUBLISH, SUBSCRIBE } from '../shared/operations.js';
import { QOS } from '../shared/qos.js';
import { topicMatches } from '../topic/topic-matches.js';
import { publishTopicProblem, topicFilterProblem } from '../topic/topic-rules.js';
import { capabilitiesOf } from './nucleus-profile.js';

/** The JSON of a `PublishToIoTCore` request. */
export function encodePublish(request: PublishRequest): string {
  const { topicName, qos, payload } = request;
  const blob = typeof payload === 'string' ? Buffer.from(payload, 'utf8').toString('base64') : encodeBase64(payload);
  // Base64 and qos need no escaping, and a message rarely has more than these three members.
  const head = `{"topicName":${JSON.stringify(topicName)},"qos":"${qos}","payload":"${blob}"`;
  const members = mqtt5Members(request);
  return members === undefined ? `${head}}` : `${head},${JSON.stringify(members).slice(1)}`;
}

function mqtt5Members(request: PublishRequest): Partial<PublishToIoTCoreRequest<string>> | undefined {
  const members: Partial<PublishToIoTCoreRequest<string>> = {};
  if (request.retain !== undefined) members.retain = request.retain;
  if (request.userProperties !== undefined) members.userProperties = request.userProperties.map(({ key, value }) => ({ key, value }));
  if (request.messageExpiryIntervalSeconds !== undefined) members.messageExpiryIntervalSeconds = request.messageExpiryIntervalSeconds;
  if (request.correlationData !== undefined) members.correlationData = encodeBase64(request.correlationData);
  if (request.responseTopic !== undefined) members.responseTopic = request.responseTopic;
  if (request.payloadFormat !== undefined) members.payloadFormat = request.payloadFormat;
  if (request.contentType !== undefined) members.contentType = request.contentType;
  return Object.keys(members).length === 0 ? undefined : members;
}

/** The largest payload IoT Core takes ("AWS IoT Core message broker limits"); a larger one may cost the device its connection. */
export const MAX_PAYLOAD: number = 128 * 1024;

/** Bytes of a request's JSON that fit into one frame. */
export function requestRoom(operation: Operation, maxFrameBytes: number): number {
  return maxFrameBytes - FRAME_OVERHEAD - requestHeadersLength(operation);
}

/**
 * Bytes of the largest payload that can be published with such a request: the limit for `encodeBatches` and other stages. IoT Core takes
 * 128 KiB; on Greengrass Lite the whole message must fit into one frame of 10 012 bytes, with its topic and MQTT 5 members, as JSON, and
 * the payload as base64.
 *
 * @param to A profile, or what {@link MqttProxy.ready} found.
 * @param request The request without its payload. If requests differ, the one with the longest topic and members.
 * @returns 0 where not even an empty payload fits.
 *
 * @example
 * ```ts
 * import { payloadLimit, QOS } from 'greengrass-rx';
 *
 * const request = { topicName: 'plant/7/readings', qos: QOS.AT_LEAST_ONCE };
 * console.log(payloadLimit('classic', request)); // 131072
 * console.log(payloadLimit('lite', request)); // 7380, of a frame of 10 012
 * ```
 */
export function payloadLimit(to: Profile | Pick<Capabilities, 'maxFrameBytes'>, request: Omit<PublishRequest, 'payload'>): number {
  const { maxFrameBytes } = typeof to === 'string' ? capabilitiesOf(to, 'socket', undefined) : to;
  const room = requestRoom(PUBLISH, maxFrameBytes) - Buffer.byteLength(encodePublish({ ...request, payload: '' }));
  // Base64 makes four bytes of three.
  return Math.min(MAX_PAYLOAD, Math.max(0, Math.floor(room / 4) * 3));
}

/** The largest message expiry MQTT 5 has room for, in seconds (section 3.3.2.3.3). */
const MAX_EXPIRY = 0xffff_ffff;

/** What is wrong with a publish, whatever the nucleus. */
export function publishProblem(request: PublishRequest): InvalidRequest<'message'> | undefined {
  const { topicName, qos, payload } = request;
  const problem =
    notText('topicName', topicName) ??
    publishTopicProblem(topicName) ??
    qosProblem(qos) ??
    payloadProblem(payload) ??
    mqtt5Problem(request);
  return problem === undefined ? undefined : new InvalidRequest('message', PUBLISH, topicName, 'client', problem);
}

/** What is wrong with a subscription, whatever the nucleus. */
export function subscribeProblem(request: SubscribeRequest): InvalidRequest<'terminal'> | undefined {
  const { topicName, qos, silence } = request;
  const problem =
    notText('topicName', topicName) ??
    topicFilterProblem(topicName) ??
    qosProblem(qos) ??
    silenceProblem(topicName, silence, publishTopicProblem);
  return problem === undefined ? undefined : new InvalidRequest('terminal', SUBSCRIBE, topicName, 'client', problem);
}

/** What is wrong with the size of an encoded request for this nucleus, which drops the connection at a frame that is too large. */
export function frameProblem(
  operation: Operation,
  topicName: string,
  payload: string,
  { maxFrameBytes, profile }: Capabilities,
): InvalidRequest<'message'> | undefined {
  // A UTF-16 unit takes at most three bytes, so that most payloads need not be counted.
  const room = requestRoom(operation, maxFrameBytes);
  if (payload.length * 3 <= room) return undefined;
  const bytes = Buffer.byteLength(payload, 'utf8');
  if (bytes <= room) return undefined;
  return new InvalidRequest(
    'message',
    operation,
    topicName,
    'client',
    `The message is too large for a ${profile} nucleus: encoded as JSON and base64 it has ${bytes} bytes, and ${room} fit into one IPC frame. Publish less at a time.`,
  );
}

/** Callers in JavaScript have no compiler to tell them. */
function notText(name: string, topic: unknown): string | undefined {
  return typeof topic === 'string' ? undefined : `${name} must be a string, not ${inspect(topic)}.`;
}

function isBytes(value: unknown): boolean {
  return value instanceof Uint8Array;
}

function qosProblem(qos: unknown): string | undefined {
  if (qos === QOS.AT_MOST_ONCE || qos === QOS.AT_LEAST_ONCE || qos === 0 || qos === 1) return undefined;
  return `qos must be QOS.AT_MOST_ONCE ('0' or 0) or QOS.AT_LEAST_ONCE ('1' or 1), not ${inspect(qos)}. AWS IoT Core has no QoS 2.`;
}

/** What is wrong with a silence watch on this filter. `topicProblem` says what is wrong with a topic to publish to. */
export function silenceProblem(
  topicFilter: string,
  silence: SilenceWatch | undefined,
  topicProblem: (topic: string) => string | undefined,
): string | undefined {
  if (silence === undefined) return undefined;
  const { maximum, canaryTopicName } = silence;
  if (!(maximum > 0)) return `silence.maximum must be a number of milliseconds above 0, not ${inspect(maximum)}.`;
  if (canaryTopicName === undefined) return undefined;
  const problem = topicProblem(canaryTopicName);
  if (problem !== undefined) return `silence.canaryTopicName: ${problem}`;
  if (topicMatches(topicFilter, canaryTopicName)) return undefined;
  return `silence.canaryTopicName "${canaryTopicName}" is not matched by "${topicFilter}", so the canary would never come back on this subscription.`;
}

function payloadProblem(payload: unknown): string | undefined {
  if (typeof payload !== 'string' && !(payload instanceof Uint8Array))
    return 'payload must be a string or a Uint8Array. Encode the value first, as json(codec).encode does.';
  if (payload.length * 3 <= MAX_PAYLOAD) return undefined;
  const bytes = typeof payload === 'string' ? Buffer.byteLength(payload, 'utf8') : payload.length;
  if (bytes <= MAX_PAYLOAD) return undefined;
  return `The payload has ${bytes} bytes and AWS IoT Core takes at most ${MAX_PAYLOAD}. Split it, or put it into Amazon S3 and publish where it is.`;
}

function mqtt5Problem(request: PublishRequest): string | undefined {
  const { responseTopic, messageExpiryIntervalSeconds: expiry, userProperties, correlationData } = request;
  if (expiry !== undefined && !(Number.isInteger(expiry) && expiry >= 0 && expiry <= MAX_EXPIRY)) {
    return `messageExpiryIntervalSeconds must be a whole number from 0 to ${MAX_EXPIRY}, not ${expiry}.`;
  }
  if (userProperties !== undefined && !UserProperties.is(userProperties))
    return 'userProperties must be an array of { key, value }, both strings.';
  if (correlationData !== undefined && !isBytes(correlationData)) return 'correlationData must be a Uint8Array.';
  if (responseTopic === undefined) return undefined;
  const noText = notText('responseTopic', responseTopic);
  if (noText !== undefined) return noText;
  const problem = publishTopicProblem(responseTopic);
  return problem === undefined ? undefined : `responseTopic: ${problem}`;
}
