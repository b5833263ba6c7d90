import { Failure } from '../../errors/failure.js';

/** What a failure of the broker does: `terminal` ones end the start of the nucleus; with a `gap` it goes on, offline. */
type BrokerErrorKind = 'terminal' | 'gap';

abstract class BrokerFailure<Tag extends string, K extends BrokerErrorKind> extends Failure<Tag, K> {
  abstract override readonly code: `GGRX_BROKER_${string}`;
  /** The broker, without user and password. */
  readonly url: string;

  constructor(kind: K, url: string, message: string, cause?: unknown) {
    super(kind, message, cause);
    this.url = url;
  }
}

/** aws-crt, through which brokers elsewhere are reached, is not there. */
export class BrokerClientMissing extends BrokerFailure<'BrokerClientMissing', 'terminal'> {
  readonly _tag = 'BrokerClientMissing';
  readonly code = 'GGRX_BROKER_CLIENT_MISSING';
  readonly retryable = false;

  constructor(url: string, cause: unknown) {
    super(
      'terminal',
      url,
      `The broker ${url} is reached through the package aws-crt, which could not be loaded. Install it (npm install aws-crt; it has no binary for 32-bit ARM), or use the embedded broker.`,
      cause,
    );
  }
}

/** What a certificate or key is for. */
export type CredentialRole = 'certificate' | 'private key' | 'certificate authority';

/** A certificate or key cannot be read, is no PEM, or does not belong to the other. */
export class BrokerCredentialsInvalid extends BrokerFailure<'BrokerCredentialsInvalid', 'terminal'> {
  readonly _tag = 'BrokerCredentialsInvalid';
  readonly code = 'GGRX_BROKER_CREDENTIALS_INVALID';
  readonly retryable = false;

  /** A file that cannot be read. */
  static unreadable(url: string, role: CredentialRole, path: string, cause: unknown): BrokerCredentialsInvalid {
    return new BrokerCredentialsInvalid(
      'terminal',
      url,
      `The ${role} for ${url} could not be read from ${path}. Give the path of a PEM file that this user may read, or its text.`,
      cause,
    );
  }

  /** A text that is no certificate or key. */
  static malformed(url: string, role: CredentialRole, cause?: unknown): BrokerCredentialsInvalid {
    return new BrokerCredentialsInvalid(
      'terminal',
      url,
      `The ${role} for ${url} is not PEM that can be used: it begins with -----BEGIN and must be complete. A private key must not be encrypted.`,
      cause,
    );
  }

  /** A key that is not the certificate's. */
  static mismatch(url: string, cause?: unknown): BrokerCredentialsInvalid {
    return new BrokerCredentialsInvalid(
      'terminal',
      url,
      `The certificate and the private key for ${url} do not belong together. Use the two that were made at the same time.`,
      cause,
    );
  }
}

/** The embedded broker could not listen. */
export class BrokerPortUnavailable extends BrokerFailure<'BrokerPortUnavailable', 'terminal'> {
  readonly _tag = 'BrokerPortUnavailable';
  readonly code = 'GGRX_BROKER_PORT_UNAVAILABLE';
  readonly retryable = true;

  constructor(url: string, cause: unknown) {
    const reason = (cause as { readonly code?: unknown } | undefined)?.code;
    super(
      'terminal',
      url,
      reason === 'EADDRINUSE'
        ? `Another process has the port of ${url}. End it, choose another port, or leave the port out to get a free one.`
        : `The embedded broker cannot listen at ${url} (${String(reason)}). Choose an address of this machine and a port this user may have.`,
      cause,
    );
  }
}

/** Nobody answers as a broker there. */
export class BrokerUnreachable extends BrokerFailure<'BrokerUnreachable', 'gap'> {
  readonly _tag = 'BrokerUnreachable';
  readonly code = 'GGRX_BROKER_UNREACHABLE';
  readonly retryable = true;
  readonly reason: UnreachableReason;

  constructor(url: string, reason: UnreachableReason, cause?: unknown) {
    super('gap', url, `The broker ${url} ${UNREACHABLE[reason]} The device is offline meanwhile and tries again.`, cause);
    this.reason = reason;
  }
}

/** Why a broker is not reached. */
export type UnreachableReason = 'refused' | 'unknown-host' | 'timeout' | 'silent' | 'closed' | 'other';

