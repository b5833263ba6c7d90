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
  readonly minDelayMs?: number | undefined;
  /** Milliseconds: 10 000. */
  readonly maxDelayMs?: number | undefined;
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
