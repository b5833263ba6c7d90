import { ConnectionLost, ProtocolViolated, ProxyClosed, TimedOut, type ConnectError, type PublishError } from '../errors/errors.js';

/** What a connection that failed means to a publish that was never sent. */
export function unsent(error: ConnectError): PublishError {
  switch (error._tag) {
    case 'ProtocolViolated':
      return new ProtocolViolated('message', error.detail, error);
    case 'TimedOut':
      return new TimedOut('message', error.operation, error.milliseconds, false);
    case 'ConnectionLost':
      return new ConnectionLost('message', false, error);
    case 'ProxyClosed':
      return new ProxyClosed(error.drained);
    case 'MissingEnvironment':
    case 'SocketPathTooLong':
    case 'SocketUnavailable':
    case 'TokenRefused':
    case 'NativeUnavailable':
      return error;
  }
}
