import { MessageFlag, MessageType, encodeRpcMessage } from '../../ipc/wire/rpc-message.js';
import { gson } from './gson.js';
import { HeaderTemplate } from '../server/header-template.js';
import { errorHeaders, shapeHeaders } from '../server/replies.js';

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
