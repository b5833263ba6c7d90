import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { BrokerCredentialsInvalid, type CredentialRole } from './errors.js';

/** The broker inside the process: MQTT 3.1.1 for anyone who connects to it, MQTT 5 members between the components. */
export interface EmbeddedBrokerChoice {
  /** TCP port. Left out or 0: a free one. */
  readonly port?: number | undefined;
  /** The interface it listens on: `127.0.0.1`. Any that is not a loopback interface needs `exposeToNetwork`. */
  readonly host?: string | undefined;
  /**
   * `true`: other machines may connect. The embedded broker asks nobody for a password: whoever reaches the port reads and writes every
   * topic. The nucleus' own socket is never reachable from elsewhere.
   */
  readonly exposeToNetwork?: boolean | undefined;
}

/** How long to wait between two attempts to reach a broker: longer each time, from the first to the second, with jitter. */
export interface ReconnectDelays {
  /** Milliseconds: 1000. */
  readonly minDelay?: number | undefined;
  /** Milliseconds: 10 000. */
  readonly maxDelay?: number | undefined;
}

/**
 * Any MQTT 5 broker, by its URL. The device connects as one client, whatever number of components share it. Certificates and keys
 * are PEM text or the path of a PEM file.
 */
export interface UrlBrokerChoice {
  /** `mqtt://host:1883`, or `mqtts://host:8883` over TLS. A user and a password may stand in it; they appear in no log. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** The authority that signed the broker's certificate. Left out: those that the machine trusts. */
  readonly ca?: string | undefined;
  /** The device's own certificate, for mutual TLS; with `privateKey`. */
  readonly certificate?: string | undefined;
  readonly privateKey?: string | undefined;
  /** Left out: `greengrass-rx-` and random letters. */
  readonly clientId?: string | undefined;
  readonly reconnect?: ReconnectDelays | undefined;
}

/**
 * AWS IoT Core, with the certificate of a thing. The thing's policy must allow `iot:Connect` for the client id, and what the
 * components publish and subscribe. Certificates and keys are PEM text or the path of a PEM file.
 */
export interface IotCoreChoice {
  /** `aws iot describe-endpoint --endpoint-type iot:Data-ATS` tells it: `….iot.REGION.amazonaws.com`. */
  readonly endpoint: string;
  /** Also the client id, unless one is given. A core device connects under its own: use another thing than a running one's. */
  readonly thingName: string;
  readonly certificate: string;
  readonly privateKey: string;
  /** Amazon's root. Left out: the authorities that the machine trusts. */
  readonly rootCa?: string | undefined;
  readonly clientId?: string | undefined;
  /** 8883, or 443 where a firewall lets nothing else through. */
  readonly port?: number | undefined;
  readonly reconnect?: ReconnectDelays | undefined;
}

/** The MQTT broker behind a local nucleus. Left out: `'embedded'`. */
export type BrokerChoice = 'embedded' | EmbeddedBrokerChoice | UrlBrokerChoice | IotCoreChoice;

/** Where a broker is and how the device shows itself there. Certificates are still as they were given: text or a path. */
export interface BrokerAddress {
  /** For logs and errors: no user, no password. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: BrokerTls | undefined;
  readonly minDelay: number;
  readonly maxDelay: number;
}

/** What a TLS connection needs, as PEM or paths of PEM files. */
export interface BrokerTls {
  readonly ca: string | undefined;
  readonly certificate: string | undefined;
  readonly privateKey: string | undefined;
  readonly alpn: string | undefined;
}

/** The name by which AWS IoT Core knows MQTT with certificates on the port of HTTPS. */
const ALPN_OF_443 = 'x-amzn-mqtt-ca';
const MAX_DELAY = 3_600_000;

/** Reads a URL choice. Throws where it cannot mean anything. */
export function urlBrokerAddress(choice: UrlBrokerChoice): BrokerAddress {
  const { url, ca, certificate, privateKey, clientId = `greengrass-rx-${randomBytes(6).toString('hex')}` } = choice;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || (parsed.protocol !== 'mqtt:' && parsed.protocol !== 'mqtts:') || parsed.hostname === '') {
    throw new RangeError(
      'A broker has a URL of the form mqtt://host:1883 or mqtts://host:8883. For AWS IoT Core give its endpoint instead.',
    );
  }
  if (parsed.pathname.length > 1 || parsed.search !== '') {
    throw new RangeError(
      'The URL of a broker ends after the host and the port: MQTT over WebSockets and options in the URL are not supported.',
    );
  }
  const isTls = parsed.protocol === 'mqtts:';
  if (!isTls && (ca !== undefined || certificate !== undefined || privateKey !== undefined)) {
    throw new RangeError('Certificates are for mqtts://; with mqtt:// nothing is encrypted and they would not be used.');
  }
  if ((certificate === undefined) !== (privateKey === undefined)) {
    throw new RangeError('A certificate and its privateKey are given together or not at all.');
  }
  const port = parsed.port === '' ? (isTls ? 8883 : 1883) : Number(parsed.port);
  return {
    url: `${parsed.protocol}//${parsed.hostname}:${port}`,
    // An IPv6 address stands in brackets in a URL, and nowhere else.
    host: parsed.hostname.replace(/^\[(.*)\]$/, '$1'),
    port,
    clientId,
    username: choice.username ?? textOrNone(parsed.username),
    password: choice.password ?? textOrNone(parsed.password),
    tls: isTls ? { ca, certificate, privateKey, alpn: undefined } : undefined,
    ...delays(choice.reconnect),
  };
}

/** Reads a choice of AWS IoT Core. Throws where it cannot mean anything. */
export function iotCoreAddress(choice: IotCoreChoice): BrokerAddress {
  const { endpoint, thingName, certificate, privateKey, rootCa, clientId = thingName, port = 8883 } = choice;
  if (!/^[a-z0-9.-]+$/i.test(endpoint)) {
    throw new RangeError(
      'The endpoint of AWS IoT Core is a host name without scheme, port and path, such as a1b2c3-ats.iot.eu-west-1.amazonaws.com.',
    );
  }
  if (clientId === '') throw new RangeError('AWS IoT Core needs a thingName, or a clientId.');
  return {
    url: `mqtts://${endpoint}:${port}`,
    host: endpoint,
    port,
    clientId,
    username: undefined,
    password: undefined,
    tls: { ca: rootCa, certificate, privateKey, alpn: port === 443 ? ALPN_OF_443 : undefined },
    ...delays(choice.reconnect),
  };
}

function delays({ minDelay = 1000, maxDelay = 10_000 }: ReconnectDelays = {}) {
  if (!(minDelay > 0) || !(maxDelay >= minDelay) || maxDelay > MAX_DELAY) {
    throw new RangeError('reconnect takes 0 < minDelay <= maxDelay <= 3 600 000 milliseconds.');
  }
  return { minDelay, maxDelay };
}

function textOrNone(encoded: string): string | undefined {
  return encoded === '' ? undefined : decodeURIComponent(encoded);
}

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
 * It is here for people who wait: s2n, which aws-crt uses, finds the same, and keeps it to itself for ten seconds and more, so that an
 * attacker learns nothing from the time it takes.
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

/** Its type is an error; in fact it mostly is the code alone. */
function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
