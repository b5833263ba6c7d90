import { encodeRpcMessage, MessageFlag, MessageType } from '../../ipc/wire/rpc-message.js';
import type { BrokerMessage } from '../broker/broker.js';
import type { DeviceSubscriptions } from '../broker/device-subscriptions.js';
import type { MqttVersion } from '../nucleus.js';
import type { PubSub } from '../pubsub/pub-sub.js';
import { Call, type Members } from '../server/call.js';
import { errorHeaders, EventFrames, HeaderTemplate, shapeHeaders } from '../server/frames.js';
import type { ProfileContext } from '../server/protocol.js';
import { gson } from './gson.js';
import type { ClassicSpool, SpoolLimits } from './spool.js';

/** Limits of the classic nucleus that a device's configuration can change. */
export interface ClassicLimits {
  readonly spool: SpoolLimits;
  readonly mqttVersion: MqttVersion;
  /** The largest payload, in bytes: 128 KiB. */
  readonly maxPayload: number;
}

/** What the connections of a classic nucleus work with. */
export interface ClassicShared {
  readonly context: ProfileContext;
  readonly limits: ClassicLimits;
  readonly spool: ClassicSpool;
  readonly table: DeviceSubscriptions;
  readonly local: PubSub;
}

/** One operation being carried out on one stream of a classic nucleus. */
export class ClassicCall extends Call<ClassicShared> {
  /** The last frame of the stream. The client may end the stream first, while a fault keeps the frame back. */
  end(frame: () => Buffer): void {
    const { caller, streams, streamId } = this;
    streams.keep(streamId);
    this.answer(() => {
      if (streams.close(streamId)) caller.peer.send(frame(), false);
    });
  }

  /** The answer of a stream that stays open, which the caller has kept. */
  begin(frame: () => Buffer): void {
    const { caller, streams, streamId } = this;
    this.answer(() => {
      if (streams.has(streamId)) caller.peer.send(frame(), false);
    });
  }

  fail(code: ClassicErrorCode, message: string | undefined, resource?: string, context?: Members): void {
    this.caller.failed(this.operation, code, message ?? '', resource);
    this.end(() => classicError(this.streamId, code, message, context));
  }
}

/** The errors the classic nucleus answers with. */
export type ClassicErrorCode =
  'ServiceError' | 'UnauthorizedError' | 'InvalidArgumentsError' | 'ResourceNotFoundError' | 'FailedUpdateConditionCheckError';

export const classicPublishReply: HeaderTemplate = shapeHeaders('PublishToIoTCoreResponse', true, 'content first');
export const classicSubscribeReply: HeaderTemplate = shapeHeaders('SubscribeToIoTCoreResponse', false, 'content first');
export const classicStatusReply: HeaderTemplate = shapeHeaders('SubscribeToIoTCoreConnectionStatusResponse', false, 'content first');
export const classicStatusEvent: HeaderTemplate = shapeHeaders('IoTCoreConnectionStatusEvent', false, 'content first');

const errors: Readonly<Record<ClassicErrorCode, HeaderTemplate>> = {
  ServiceError: errorHeaders('ServiceError', 'content first'),
  UnauthorizedError: errorHeaders('UnauthorizedError', 'content first'),
  InvalidArgumentsError: errorHeaders('InvalidArgumentsError', 'content first'),
  ResourceNotFoundError: errorHeaders('ResourceNotFoundError', 'content first'),
  FailedUpdateConditionCheckError: errorHeaders('FailedUpdateConditionCheckError', 'content first'),
};

const unmodelledJson = new HeaderTemplate(
  {
    type: MessageType.ApplicationError,
    flags: MessageFlag.TerminateStream,
    contentType: 'application/json',
  },
  'content first',
);
const unmodelledText = new HeaderTemplate(
  {
    type: MessageType.ApplicationError,
    flags: MessageFlag.TerminateStream,
    contentType: 'text/plain',
  },
  'content first',
);

/** A modelled error. `undefined` is the message of a Java exception that has none. */
export function classicError(
  streamId: number,
  code: ClassicErrorCode,
  message: string | undefined,
  context?: Record<string, unknown>,
): Buffer {
  const body = { message, context, _service: 'aws.greengrass#GreengrassCoreIPC', _message: message, _errorCode: code };
  return errors[code].frame(streamId, gson(body));
}

/** What Java 17 says where a method of nothing is called. */
export function nullPointer(method: string, name: string): string {
  return `Cannot invoke "software.amazon.awssdk.aws.greengrass.model.${method}" because "${name}" is null`;
}

/** What an exception that nobody expected turns into: text, and no model type. */
export function classicInternalError(streamId: number): Buffer {
  return unmodelledText.frame(streamId, 'InternalServerError');
}

/** The answer to an operation nobody registered. */
export function classicUnsupported(streamId: number, operation: string): Buffer {
  return unmodelledJson.frame(streamId, `{ "error": "Unsupported Operation", "message": "${operation} is an unsupported operation." }`);
}

export function classicConnectAck(accepted: boolean): Buffer {
  return encodeRpcMessage({ type: MessageType.ConnectAck, flags: accepted ? MessageFlag.ConnectionAccepted : 0, streamId: 0 });
}

const headers = shapeHeaders('IoTCoreMessage', false, 'content first');

/** A message as the classic nucleus sends it to its subscribers. */
export function classicEvent(message: BrokerMessage): EventFrames {
  return new EventFrames(headers, eventJson(message));
}

/** An event's JSON in the order of the service model. `payloadFormat` and `retain` are always there. */
function eventJson(message: BrokerMessage): string {
  const { topicName, payload, retain, userProperties, messageExpiryIntervalSeconds, correlationData, responseTopic, contentType } = message;
  const payloadFormat = message.payloadFormat ?? '0';
  const others = userProperties ?? messageExpiryIntervalSeconds ?? correlationData ?? responseTopic ?? contentType;
  if (others === undefined) return plainEventJson(topicName, payload, retain === true, payloadFormat);
  return gson({
    message: {
      topicName,
      payload: base64(payload),
      retain: retain === true,
      userProperties,
      messageExpiryIntervalSeconds,
      correlationData: correlationData && base64(correlationData),
      responseTopic,
      payloadFormat,
      contentType,
    },
  });
}

/** The same for a message without MQTT 5 members, which is nearly every one: no object is built and nothing is searched twice. */
function plainEventJson(topicName: string, payload: Uint8Array, retain: boolean, payloadFormat: string): string {
  const text = base64(payload);
  const padding = text.indexOf('=');
  const escaped = padding < 0 ? text : text.slice(0, padding) + '\\u003d'.repeat(text.length - padding);
  return `{"message":{"topicName":${topicJson(topicName)},"payload":"${escaped}","retain":${String(retain)},"payloadFormat":"${payloadFormat}"}}`;
}

/** The last topic's JSON: messages on one topic come in runs, and escaping it costs more than the payload's base64. */
let lastTopic = '';
let lastTopicJson = '""';

function topicJson(topicName: string): string {
  if (topicName !== lastTopic) {
    lastTopicJson = gson(topicName);
    lastTopic = topicName;
  }
  return lastTopicJson;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
