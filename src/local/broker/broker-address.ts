import { randomBytes } from 'node:crypto';
import type { IotCoreChoice, ReconnectDelays, UrlBrokerChoice } from './broker-options.js';

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
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
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
const LONGEST_DELAY_MS = 3_600_000;

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
    url: `${parsed.protocol}//${parsed.hostname}:${String(port)}`,
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
    url: `mqtts://${endpoint}:${String(port)}`,
    host: endpoint,
    port,
    clientId,
    username: undefined,
    password: undefined,
    tls: { ca: rootCa, certificate, privateKey, alpn: port === 443 ? ALPN_OF_443 : undefined },
    ...delays(choice.reconnect),
  };
}

function delays({ minDelayMs = 1000, maxDelayMs = 10_000 }: ReconnectDelays = {}) {
  if (!(minDelayMs > 0) || !(maxDelayMs >= minDelayMs) || maxDelayMs > LONGEST_DELAY_MS) {
    throw new RangeError('reconnect takes 0 < minDelayMs <= maxDelayMs <= 3 600 000 milliseconds.');
  }
  return { minDelayMs, maxDelayMs };
}

function textOrNone(encoded: string): string | undefined {
  return encoded === '' ? undefined : decodeURIComponent(encoded);
}
