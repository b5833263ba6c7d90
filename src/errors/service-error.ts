import { isJsonObject, type JsonObject, parsedJson } from '../shared/check-argument.js';
import { InvalidRequest, type Kind, type Operation, ServiceFault, Unauthorized, UnsupportedOperation } from './errors.js';
import { knownServerText } from './known-server-texts.js';

/** An error reply, in the form that is common to both nuclei. */
export interface ServiceErrorReply {
  /** The error's name, without its namespace: `ServiceError`, `UnauthorizedError`, … */
  readonly serverCode: string;
  /** What the server says in words; empty where it says nothing. */
  readonly serverText: string;
  /** Why the MQTT broker refused a subscription, where the classic nucleus passes that on. */
  readonly reasonString: string | undefined;
}

/** The parts of an application error message that tell what the error is. */
export interface ServiceErrorMessage {
  /** `service-model-type`, such as `aws.greengrass#ServiceError`. */
  readonly modelType: string | undefined;
  readonly contentType: string | undefined;
  readonly payload: string;
}

/** How much of a server's text is kept: an error may be logged or held for long, and a frame can carry megabytes. */
const TEXT_CHARACTERS = 4_096;

function jsonMembers(payload: string): JsonObject {
  const value = parsedJson(payload);
  return isJsonObject(value) ? value : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Copied, since what `slice` gives would keep the whole text in memory. */
function shortened(text: string): string {
  return text.length > TEXT_CHARACTERS ? Buffer.from(text.slice(0, TEXT_CHARACTERS)).toString() : text;
}

/** `undefined` for an empty code too, so that the next source is asked. */
function code(value: unknown): string | undefined {
  const name = text(value)?.split('#').pop();
  return name === undefined || name === '' ? undefined : shortened(name);
}

function reasonStringOf(context: unknown): string | undefined {
  return isJsonObject(context) ? text(context['reasonString']) : undefined;
}

/**
 * Reads the body of an error reply, in every form that the nuclei are known to send. Never throws: a body that is not JSON is itself the
 * text.
 *
 * The classic nucleus sends `message` and `_message`, Greengrass Lite only `_message`. An operation the classic nucleus
 * has never heard of is answered by `{ error, message }` without a code or a type, which reads as `UnsupportedOperation`
 * here; an exception nobody caught by the plain text `InternalServerError`.
 */
export function readServiceError({ modelType, contentType, payload }: ServiceErrorMessage): ServiceErrorReply {
  const members = jsonMembers(payload);
  const named = code(members['_errorCode']) ?? code(modelType);
  const unnamed =
    'error' in members ? 'UnsupportedOperation' : contentType?.startsWith('text/plain') === true ? 'InternalServerError' : 'UnknownError';
  const reasonString = reasonStringOf(members['context']);
  return {
    serverCode: named ?? unnamed,
    serverText: shortened(text(members['message']) ?? text(members['_message']) ?? payload),
    reasonString: reasonString === undefined ? undefined : shortened(reasonString),
  };
}

/** The failures that a nucleus' refusal of an operation can become. */
export type OperationRefusal<K extends Kind = Kind> = Unauthorized<K> | InvalidRequest<K> | ServiceFault<K> | UnsupportedOperation<K>;

/** An error reply, and the request it answers. */
export interface RefusedOperation<K extends Kind> extends ServiceErrorReply {
  readonly operation: Operation;
  readonly topicName: string;
  /** What the refusal does to the stream it passes on. */
  readonly kind: K;
}

const INTERNAL_ERROR_REMEDY =
  'The nucleus could not read the request, or failed over it; its log says why. The same request would fail again.';
/**
 * Operations that Greengrass Lite, or a version of it, does not offer. It answers them with a `ServiceError` without a text, which is the
 * only sign of that.
 */
const LACKED_BY_LITE: ReadonlySet<Operation> = new Set<Operation>([
  'aws.greengrass#SubscribeToIoTCoreConnectionStatus',
  'aws.greengrass#SubscribeToConfigurationUpdate',
  'aws.greengrass#SubscribeToValidateConfigurationUpdates',
  'aws.greengrass#SendConfigurationValidityReport',
  'aws.greengrass#SubscribeToComponentUpdates',
  'aws.greengrass#DeferComponentUpdate',
]);
const NOT_FOUND_REMEDY = 'Deploy the component, or a configuration that has the key; letter case counts on Greengrass Lite.';
const CONDITION_REMEDY = 'Read the value back: it may have been written all the same.';
const LOCAL_PUBLISH_REMEDY =
  'Greengrass Lite says so while the daemon of local topics restarts, and of what is too large or nested too deeply. Publish again later, or less.';
/** What Greengrass Lite says nothing else about than that it failed. */
const UNTOLD_BY_LITE: Partial<Record<Operation, string>> = {
  'aws.greengrass#GetConfiguration':
    'Greengrass Lite gives no reason for an answer of more than 10000 bytes: make the configuration smaller, or read parts of it by their keyPath.',
  'aws.greengrass#UpdateConfiguration':
    'Greengrass Lite gives no reason for a list that is too long, a number of more than 64 bits, or half of a surrogate pair: write less at once.',
};
const UNCLASSIFIED_REMEDY = 'No known version of the nucleus says this; its log may say more.';

/**
 * The typed error for an error reply. What it means is read from the error's name and from texts that versions of the
 * nuclei are known to send; any other text stays a `ServiceFault` with the reason `Unclassified` and is never guessed at.
 *
 * An unclassified fault is `retryable` where its code is `ServiceError`, and only there. The service's model marks
 * `ServiceError` as the server's fault and all others but internal ones as the client's; the classic nucleus reports
 * passing trouble, such as subscribing while offline, as a Java exception whose text changes with the version; and to end
 * a component over it is dear, since the nucleus gives one up as BROKEN after three failures. Retries stay bounded by the
 * schedule, and `while: e => e.retryable && !(e._tag === 'ServiceFault' && e.reason === 'Unclassified')` leaves these out.
 */
export function classifyServiceError<K extends Kind>(refused: RefusedOperation<K>): OperationRefusal<K> {
  const { operation, topicName, kind, serverCode, serverText, reasonString } = refused;
  const broker = reasonString === undefined || reasonString === '' ? '' : ` The MQTT broker says: ${reasonString}`;
  const faultWith = (reason: ServiceFault['reason'], retryable: boolean, remedy: string): ServiceFault<K> =>
    new ServiceFault(kind, { operation, topicName, reason, retryable, remedy: `${remedy}${broker}`, serverCode, serverText });
  const invalid = (remedy: string): InvalidRequest<K> =>
    new InvalidRequest(
      kind,
      operation,
      topicName,
      'nucleus',
      `The nucleus refused ${operation} on "${topicName}": ${serverText.replace(/\.$/, '')}. ${remedy}${broker}`,
    );

  if (serverCode === 'UnauthorizedError') return new Unauthorized(kind, operation, topicName, serverText);
  if (serverCode === 'UnsupportedOperation') return new UnsupportedOperation(kind, operation, serverText);
  if (serverCode === 'InternalServerError') return faultWith('InternalError', false, INTERNAL_ERROR_REMEDY);
  if (serverCode === 'ResourceNotFoundError') return faultWith('ResourceNotFound', false, NOT_FOUND_REMEDY);
  if (serverCode === 'FailedUpdateConditionCheckError' || serverCode === 'ConflictError')
    return faultWith('UpdateConditionFailed', false, CONDITION_REMEDY);
  if (serverCode === 'ServiceError' && serverText === '' && LACKED_BY_LITE.has(operation))
    return new UnsupportedOperation(kind, operation, serverText);
  const known = knownServerText(serverText, topicName);
  if (serverCode === 'InvalidArgumentsError') {
    return invalid(known?.meaning === 'InvalidRequest' ? known.remedy : 'The same request would be refused again.');
  }
  if (known === undefined) {
    const untold = serverCode === 'ServiceError' && serverText === '' ? UNTOLD_BY_LITE[operation] : undefined;
    return faultWith('Unclassified', serverCode === 'ServiceError', untold ?? UNCLASSIFIED_REMEDY);
  }
  if (known.meaning === 'InvalidRequest') return invalid(known.remedy);
  if (known.meaning === 'UnsupportedOperation') return new UnsupportedOperation(kind, operation, serverText);
  const remedy = operation === 'aws.greengrass#PublishToTopic' && known.meaning === 'PublishFailed' ? LOCAL_PUBLISH_REMEDY : known.remedy;
  return faultWith(known.meaning, known.retryable, remedy);
}