const UNREACHABLE: Record<UnreachableReason, string> = {
  refused: 'refuses connections: nobody listens at its port. Is it running, and is this its port?',
  'unknown-host': 'has a host name that is not known. Check the name, and the network.',
  timeout: 'does not answer. Check the address, the network and any firewall on the way.',
  silent: 'takes the connection and does not answer the MQTT CONNECT. Is this the port of an MQTT 5 broker?',
  closed:
    'closes the connection without a word. Is this an MQTT broker, is TLS meant on this port (mqtts://), does it ask for a client certificate, and does it know this one?',
  other: 'could not be connected to. The cause says what was reported.',
};

/** The connection's encryption could not be agreed on: a certificate is not trusted on one side. */
export class BrokerTlsFailed extends BrokerFailure<'BrokerTlsFailed', 'gap'> {
  readonly _tag = 'BrokerTlsFailed';
  readonly code = 'GGRX_BROKER_TLS_FAILED';
  readonly retryable = true;

  constructor(url: string, detail: string | undefined, cause?: unknown) {
    super(
      'gap',
      url,
      `The TLS connection to ${url} failed${detail === undefined ? '' : ` (${detail})`}. Check that the certificate authority given signed the broker's certificate, that it names this host, and that the broker accepts the device's certificate. The device is offline meanwhile and tries again.`,
      cause,
    );
  }
}

/** The broker answered the CONNECT with a refusal. */
export class BrokerRefused extends BrokerFailure<'BrokerRefused', 'gap'> {
  readonly _tag = 'BrokerRefused';
  readonly code = 'GGRX_BROKER_REFUSED';
  readonly retryable = true;
  /** MQTT 5's reason code of the CONNACK. */
  readonly reasonCode: number;

  constructor(url: string, reasonCode: number, reasonString: string | undefined, cause?: unknown) {
    const said = reasonString === undefined ? '' : `, "${reasonString}"`;
    super(
      'gap',
      url,
      `The broker ${url} refused the connection (reason code ${reasonCode}${said}). ${REFUSED[reasonCode] ?? 'The MQTT 5 specification, 3.2.2.2, says what the code means.'} The device is offline meanwhile and tries again.`,
      cause,
    );
    this.reasonCode = reasonCode;
  }
}

const REFUSED: Readonly<Record<number, string>> = {
  132: 'It does not speak MQTT 5: use one that does, or the embedded broker.',
  133: 'It does not like the client id: give another as clientId.',
  134: 'The user or the password is wrong.',
  135: 'It does not allow this client: check user, password or certificate, and on AWS IoT Core that the policy allows iot:Connect for the client id.',
  136: 'It is not available now.',
  137: 'It is busy.',
};

/** A connection that was there is gone. */
export class BrokerConnectionLost extends BrokerFailure<'BrokerConnectionLost', 'gap'> {
  readonly _tag = 'BrokerConnectionLost';
  readonly code = 'GGRX_BROKER_CONNECTION_LOST';
  readonly retryable = true;

  constructor(url: string, detail: string | undefined, cause?: unknown) {
    super(
      'gap',
      url,
      `The connection to the broker ${url} is lost${detail === undefined ? '' : ` (${detail})`}. The device is offline and connects again by itself. Two clients with one client id throw each other out: if this repeats, give another clientId.`,
      cause,
    );
  }
}

/** The broker's own policy denies a filter that the component's policy allows. */
export class BrokerSubscriptionDenied extends BrokerFailure<'BrokerSubscriptionDenied', 'gap'> {
  readonly _tag = 'BrokerSubscriptionDenied';
  readonly code = 'GGRX_BROKER_SUBSCRIPTION_DENIED';
  readonly retryable = false;
  readonly filter: string;
  /** MQTT 5's reason code of the SUBACK. */
  readonly reasonCode: number;

  constructor(url: string, filter: string, reasonCode: number) {
    super(
      'gap',
      url,
      `The broker ${url} denied the subscription to ${filter} (reason code ${reasonCode}). Allow it there: on AWS IoT Core in the policy of the thing's certificate (iot:Subscribe and iot:Receive).`,
    );
    this.filter = filter;
    this.reasonCode = reasonCode;
  }
}

/** What ends the start of a local nucleus. */
export type BrokerStartError = BrokerClientMissing | BrokerCredentialsInvalid | BrokerPortUnavailable;

/** What the nucleus survives: the device is offline, or one subscription gets nothing. */
export type BrokerProblem = BrokerUnreachable | BrokerTlsFailed | BrokerRefused | BrokerConnectionLost | BrokerSubscriptionDenied;
