/**
 * Every failure this library hands out, as one tagged union. Each is a value on a stream's or task's left side, and also
 * an `Error`, so that it can be thrown, logged and chained without losing anything.
 */

/**
 * What a failure does to the stream it passes on.
 * - `message`: one message or publish is affected; the stream goes on.
 * - `gap`: messages may be missing here; the stream goes on.
 * - `terminal`: the last value; completion follows.
 */
export type Kind = 'message' | 'gap' | 'terminal';

/** The operations this library calls, by the names policies use. The last needs no policy. */
export type Operation =
  'aws.greengrass#PublishToIoTCore' | 'aws.greengrass#SubscribeToIoTCore' | 'aws.greengrass#SubscribeToIoTCoreConnectionStatus';

abstract class Failure<Tag extends string, K extends Kind> extends Error {
  /** Which failure this is: what `catchTag` and exhaustive `switch` statements look at. */
  abstract readonly _tag: Tag;
  /** Stable across versions and languages, for logs and alarms. */
  abstract readonly code: `GGRX_${string}`;
  /** What it does to the stream it passes on. */
  readonly kind: K;
  /** Whether doing the same again can succeed. The default predicate of `retryWith`. */
  abstract readonly retryable: boolean;

  constructor(kind: K, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }

  override get name(): string {
    return this._tag;
  }
}

/** @internal Whether something thrown is a failure that this library hands out, and no mistake of the program. */
export const isFailure = (thrown: unknown): thrown is Error & { readonly _tag: string; readonly kind: Kind } => thrown instanceof Failure;

/** An environment variable that Greengrass sets for its components is not there. */
export class MissingEnvironment extends Failure<'MissingEnvironment', 'terminal'> {
  readonly _tag = 'MissingEnvironment';
  readonly code = 'GGRX_MISSING_ENVIRONMENT';
  readonly retryable = false;
  readonly variable: string;
  readonly option: string;

  constructor(variable: string, option: string) {
    super(
      'terminal',
      `The environment variable ${variable} is not set. Greengrass sets it for the components it starts; elsewhere pass ${option} to connect(), or run the component under the local nucleus.`,
    );
    this.variable = variable;
    this.option = option;
  }
}

/** The socket's path does not fit into a Unix domain socket address. */
export class SocketPathTooLong extends Failure<'SocketPathTooLong', 'terminal'> {
  readonly _tag = 'SocketPathTooLong';
  readonly code = 'GGRX_SOCKET_PATH_TOO_LONG';
  readonly retryable = false;
  readonly path: string;
  readonly length: number;
  readonly limit: number;

  constructor(path: string, length: number, limit: number) {
    super(
      'terminal',
      `The socket path has ${String(length)} bytes and a Unix domain socket takes at most ${String(limit)}: ${path}. Use a path relative to the working directory, or a symbolic link in a shorter place.`,
    );
    this.path = path;
    this.length = length;
    this.limit = limit;
  }
}

/** Why nobody answered at the socket's path. */
export type SocketUnavailableReason = 'missing' | 'not-a-socket' | 'refused' | 'permission' | 'busy' | 'full' | 'other';

const SOCKET_REMEDY: Record<SocketUnavailableReason, string> = {
  missing: 'does not exist. Is the nucleus running, and is this the path it was given?',
  'not-a-socket': 'is not a socket. Check the path: it should be the ipc.socket of the nucleus.',
  refused: 'refuses connections: the nucleus that made it is gone. It comes back when the nucleus has restarted.',
  permission: 'may not be opened by this user. Let the component run as the user the nucleus gives its socket to (ggc_user by default).',
  busy: 'has a full queue of connections: the nucleus is alive and overloaded. Connecting again later may succeed.',
  full: 'cut the connection before it read the token. The nucleus may be full: Greengrass Lite has room for 50 connections on a device, and some components may have several. Connecting again succeeds when one is closed.',
  other: 'could not be connected to. The cause says what the system reported.',
};

