import { isIP } from 'node:net';
import { connect } from 'node:tls';
import type { BrokerAddress } from './broker-address.js';
import type { BrokerCredentials } from './broker-credentials.js';

/** How long a handshake may take, in milliseconds. */
const TIMEOUT_MS = 5000;

/**
 * Shakes hands with a broker and hangs up. Resolves with what is wrong with its certificate, such as
 * `UNABLE_TO_VERIFY_LEAF_SIGNATURE`; `undefined` if nothing is, or nobody answers.
 *
 * For people who wait: s2n, which aws-crt uses, finds the same and keeps it to itself for ten seconds and more, so that who attacks a
 * server learns nothing from the time it takes.
 */
export function probeTls(
  { host, port, tls }: BrokerAddress,
  { ca, certificate, privateKey }: BrokerCredentials,
): Promise<Error | undefined> {
  return new Promise(resolve => {
    const socket = connect({
      host,
      port,
      ...(isIP(host) === 0 ? { servername: host } : undefined),
      ...(ca === undefined ? undefined : { ca }),
      ...(certificate === undefined || privateKey === undefined ? undefined : { cert: certificate, key: privateKey }),
      ...(tls?.alpn === undefined ? undefined : { ALPNProtocols: [tls.alpn] }),
      timeout: TIMEOUT_MS,
      // It is told rather than thrown, to be distinguished from a connection that could not be made.
      rejectUnauthorized: false,
    });
    const end = (problem?: Error): void => {
      socket.destroy();
      resolve(problem);
    };
    socket.once('secureConnect', () => end(socket.authorized ? undefined : asError(socket.authorizationError)));
    socket.once('timeout', () => end());
    socket.on('error', () => end());
  });
}

/** Its types say an error; for most it is the code alone. */
function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
