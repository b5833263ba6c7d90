import { MessageFlag, MessageType, encodeRpcMessage } from '../../ipc/wire/rpc-message.js';
import { gson } from './gson.js';
import { HeaderTemplate } from '../server/header-template.js';
import { errorHeaders, shapeHeaders } from '../server/replies.js';

/** The errors the classic nucleus answers with. */
export type ClassicErrorCode = 'ServiceError' | 'UnauthorizedError' | 'InvalidArgumentsError';

export const classicPublishReply: HeaderTemplate = shapeHeaders('PublishToIoTCoreResponse', true);
export const classicSubscribeReply: HeaderTemplate = shapeHeaders('SubscribeToIoTCoreResponse', false);
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
