import { classifyServiceError, type OperationRefusal } from '../errors/classify-service-error.js';
import type { Kind, Operation } from '../errors/errors.js';
import { readServiceError } from '../errors/read-service-error.js';
import type { RpcMessage } from '../ipc/wire/rpc-message.js';

/** The typed error in a message that refuses an operation. */
export function replyError<K extends Kind>(kind: K, operation: Operation, topicName: string, reply: RpcMessage): OperationRefusal<K> {
  return classifyServiceError({ ...readServiceError(reply), kind, operation, topicName });
}
