import type { CloseReason, ConnectFailure } from '../transport.js';

/**
 * What a rejected connect means. aws-crt rejects with an `Error`, a `CrtError` or a bare string, and none of them carries
 * a code; but the text of each names the error of the C library.
 */
export function connectFailureOf(rejection: unknown): ConnectFailure {
  const message = rejection instanceof Error ? rejection.message : String(rejection);
  const cause = rejection instanceof Error ? rejection : new Error(message);
  switch (/AWS_(?:IO|ERROR)_\w+/.exec(message)?.[0]) {
    case 'AWS_ERROR_FILE_INVALID_PATH':
      return { reason: 'missing', cause };
    case 'AWS_IO_SOCKET_CONNECTION_REFUSED':
      return { reason: 'refused', cause };
    case 'AWS_ERROR_NO_PERMISSION':
      return { reason: 'permission', cause };
    case 'AWS_IO_READ_WOULD_BLOCK':
      return { reason: 'busy', cause };
    default:
      return { reason: 'other', cause };
  }
}

/** Error codes of aws-c-event-stream, in its own range of 1024. */
const EVENT_STREAM_ERRORS = 4096;
/** The one of them that is no fault of what the peer sent. */
const RPC_CONNECTION_CLOSED = 4104;

/** Why a connection was lost, by the code of aws-crt's `disconnection` and that code's name. */
export function closeReasonOf(code: number, name: string): CloseReason {
  if (code >= EVENT_STREAM_ERRORS && code < EVENT_STREAM_ERRORS + 1024 && code !== RPC_CONNECTION_CLOSED) {
    return { reason: 'protocol', failure: { reason: 'native', detail: name } };
  }
  return { reason: 'peer', cause: new Error(`The connection was closed: ${name} (${String(code)}).`) };
}
