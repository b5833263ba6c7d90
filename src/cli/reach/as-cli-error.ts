import type { ConnectError, PublishError, SubscribeError } from '../../errors/errors.js';
import { CliError } from '../cli-error.js';
import { EXIT } from '../exit-code.js';

type ProxyError = ConnectError | PublishError | SubscribeError;

/** A failure of the proxy as the command line reports it: the same sentence, and the exit code for it. A defect stays what it is. */
export function asCliError(error: unknown): unknown {
  return isProxyError(error) ? new CliError(error.message, { exitCode: exitCodeOf(error), cause: error }) : error;
}

function isProxyError(error: unknown): error is ProxyError {
  return error instanceof Error && '_tag' in error && 'kind' in error;
}

function exitCodeOf(error: ProxyError): number {
  switch (error._tag) {
    case 'MissingEnvironment':
    case 'SocketPathTooLong':
    case 'SocketUnavailable':
    case 'TokenRefused':
    case 'NativeUnavailable':
      return EXIT.UNREACHABLE;
    case 'InvalidRequest':
      return error.foundBy === 'client' ? EXIT.USAGE : EXIT.FAILED;
    default:
      return EXIT.FAILED;
  }
}