/** No connection could be made to the nucleus' socket. */
export class SocketUnavailable extends Failure<'SocketUnavailable', 'terminal'> {
  readonly _tag = 'SocketUnavailable';
  readonly code = 'GGRX_SOCKET_UNAVAILABLE';
  readonly retryable: boolean;
  readonly path: string;
  readonly reason: SocketUnavailableReason;

  constructor(path: string, reason: SocketUnavailableReason, cause?: unknown) {
    super('terminal', `The nucleus socket ${path} ${SOCKET_REMEDY[reason]}`, cause);
    this.path = path;
    this.reason = reason;
    this.retryable = reason !== 'permission' && reason !== 'not-a-socket';
  }
}

/** The nucleus did not accept the authentication token. */
export class TokenRefused extends Failure<'TokenRefused', 'terminal'> {
  readonly _tag = 'TokenRefused';
  readonly code = 'GGRX_TOKEN_REFUSED';
  readonly retryable = false;
  /** The token had been accepted before: the nucleus has restarted and issued another. */
  readonly afterSuccess: boolean;

  constructor(afterSuccess: boolean) {
    super(
      'terminal',
      afterSuccess
        ? 'The nucleus no longer accepts the authentication token: it has restarted and issued another, which only a new process gets. End this process; the nucleus starts the component again.'
        : 'The nucleus refused the authentication token. SVCUID must be the value the nucleus gave this very process; it changes whenever the nucleus restarts.',
    );
    this.afterSuccess = afterSuccess;
  }
}

/** The native client of AWS cannot be loaded. */
export class NativeUnavailable extends Failure<'NativeUnavailable', 'terminal'> {
  readonly _tag = 'NativeUnavailable';
  readonly code = 'GGRX_NATIVE_UNAVAILABLE';
  /** The process had no file descriptors or no memory left to load it with: that may pass. */
  readonly retryable: boolean;

  constructor(cause: unknown, passing = false) {
    super(
      'terminal',
      passing
        ? "The transport 'crt' needs the package aws-crt, and the process has no file descriptors or no memory left to load it. Close what is not needed, or raise the limit (LimitNOFILE, ulimit -n), and connect again."
        : "The transport 'crt' needs the package aws-crt, which is not installed or has no binary for this machine. Install aws-crt, or use the transport 'socket': without the option transport and the variable GREENGRASS_RX_TRANSPORT it is the default.",
      cause,
    );
    this.retryable = passing;
  }
}

/** The peer sent bytes that are no event-stream RPC, or broke its rules. */
export class ProtocolViolated<K extends Kind = Kind> extends Failure<'ProtocolViolated', K> {
  readonly _tag = 'ProtocolViolated';
  readonly code = 'GGRX_PROTOCOL_VIOLATED';
  readonly retryable = true;
  readonly detail: string;

  constructor(kind: K, detail: string, cause?: unknown) {
    super(
      kind,
      `The nucleus sent something that is not the IPC protocol: ${detail}. The connection, or the request it came on, was given up. If it happens again, check that the socket belongs to a Greengrass nucleus.`,
      cause,
    );
    this.detail = detail;
  }
}

/** An operation had no answer in its time. */
export class TimedOut<K extends Kind = Kind> extends Failure<'TimedOut', K> {
  readonly _tag = 'TimedOut';
  readonly code = 'GGRX_TIMED_OUT';
  readonly retryable = true;
  readonly operation: 'connect' | Operation;
  readonly milliseconds: number;
  /** Whether the request had been written: then its effect is unknown. */
  readonly sent: boolean;

  constructor(kind: K, operation: 'connect' | Operation, milliseconds: number, sent: boolean) {
    const remedy = sent ? TIMEOUT_REMEDY[operation] : 'It was not sent: there was no connection, or earlier requests filled the window.';
    super(kind, `${operation} had no answer from the nucleus within ${String(milliseconds)} ms. ${remedy}`);
    this.operation = operation;
    this.milliseconds = milliseconds;
    this.sent = sent;
  }
}

