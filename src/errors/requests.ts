import type {
  ConnectError,
  ConnectionLost,
  MissingEnvironment,
  NativeUnavailable,
  ProtocolViolated,
  ProxyClosed,
  SocketPathTooLong,
  SocketUnavailable,
  TimedOut,
  TokenRefused,
} from './connection.js';
import { BUFFER_BOUNDS, type BufferBound, Failure, type Kind, type Operation } from './failure.js';

const LOCAL_TOPICS: ReadonlySet<Operation> = new Set<Operation>(['aws.greengrass#PublishToTopic', 'aws.greengrass#SubscribeToTopic']);

/** Policies of local topics have one wildcard, `*`. Many people write those of MQTT there, which match nothing. */
function policyOf(operation: Operation): string {
  return LOCAL_TOPICS.has(operation)
    ? 'An accessControl policy for aws.greengrass.ipc.pubsub in its recipe must have this operation and this topic; the only wildcard there is *, and # and + stand for themselves'
    : 'An accessControl policy for aws.greengrass.ipc.mqttproxy in its recipe must have this operation and this topic';
}

/** The component's `accessControl` does not allow the operation on the topic. */
export class Unauthorized<K extends Kind = Kind> extends Failure<'Unauthorized', K> {
  readonly _tag = 'Unauthorized';
  readonly code = 'GGRX_UNAUTHORIZED';
  /** Greengrass Lite also refuses what it allows while its configuration daemon starts or is away: then `true`. */
  readonly retryable: boolean;
  readonly operation: Operation;
  readonly topicName: string;
  readonly serverText: string;

  constructor(kind: K, operation: Operation, topicName: string, serverText: string, retryable = false) {
    super(
      kind,
      `The component may not call ${operation} on "${topicName}". ${policyOf(operation)}; a device keeps an older policy under the same id until that is reset.${
        retryable ? ' Greengrass Lite also says so while it cannot read the policies: that passes.' : ''
      }`,
    );
    this.retryable = retryable;
    this.operation = operation;
    this.topicName = topicName;
    this.serverText = serverText;
  }
}

/** The request breaks a rule of MQTT, of IoT Core or of the nucleus. Found here before sending, or by the nucleus. */
export class InvalidRequest<K extends Kind = Kind> extends Failure<'InvalidRequest', K> {
  readonly _tag = 'InvalidRequest';
  readonly code = 'GGRX_INVALID_REQUEST';
  readonly retryable = false;
  readonly operation: Operation;
  readonly topicName: string;
  readonly foundBy: 'client' | 'nucleus';

  constructor(kind: K, operation: Operation, topicName: string, foundBy: 'client' | 'nucleus', problem: string, cause?: unknown) {
    super(kind, problem, cause);
    this.operation = operation;
    this.topicName = topicName;
    this.foundBy = foundBy;
  }
}

/** What a nucleus meant by a `ServiceError`, read from the texts its versions are known to send. */
export type ServiceFaultReason =
  | 'SpoolFull'
  | 'LargerThanSpool'
  | 'OfflineQos0Dropped'
  | 'ConfiguredOffline'
  | 'PublishFailed'
  | 'SubscribeFailed'
  | 'MqttClientShutDown'
  | 'InternalError'
  /** There is no such component, or no such key in its configuration. */
  | 'ResourceNotFound'
  /** The value has been changed at a later time than the update names; on classic it may have been written all the same. */
  | 'UpdateConditionFailed'
  /** The nucleus could not write a value into the configuration, or the state that was reported. */
  | 'UpdateFailed'
  /** The nucleus no longer waits for this answer, or has had one. */
  | 'AnswerTooLate'
  /** The shadow has another version than the update is for. */
  | 'ShadowConflict'
  /** The shadow service does not take the request; `serverCode` is its number, such as 413. */
  | 'ShadowRejected'
  /** A text no known version sends. Never guessed at. */
  | 'Unclassified';

/** The nucleus could not carry out the operation; of a shadow, the shadow service. */
export class ServiceFault<K extends Kind = Kind> extends Failure<'ServiceFault', K> {
  readonly _tag = 'ServiceFault';
  readonly code = 'GGRX_SERVICE_FAULT';
  readonly retryable: boolean;
  readonly operation: Operation;
  readonly topicName: string;
  readonly reason: ServiceFaultReason;
  /** The error's name on the wire, such as `ServiceError`. */
  readonly serverCode: string;
  readonly serverText: string;

