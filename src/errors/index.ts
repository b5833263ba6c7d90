export { classifyServiceError, type OperationRefusal, type RefusedOperation } from './classify-service-error.js';
export * from './errors.js';
export { readServiceError, type ServiceErrorMessage, type ServiceErrorReply } from './read-service-error.js';