const TIMEOUT_REMEDY: Record<'connect' | Operation, string> = {
  connect: 'The nucleus may be starting or overloaded.',
  'aws.greengrass#PublishToIoTCore': 'Whether it was taken is unknown; publishing again may duplicate it.',
  'aws.greengrass#SubscribeToIoTCoreConnectionStatus': 'The nucleus may be overloaded.',
  'aws.greengrass#SubscribeToIoTCore': 'A classic nucleus withholds this answer until the device has reached the cloud for the first time.',
};

/** The connection to the nucleus broke while an operation was under way, or is down for good. */
export class ConnectionLost<K extends Kind = Kind> extends Failure<'ConnectionLost', K> {
  readonly _tag = 'ConnectionLost';
  readonly code = 'GGRX_CONNECTION_LOST';
  readonly retryable = true;
  /** Whether the operation had been written: then its effect is unknown. */
  readonly sent: boolean;

  constructor(kind: K, sent: boolean, cause?: unknown) {
    super(
      kind,
      sent
        ? 'The connection to the nucleus broke before the answer came: whether the nucleus acted is unknown.'
        : 'The connection to the nucleus broke before the request was sent.',
      cause,
    );
    this.sent = sent;
  }
}

/** `close()` was called. */
export class ProxyClosed extends Failure<'ProxyClosed', 'terminal'> {
  readonly _tag = 'ProxyClosed';
  readonly code = 'GGRX_PROXY_CLOSED';
  readonly retryable = false;
  /** It had been told to drain before: the component's end in good order, which `runToEnd` and `runComponent` take for one. */
  readonly drained: boolean;

  constructor(drained = false) {
    super(
      'terminal',
      drained
        ? 'The proxy was drained and closed: the component was told to stop.'
        : 'The proxy was closed. Make another with connect() to go on.',
    );
    this.drained = drained;
  }
}

/** The component's `accessControl` does not allow the operation on the topic. */
export class Unauthorized<K extends Kind = Kind> extends Failure<'Unauthorized', K> {
  readonly _tag = 'Unauthorized';
  readonly code = 'GGRX_UNAUTHORIZED';
  /** Greengrass Lite says so of what it allows, too, while its configuration daemon starts or is away: then it may pass. */
  readonly retryable: boolean;
  readonly operation: Operation;
  readonly topicName: string;
  readonly serverText: string;

