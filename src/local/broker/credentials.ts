import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import type { BrokerAddress } from './address.js';
import { BrokerCredentialsInvalid, type CredentialRole } from './errors.js';

/** Certificates and key as PEM text. */
export interface BrokerCredentials {
  readonly ca: string | undefined;
  readonly certificate: string | undefined;
  readonly privateKey: string | undefined;
}

const NONE: BrokerCredentials = { ca: undefined, certificate: undefined, privateKey: undefined };

/**
 * Reads the certificates and the key of a broker, and checks them here: the native client says `AWS_ERROR_INVALID_ARGUMENT`
 * about all that is wrong with them. Rejects with `BrokerCredentialsInvalid`.
 */
export async function readCredentials({ url, tls }: BrokerAddress): Promise<BrokerCredentials> {
  if (tls === undefined) return NONE;
  const ca = await readPem(url, 'certificate authority', tls.ca);
  const certificate = await readPem(url, 'certificate', tls.certificate);
  const privateKey = await readPem(url, 'private key', tls.privateKey);
  if (ca !== undefined) parse(url, 'certificate authority', () => new X509Certificate(ca));
  if (certificate !== undefined && privateKey !== undefined) {
    const x509 = parse(url, 'certificate', () => new X509Certificate(certificate));
    const key = parse(url, 'private key', () => createPrivateKey(privateKey));
    if (!x509.checkPrivateKey(key)) throw BrokerCredentialsInvalid.mismatch(url);
  }
  return { ca, certificate, privateKey };
}

async function readPem(url: string, role: CredentialRole, given: string | undefined): Promise<string | undefined> {
  if (given === undefined || given.includes('-----BEGIN')) return given;
  try {
    return await readFile(given, 'utf8');
  } catch (error) {
    throw BrokerCredentialsInvalid.unreadable(url, role, given, error);
  }
}

function parse<T>(url: string, role: CredentialRole, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw BrokerCredentialsInvalid.malformed(url, role, error);
  }
}

/** How long a handshake may take, in milliseconds. */
const TIMEOUT = 5000;

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
      timeout: TIMEOUT,
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
