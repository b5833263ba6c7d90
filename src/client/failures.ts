import { statSync } from 'node:fs';
import {
  type ConnectError,
  ConnectionLost,
  type Kind,
  NativeUnavailable,
  type Operation,
  ProtocolViolated,
  ProxyClosed,
  type PublishError,
  SocketPathTooLong,
  SocketUnavailable,
  type SubscribeError,
  TimedOut,
  TokenRefused,
} from '../errors/errors.js';
import { classifyServiceError, type OperationRefusal, readServiceError } from '../errors/service-error.js';
import type { SessionEnd } from '../ipc/session.js';
import type { ConnectFailure } from '../ipc/transport.js';
import type { RpcMessage } from '../ipc/wire/rpc-message.js';

/** What the end of a session means to someone who needs a connection. */
export function connectErrorOf(end: SessionEnd, socketPath: string, connectTimeout: number, acceptedBefore: boolean): ConnectError {
  switch (end.reason) {
    case 'connect-failed':
      return unavailable(end.failure, socketPath);
    case 'refused':
      return new TokenRefused(acceptedBefore);
    case 'turned-away':
      return new SocketUnavailable(socketPath, 'full', end.cause);
    case 'timed-out':
      return new TimedOut('terminal', 'connect', connectTimeout, true);
    case 'lost':
      return new ConnectionLost('terminal', false, end.cause);
    case 'stream-ids-exhausted':
      return new ConnectionLost('terminal', false, new Error('All stream ids of the connection were used up.'));
    case 'protocol':
      return new ProtocolViolated('terminal', end.detail);
    case 'closed':
      return new ProxyClosed();
  }
}

function unavailable(failure: ConnectFailure, socketPath: string): ConnectError {
  switch (failure.reason) {
    case 'path-too-long':
      return new SocketPathTooLong(socketPath, failure.length, failure.limit);
    case 'native-unavailable':
      return new NativeUnavailable(failure.cause, failure.passing);
    case 'refused':
      return withoutStack(
        () => new SocketUnavailable(socketPath, hasNoServer(failure.cause, socketPath) ? 'refused' : 'not-a-socket', failure.cause),
      );
    case 'missing':
    case 'permission':
    case 'busy':
    case 'other':
      return withoutStack(() => new SocketUnavailable(socketPath, failure.reason, failure.cause));
  }
}

/**
 * Makes an error without a stack, which would show nothing of the program, since the error is made in a callback of the event loop. One is
 * made at each attempt to reach a nucleus that is away, and its stack would be most of what the attempt costs: a test of minutes without a
 * nucleus makes a hundred thousand.
 */
function withoutStack<E extends Error>(make: () => E): E {
  const { stackTraceLimit } = Error;
  // By `Reflect`, because a process may have frozen it, and an assignment would throw.
  Reflect.set(Error, 'stackTraceLimit', 0);
  try {
    return make();
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  }
}

/**
 * Whether nobody listens on the socket. The system has the same error for that and for a file that is not a socket, so the file is looked
 * at. Without a cause, the error is not from the system.
 */
function hasNoServer(cause: unknown, path: string): boolean {
  if (cause === undefined) return true;
  try {
    return statSync(path).isSocket();
  } catch {
    return true;
  }
}

const UNREACHED = ['MissingEnvironment', 'SocketPathTooLong', 'SocketUnavailable', 'TokenRefused', 'NativeUnavailable'] as const;
type Unreached<E> = Extract<E, { readonly _tag: (typeof UNREACHED)[number] }>;

/** Whether the nucleus could not be reached at all. The error is then the same whatever was to be asked. */
export function isUnreached<E extends ConnectError | PublishError | SubscribeError>(error: E): error is Unreached<E> {
  return UNREACHED.some(tag => tag === error._tag);
}

/** What a connection that failed means to a publish that was never sent. */
export function unsent(error: ConnectError): PublishError {
  if (isUnreached(error)) return error;
  switch (error._tag) {
    case 'ProtocolViolated':
      return new ProtocolViolated('message', error.detail, error);
    case 'TimedOut':
      return new TimedOut('message', error.operation, error.timeout, false);
    case 'ConnectionLost':
      return new ConnectionLost('message', false, error);
    case 'ProxyClosed':
      return new ProxyClosed(error.drained);
  }
}

/** The typed error for a message that refuses an operation. */
export function replyError<K extends Kind>(kind: K, operation: Operation, topicName: string, reply: RpcMessage): OperationRefusal<K> {
  return classifyServiceError({ ...readServiceError(reply), kind, operation, topicName });
}