  constructor(kind: K, operation: Operation, topicName: string, serverText: string, retryable = false) {
    super(
      kind,
      `The component may not call ${operation} on "${topicName}". An accessControl policy for aws.greengrass.ipc.mqttproxy in its recipe must have this operation and this topic; a device keeps an older policy under the same id until that is reset.${
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
  /** A text no known version sends. Never guessed at. */
  | 'Unclassified';

/** The nucleus could not carry out the operation. */
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
    },
  ) {
    super(
      kind,
      `The nucleus answered ${fault.operation} on "${fault.topicName}" with ${fault.serverCode}${fault.serverText === '' ? '' : `: ${fault.serverText.replace(/\.$/, '')}`}. ${fault.remedy}`,
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
    super(kind, `This nucleus does not offer ${operation}. Update it, or check that the socket belongs to a Greengrass nucleus.`);
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

  constructor(kind: K, waiting: number) {
    super(
      kind,
      `${String(waiting)} publishes already wait for the nucleus, which is the limit. Publish through publishTo(), whose buffer has a policy for this, or wait for the answers.`,
    );
    this.waiting = waiting;
  }
}

/** A message's payload is not what the codec expects. The message itself is kept. */
export class DecodeFailed<M = unknown> extends Failure<'DecodeFailed', 'message'> {
  readonly _tag = 'DecodeFailed';
  readonly code = 'GGRX_DECODE_FAILED';
  readonly retryable = false;
  readonly topicName: string;
  /** The message as it came. */
  readonly original: M;
  /** One line a problem, each beginning with the path to the value. */
  readonly problems: readonly string[];

  constructor(topicName: string, original: M, problems: readonly string[], cause?: unknown) {
    super(
      'message',
      `A message on "${topicName}" could not be decoded: ${problems.slice(0, 3).join('; ')}${problems.length > 3 ? `; and ${String(problems.length - 3)} more` : ''}`,
      cause,
    );
    this.topicName = topicName;
    this.original = original;
    this.problems = problems;
  }
}

/** A topic name cannot be built: a parameter of its template would be more than one level, or the name breaks a limit. */
export class InvalidTopic extends Failure<'InvalidTopic', 'message'> {
  readonly _tag = 'InvalidTopic';
  readonly code = 'GGRX_INVALID_TOPIC';
  readonly retryable = false;
  /** The template as it is written. */
  readonly template: string;
  /** The parameter at fault; `undefined` where it is the name as a whole. */
  readonly parameter: string | undefined;

  constructor(template: string, parameter: string | undefined, problem: string) {
    super(
      'message',
      parameter === undefined
        ? `No topic name can be built from "${template}" with these parameters. ${problem}`
        : `No topic name can be built from "${template}": the parameter ${parameter} ${problem}. Give it the text of one level, at least one character without /, + or #.`,
    );
    this.template = template;
    this.parameter = parameter;
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

/** Nothing came on a subscription for longer than it was said to be quiet at most: it is taken for dead and made anew. */
export class Silent extends Failure<'Silent', 'gap'> {
  readonly _tag = 'Silent';
  readonly code = 'GGRX_SILENT';
  readonly retryable = true;
  readonly topicName: string;
  readonly maximumMilliseconds: number;

  constructor(topicName: string, maximumMilliseconds: number) {
    super(
      'gap',
      `Nothing came on the subscription to "${topicName}" for ${String(maximumMilliseconds)} ms. It is made anew; messages may be missing. If its topics are often so quiet, allow more or use a canary.`,
    );
    this.topicName = topicName;
    this.maximumMilliseconds = maximumMilliseconds;
  }
}

/** What a full buffer does with the next value; `enforce`: there is no buffer, and the value came faster than a rate allows. */
export type OverflowPolicy = 'dropOldest' | 'dropNewest' | 'latestPerKey' | 'fail' | 'enforce';

const overflowText = (messages: number, policy: OverflowPolicy): string => {
  const dropped = `dropped ${String(messages)} message${messages === 1 ? '' : 's'} (${policy}).`;
  return policy === 'enforce'
    ? `More came than the rate allows, which ${dropped} Send less, allow a higher rate or burst, or let messages wait with mode 'shape'.`
    : `A buffer was full and ${dropped} Give the stage more concurrency or a larger buffer, or send it less.`;
};

/** A stage's buffer was full and dropped values. One failure stands for all that were dropped since the last result. */
export class Overflowed<K extends 'gap' | 'terminal' = 'gap' | 'terminal'> extends Failure<'Overflowed', K> {
  readonly _tag = 'Overflowed';
  readonly code = 'GGRX_OVERFLOWED';
  readonly retryable = false;
  readonly messages: number;
  /** `0` where the buffer was not told how large its values are. */
  readonly bytes: number;
  readonly policy: OverflowPolicy;

  constructor(kind: K, messages: number, bytes: number, policy: OverflowPolicy) {
    super(kind, overflowText(messages, policy));
    this.messages = messages;
    this.bytes = bytes;
    this.policy = policy;
  }
}

/** A value has no payload: JSON cannot carry what it holds. */
export class EncodeFailed<A = unknown> extends Failure<'EncodeFailed', 'message'> {
  readonly _tag = 'EncodeFailed';
  readonly code = 'GGRX_ENCODE_FAILED';
  readonly retryable = false;
  readonly value: A;

  /** @param problem with the path, as `celsius: JSON has no NaN`. */
  constructor(value: A, problem: string, cause?: unknown) {
    super(
      'message',
      `A value cannot be encoded as JSON: ${problem}. Leave out or mark such values before they are published; a bigint is a string in JSON.`,
      cause,
    );
    this.value = value;
  }
}

/** A value by itself is larger than a message may be. It was not put into a batch; it is kept here. */
export class ValueTooLarge<A = unknown> extends Failure<'ValueTooLarge', 'message'> {
  readonly _tag = 'ValueTooLarge';
  readonly code = 'GGRX_VALUE_TOO_LARGE';
  readonly retryable = false;
  readonly value: A;
  /** Of the payload it would make alone. */
  readonly bytes: number;
  readonly limit: number;

  constructor(value: A, bytes: number, limit: number) {
    super(
      'message',
      `A value makes a payload of ${String(bytes)} bytes by itself, and ${String(limit)} fit into one message. Send less of it, or split it before it is batched.`,
    );
    this.value = value;
    this.bytes = bytes;
    this.limit = limit;
  }
}

/** A dead letter could not be written. It is kept here. */
export class DeadLetterLost<L = unknown> extends Failure<'DeadLetterLost', 'message'> {
  readonly _tag = 'DeadLetterLost';
  readonly code = 'GGRX_DEAD_LETTER_LOST';
  readonly retryable = true;
  readonly path: string;
  readonly letter: L;

  constructor(path: string, letter: L, cause: unknown) {
    super(
      'message',
      `A dead letter could not be written to ${path}; the cause says why. Check that the directory exists, is writable and has room.`,
      cause,
    );
    this.path = path;
    this.letter = letter;
  }
}

/** A command came that does not say where its answer is to go. It was not carried out. */
export class NoResponseTopic<M = unknown> extends Failure<'NoResponseTopic', 'message'> {
  readonly _tag = 'NoResponseTopic';
  readonly code = 'GGRX_NO_RESPONSE_TOPIC';
  readonly retryable = false;
  readonly topicName: string;
  /** The command as it came. */
  readonly original: M;

  /** @param cause what `replyTo` threw, where that is why there is none. */
  constructor(topicName: string, original: M, cause?: Error) {
    super(
      'message',
      cause === undefined
        ? `A command on "${topicName}" names no response topic, so it was not carried out. Greengrass Lite and MQTT 3 carry none: give respond() a replyTo that makes the topic of the command.`
        : `For a command on "${topicName}" no response topic could be made, so it was not carried out. ${cause.message}`,
      cause,
    );
    this.topicName = topicName;
    this.original = original;
  }
}

/** A command had no answer in its time. */
export class DeadlineExceeded<M = unknown> extends Failure<'DeadlineExceeded', 'message'> {
  readonly _tag = 'DeadlineExceeded';
  readonly code = 'GGRX_DEADLINE_EXCEEDED';
  readonly retryable = true;
  readonly topicName: string;
  /** The command as it came. */
  readonly original: M;
  readonly milliseconds: number;
  /** Whether it had begun to be carried out: then its effect is unknown. */
  readonly begun: boolean;

  constructor(topicName: string, original: M, milliseconds: number, begun: boolean) {
    super(
      'message',
      `A command on "${topicName}" had no answer within ${String(milliseconds)} ms of its arrival. ${
        begun
          ? 'It had begun to be carried out: its effect is unknown.'
          : 'It waited behind others and was not begun: allow more concurrency, or a longer deadline.'
      }`,
    );
    this.topicName = topicName;
    this.original = original;
    this.milliseconds = milliseconds;
    this.begun = begun;
  }
}

/** What carries out a command threw, or ended without an answer. Its effect is unknown. */
export class HandlerFailed<M = unknown> extends Failure<'HandlerFailed', 'message'> {
  readonly _tag = 'HandlerFailed';
  readonly code = 'GGRX_HANDLER_FAILED';
  readonly retryable = false;
  readonly topicName: string;
  /** The command as it came. */
  readonly original: M;

  constructor(topicName: string, original: M, cause: unknown) {
    super(
      'message',
      `The handler of a command on "${topicName}" failed; the cause says why. For failures that are expected, let it give a Left.`,
      cause,
    );
    this.topicName = topicName;
    this.original = original;
  }
}

/** A value came for a window that was over, and had been, with the lateness that was allowed. It is in no result. */
export class LateData<A = unknown> extends Failure<'LateData', 'message'> {
  readonly _tag = 'LateData';
  readonly code = 'GGRX_LATE_DATA';
  readonly retryable = false;
  readonly value: A;
  readonly key: string;
  /** The value's time, in milliseconds since 1970. */
  readonly timestamp: number;
  /** How far event time had come, in milliseconds since 1970. */
  readonly watermark: number;

  constructor(value: A, key: string, timestamp: number, watermark: number) {
    super(
      'message',
      `A value of "${key}" came ${String(watermark - timestamp)} ms behind the watermark, when its windows were over, and is in none of them. If values may be so late, allow a larger outOfOrder, which delays all results, or lateness, which corrects them.`,
    );
    this.value = value;
    this.key = key;
    this.timestamp = timestamp;
    this.watermark = watermark;
  }
}

/** A value's timestamp cannot be right. Event time did not move, and the value is in no window. */
export class TimestampRefused<A = unknown> extends Failure<'TimestampRefused', 'message'> {
  readonly _tag = 'TimestampRefused';
  readonly code = 'GGRX_TIMESTAMP_REFUSED';
  readonly retryable = false;
  readonly value: A;
  readonly key: string;
  readonly timestamp: number;
  readonly reason: 'not-a-time' | 'ahead';

  constructor(value: A, key: string, timestamp: number, reason: 'not-a-time' | 'ahead') {
    super(
      'message',
      reason === 'ahead'
        ? `A value of "${key}" is dated ${String(timestamp)}, which is further ahead of the clock than maxAhead allows. Set the clock of the device that made it, or of this one.`
        : `A value of "${key}" has the timestamp ${String(timestamp)}, which is no number of milliseconds since 1970. Check what the timestamp function makes of it: microseconds or nanoseconds have to be divided.`,
    );
    this.value = value;
    this.key = key;
    this.timestamp = timestamp;
    this.reason = reason;
  }
}

/** A component's configuration is not what its code expects. It was not started. */
export class ConfigurationInvalid extends Failure<'ConfigurationInvalid', 'terminal'> {
  readonly _tag = 'ConfigurationInvalid';
  readonly code = 'GGRX_CONFIGURATION_INVALID';
  readonly retryable = false;
  readonly component: string;
  /** One line a problem, each beginning with the path to the value. */
  readonly problems: readonly string[];

  constructor(component: string, problems: readonly string[], cause?: unknown) {
    super(
      'terminal',
      `The configuration of ${component} does not fit: ${problems.join('; ')}. On a device it is "config" in the component's configuration: correct it with a deployment that merges {"config": …}, or resets ["/config"]; elsewhere it is the variable GREENGRASS_RX_CONFIG.`,
      cause,
    );
    this.component = component;
    this.problems = problems;
  }
}

/**
 * A dry run was given up: the component sets more timers than one that waits between them. `interval(0)`, a retry without a delay, a poll of
 * what never comes.
 */
export class TimersWithoutEnd extends Failure<'TimersWithoutEnd', 'terminal'> {
  readonly _tag = 'TimersWithoutEnd';
  readonly code = 'GGRX_TIMERS_WITHOUT_END';
  readonly retryable = false;
  readonly component: string;
  /** Timers that had fired. */
  readonly timers: number;
  /** Virtual milliseconds that had passed. */
  readonly at: number;

  constructor(component: string, timers: number, at: number, cause?: unknown) {
    super(
      'terminal',
      `The dry run of ${component} was given up at ${at} virtual ms, after ${timers} timers. On a device they would keep the processor busy: give intervals and retries a delay. If so many are meant, run it dry for a shorter time (horizon).`,
      cause,
    );
    this.component = component;
    this.timers = timers;
    this.at = at;
  }
}

/** Why there is no connection. */
export type ConnectError =
  | MissingEnvironment
  | SocketPathTooLong
  | SocketUnavailable
  | TokenRefused
  | NativeUnavailable
  | ProtocolViolated<'terminal'>
  | TimedOut<'terminal'>
  | ConnectionLost<'terminal'>
  | ProxyClosed;

/** What a subscription's stream carries on its left side. */
export type SubscribeError =
  | ConnectError
  | Interrupted
  | Silent
  | Unauthorized<'terminal'>
  | InvalidRequest<'terminal'>
  | ServiceFault<'terminal'>
  | UnsupportedOperation<'terminal'>;

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
