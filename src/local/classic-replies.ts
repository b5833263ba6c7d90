import { MessageFlag, MessageType, encodeRpcMessage } from '../ipc/rpc-message.js';
import { HeaderTemplate } from './event-frames.js';
import { errorHeaders, shapeHeaders } from './replies.js';

/** The errors the classic nucleus answers with. */
export type ClassicErrorCode = 'ServiceError' | 'UnauthorizedError' | 'InvalidArgumentsError';

export const classicPublishReply: HeaderTemplate = shapeHeaders('PublishToIoTCoreResponse', true);
export const classicSubscribeReply: HeaderTemplate = shapeHeaders('SubscribeToIoTCoreResponse', false);
export const classicEvent: HeaderTemplate = shapeHeaders('IoTCoreMessage', false);
export const classicStatusReply: HeaderTemplate = shapeHeaders('SubscribeToIoTCoreConnectionStatusResponse', false);
export const classicStatusEvent: HeaderTemplate = shapeHeaders('IoTCoreConnectionStatusEvent', false);

const errors: Readonly<Record<ClassicErrorCode, HeaderTemplate>> = {
  ServiceError: errorHeaders('ServiceError'),
  UnauthorizedError: errorHeaders('UnauthorizedError'),
  InvalidArgumentsError: errorHeaders('InvalidArgumentsError'),
};

const unmodelledJson = new HeaderTemplate({
  type: MessageType.ApplicationError,
  flags: MessageFlag.TerminateStream,
  contentType: 'application/json',
});
const unmodelledText = new HeaderTemplate({
  type: MessageType.ApplicationError,
  flags: MessageFlag.TerminateStream,
  contentType: 'text/plain',
});

/** JSON as Gson writes it: `=`, `<`, `>`, `&` and `'` as escapes. So a base64 payload's padding arrives as `\u003d`. */
export function gson(value: unknown): string {
  return JSON.stringify(value).replace(/[=<>&'\u2028\u2029]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A modelled error. Without a message where Java's exception had none. */
export function classicError(
  streamId: number,
  code: ClassicErrorCode,
  message: string | undefined,
  context?: Record<string, unknown>,
): Buffer {
  const body = { message, context, _service: 'aws.greengrass#GreengrassCoreIPC', _message: message, _errorCode: code };
  return errors[code].frame(streamId, gson(body));
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

/**
 * What aws-c-event-stream says before it drops a connection, word for word (`event_stream_rpc_priv.h`, `event_stream_rpc_server.c`);
 * all but the first are not quite JSON.
 */
export const ProtocolErrorText = {
  connectNotCompleted:
    '{ "message": "A CONNECT message must be received, and the CONNECT_ACK must be sent in response, before any other message-types can be sent on this connection. In addition, only one CONNECT message is allowed on a connection." }',
  streamId:
    '{ "message": "non-zero stream-id field is only allowed for messages of type APPLICATION_MESSAGE. The stream id max value is INT32_MAX."; }',
  streamIdLower:
    '{ "message": "stream-id values must be monotonically incrementing. A stream-id arrived that was lower than the last seen stream-id."; }',
  streamIdHigher:
    '{ "message": "stream-id values must be monotonically incrementing. A new stream-id arrived that was incremented by more than 1."; }',
  messageType: '{ "message": "an invalid value for message-type field was received."; }',
  headers:
    '{ "message": "A message was received with missing required fields. Check that your client is sending at least, :message-type, :message-flags, and :stream-id"; }',
  operation: '{ "message": "The first message for on a non-zero :stream-id must contain an operation header value."; }',
} as const;

export function classicProtocolError(text: string): Buffer {
  return encodeRpcMessage({ type: MessageType.ProtocolError, flags: 0, streamId: 0, contentType: 'application/json', payload: text });
}

/** The nucleus' answer to a message type that makes no sense from a client. Its JSON is malformed in the original too. */
export function classicUnrecognized(type: number): Buffer {
  return encodeRpcMessage({
    type: MessageType.InternalError,
    flags: 0,
    streamId: 0,
    contentType: 'application/json',
    payload: `{ "error": "Unrecognized Message Type" }"message": " message type value: ${String(type)} is not recognized as a valid request path." }`,
  });
}
