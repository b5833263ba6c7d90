import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { BrokerAddress } from './broker-address.js';
import { BrokerCredentialsInvalid, type CredentialRole } from './broker-error.js';

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
