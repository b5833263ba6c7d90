import { MessageFlag, MessageType, encodeRpcMessage } from '../../ipc/wire/rpc-message.js';
import type { BrokerMessage } from '../broker/broker-message.js';
import { EventFrames } from '../server/event-frames.js';
import type { HeaderTemplate } from '../server/header-template.js';
import { errorHeaders, shapeHeaders } from '../server/replies.js';

/** The errors Greengrass Lite answers with. */
export type LiteErrorCode = 'ServiceError' | 'UnauthorizedError' | 'InvalidArgumentsError' | 'ResourceNotFoundError';

/** Lite never ends a stream with a success, not even a publish: the client owes the terminate. */
export const litePublishReply: HeaderTemplate = shapeHeaders('PublishToIoTCoreResponse', false, 'content last');
export const liteSubscribeReply: HeaderTemplate = shapeHeaders('SubscribeToIoTCoreResponse', false, 'content last');
export const liteStatusReply: HeaderTemplate = shapeHeaders('SubscribeToIoTCoreConnectionStatusResponse', false, 'content last');
export const liteStatusEvent: HeaderTemplate = shapeHeaders('IoTCoreConnectionStatusEvent', false, 'content last');

/** With the content type, without which the SDK for Python takes an event for an error: `ggl_ipc_response_send` writes it on all. */
const eventHeaders = shapeHeaders('IoTCoreMessage', false, 'content last');
const errors: Readonly<Record<LiteErrorCode, HeaderTemplate>> = {
  ServiceError: errorHeaders('ServiceError', 'content last'),
  UnauthorizedError: errorHeaders('UnauthorizedError', 'content last'),
  InvalidArgumentsError: errorHeaders('InvalidArgumentsError', 'content last'),
  ResourceNotFoundError: errorHeaders('ResourceNotFoundError', 'content last'),
};

export function liteError(streamId: number, code: LiteErrorCode, message: string): Buffer {
  return errors[code].frame(streamId, JSON.stringify({ _message: message, _errorCode: code }));
}

export function liteConnectAck(): Buffer {
  return encodeRpcMessage({ type: MessageType.ConnectAck, flags: MessageFlag.ConnectionAccepted, streamId: 0 });
}

/** All that Lite carries of a message: its topic and its payload. */
export function liteEvent({ topicName, payload }: BrokerMessage): EventFrames {
  const base64 = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('base64');
  return new EventFrames(eventHeaders, `{"message":{"topicName":${JSON.stringify(topicName)},"payload":"${base64}"}}`);
}
