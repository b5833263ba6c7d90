import { MessageType } from '../../ipc/wire/rpc-message.js';
import { encodeServerMessage } from '../server/header-template.js';

/** What aws-c-event-stream says before it drops a connection, word for word (`event_stream_rpc_priv.h`, `event_stream_rpc_server.c`). */
export const ProtocolErrorText = {
  connectNotCompleted:
    '{ "message": "A CONNECT message must be received, and the CONNECT_ACK must be sent in response, before any other message-types can be sent on this connection. In addition, only one CONNECT message is allowed on a connection." }',
  streamId:
    '{ "message": "non-zero stream-id field is only allowed for messages of type APPLICATION_MESSAGE. The stream id max value is INT32_MAX." }',
  streamIdLower:
    '{ "message": "stream-id values must be monotonically incrementing. A stream-id arrived that was lower than the last seen stream-id." }',
  streamIdHigher:
    '{ "message": "stream-id values must be monotonically incrementing. A new stream-id arrived that was incremented by more than 1." }',
  messageType: '{ "message": "an invalid value for message-type field was received." }',
  headers:
    '{ "message": "A message was received with missing required fields. Check that your client is sending at least, :message-type, :message-flags, and :stream-id" }',
  operation: '{ "message": "The first message for on a non-zero :stream-id must contain an operation header value." }',
} as const;

export function classicProtocolError(text: string): Buffer {
  return encodeServerMessage({ type: MessageType.ProtocolError, flags: 0, streamId: 0, contentType: 'application/json', payload: text });
}

/** The nucleus' answer to a message type that makes no sense from a client. Its JSON is malformed in the original too. */
export function classicUnrecognized(type: number): Buffer {
  return encodeServerMessage({
    type: MessageType.InternalError,
    flags: 0,
    streamId: 0,
    contentType: 'application/json',
    payload: `{ "error": "Unrecognized Message Type" }"message": " message type value: ${String(type)} is not recognized as a valid request path." }`,
  });
}