  constructor(
    kind: K,
    fault: {
      operation: Operation;
      topicName: string;
      reason: ServiceFaultReason;
      retryable: boolean;
      remedy: string;
      serverCode: string;
      serverText: string;
      /** Who answered. Default: the nucleus. */
      server?: string;
    },
  ) {
    super(
      kind,
      `${fault.server ?? 'The nucleus'} answered ${fault.operation} on "${fault.topicName}" with ${fault.serverCode}${fault.serverText === '' ? '' : `: ${fault.serverText.replace(/\.$/, '')}`}. ${fault.remedy}`,
    );
    this.retryable = fault.retryable;
    this.operation = fault.operation;
    this.topicName = fault.topicName;
    this.reason = fault.reason;
    this.serverCode = fault.serverCode;
    this.serverText = fault.serverText;
  }
}

/** The nucleus does not know the operation. */
export class UnsupportedOperation<K extends Kind = Kind> extends Failure<'UnsupportedOperation', K> {
  readonly _tag = 'UnsupportedOperation';
  readonly code = 'GGRX_UNSUPPORTED_OPERATION';
  readonly retryable = false;
  readonly operation: Operation;
  readonly serverText: string;

  constructor(kind: K, operation: Operation, serverText: string) {
    super(
      kind,
      `This nucleus does not offer ${operation}: Greengrass Lite has fewer operations than the classic nucleus, and an older version fewer than a newer one. Do without it there, or update the nucleus.`,
    );
    this.operation = operation;
    this.serverText = serverText;
  }
}

/** More was published at once than may wait. Nothing of this message was sent. */
export class TooManyPublishes<K extends Kind = Kind> extends Failure<'TooManyPublishes', K> {
  readonly _tag = 'TooManyPublishes';
  readonly code = 'GGRX_TOO_MANY_PUBLISHES';
  readonly retryable = true;
  readonly waiting: number;

  constructor(kind: K, waiting: number, bound: BufferBound = 'messages') {
    const limit = bound === 'messages' ? 'which is the limit' : `which is all that fits (${BUFFER_BOUNDS[bound]})`;
    super(
      kind,
      `${waiting} publishes already wait for the nucleus, ${limit}. Publish through publishTo(), whose buffer has a policy for this, or wait for the answers.`,
    );
    this.waiting = waiting;
  }
}

/** The connection to the nucleus was down for a while: messages of that time are missing. */
export class Interrupted extends Failure<'Interrupted', 'gap'> {
  readonly _tag = 'Interrupted';
  readonly code = 'GGRX_INTERRUPTED';
  readonly retryable = true;
  readonly topicName: string;

  constructor(topicName: string, cause?: unknown) {
    super(
      'gap',
      `The subscription to "${topicName}" was interrupted. It is being restored; messages sent meanwhile may be missing.`,
      cause,
    );
    this.topicName = topicName;
  }
}

/** Nothing came on a subscription for longer than its `silence` allows: it is taken for dead, and is made anew. */
export class Silent extends Failure<'Silent', 'gap'> {
  readonly _tag = 'Silent';
  readonly code = 'GGRX_SILENT';
  readonly retryable = true;
  readonly topicName: string;
  /** The `maximum` of the watch, in milliseconds. */
  readonly maximum: number;

  constructor(topicName: string, maximum: number) {
    super(
      'gap',
      `Nothing came on the subscription to "${topicName}" for ${maximum} ms. It is made anew; messages may be missing. If its topics are often so quiet, allow more or use a canary.`,
    );
    this.topicName = topicName;
    this.maximum = maximum;
  }
}

/** What a subscription's stream carries on its left side. */
export type SubscribeError =
  | ConnectError
  | Interrupted
  | Silent
  | Unauthorized<'terminal'>
  | InvalidRequest<'terminal'>
  | ServiceFault<'terminal'>
  | UnsupportedOperation<'terminal'>;

/**
 * The failures of a service's stream that not every nucleus offers. That it is not offered is of kind `message`: it must not end the
 * component.
 */
export type ServiceSubscribeError = Exclude<SubscribeError, UnsupportedOperation> | UnsupportedOperation<'message'>;

/** Why a publish was not accepted. */
export type PublishError =
  | MissingEnvironment
  | SocketPathTooLong
  | SocketUnavailable
  | TokenRefused
  | NativeUnavailable
  | ProxyClosed
  | ProtocolViolated<'message'>
  | TimedOut<'message'>
  | ConnectionLost<'message'>
  | TooManyPublishes<'message'>
  | Unauthorized<'message'>
  | InvalidRequest<'message'>
  | ServiceFault<'message'>
  | UnsupportedOperation<'message'>;

/** Why a request of a service, such as reading the configuration, has no answer. */
export type RequestError = PublishError;
