import { Failure, type Kind, type Operation } from './failure.js';

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
      `The socket path has ${length} bytes and a Unix domain socket takes at most ${limit}: ${path}. Use a path relative to the working directory, or a symbolic link in a shorter place.`,
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
  /** `true` if the process had no file descriptors or no memory left to load it with: that may pass. */
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
  /** It had been drained before: this is the end that was wanted, and `runToEnd` and `runComponent` treat it as such. */
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

/** An operation had no answer in its time. */
export class TimedOut<K extends Kind = Kind> extends Failure<'TimedOut', K> {
  readonly _tag = 'TimedOut';
  readonly code = 'GGRX_TIMED_OUT';
  readonly retryable = true;
  readonly operation: 'connect' | Operation;
  /** In milliseconds. */
  readonly timeout: number;
  /** Whether the request had been written: then its effect is unknown. */
  readonly sent: boolean;

  constructor(kind: K, operation: 'connect' | Operation, timeout: number, sent: boolean) {
    const remedy = sent
      ? TIMEOUT_REMEDY[operation]
      : 'It was not sent: there was no connection, or as many earlier requests as the nucleus takes at once had no answer yet.';
    super(kind, `${operation} had no answer from the nucleus within ${timeout} ms. ${remedy}`);
    this.operation = operation;
    this.timeout = timeout;
    this.sent = sent;
  }
}

const TIMEOUT_REMEDY: Record<'connect' | Operation, string> = {
  connect: 'The nucleus may be starting or overloaded.',
  'aws.greengrass#PublishToIoTCore': 'Whether it was taken is unknown; publishing again may duplicate it.',
  'aws.greengrass#SubscribeToIoTCoreConnectionStatus': 'The nucleus may be overloaded.',
  'aws.greengrass#PublishToTopic': 'Whether it was delivered is unknown; publishing again may duplicate it.',
  'aws.greengrass#SubscribeToTopic': 'The nucleus may be overloaded.',
  'aws.greengrass#GetConfiguration': 'The nucleus may be overloaded.',
  'aws.greengrass#UpdateConfiguration': 'Whether it was written is unknown; read it back.',
  'aws.greengrass#SubscribeToConfigurationUpdate': 'The nucleus may be overloaded.',
  'aws.greengrass#SubscribeToValidateConfigurationUpdates': 'The nucleus may be overloaded.',
  'aws.greengrass#SendConfigurationValidityReport': 'A deployment that has no report in its time fails.',
  'aws.greengrass#UpdateState': 'Whether the state was taken is unknown; it may be reported again.',
  'aws.greengrass#SubscribeToComponentUpdates': 'The nucleus may be overloaded.',
  'aws.greengrass#DeferComponentUpdate': 'An update that has no answer goes on when its policy says so, after a minute by default.',
  'aws.greengrass#SubscribeToIoTCore': 'A classic nucleus withholds this answer until the device has reached the cloud for the first time.',
};

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
