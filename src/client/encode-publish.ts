import { encodeBase64 } from '../shared/base64.js';
import type { PublishToIoTCoreRequest } from '../ipc/wire/shapes.js';
import type { PublishRequest } from '../ports/mqtt-message.js';

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
