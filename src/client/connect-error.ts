import { statSync } from 'node:fs';
import {
  ConnectionLost,
  NativeUnavailable,
  ProtocolViolated,
  ProxyClosed,
  SocketPathTooLong,
  SocketUnavailable,
  TimedOut,
  TokenRefused,
  type ConnectError,
} from '../errors/errors.js';
import type { SessionEnd } from '../ipc/session.js';
import type { ConnectFailure } from '../ipc/transport.js';

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
      return new SocketUnavailable(socketPath, isSocket(socketPath) ? 'refused' : 'not-a-socket', failure.cause);
    case 'missing':
    case 'permission':
    case 'busy':
    case 'other':
      return new SocketUnavailable(socketPath, failure.reason, failure.cause);
  }
}

/** The system refuses a socket that nobody listens on and a file that is no socket with the same word. */
function isSocket(path: string): boolean {
  try {
    return statSync(path).isSocket();
  } catch {
    return true;
  }
}
