/** Who is measured. `bare` reads and decodes, or writes and counts, and nothing else: what no client can be faster than. */
export type ClientName = 'sdk' | 'crt' | 'socket' | 'bare';

/** Which service of the nucleus is used: the MQTT proxy, or local topics. */
export type Service = 'mqtt' | 'local';

/** What every client is asked to do; each does it in the way its own users do. Failures reject. */
export interface BenchClient {
  /** Calls back for every message, once it is decoded, until the client is closed. Resolves when the server has the subscription. */
  readonly subscribe: (topicName: string, onMessage: (payload: ArrayBufferView | ArrayBuffer) => void) => Promise<void>;
  /** Publishes so many messages with this many under way at once, and calls back for each one acknowledged. */
  readonly publishMany: (count: number, inFlight: number, payload: Uint8Array, onAcknowledged: () => void) => Promise<void>;
  /** Publishes one message and waits for its acknowledgement. */
  readonly publish: (payload: Uint8Array) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** How a client is opened. `decode`: payloads are decoded as JSON and checked by an io-ts codec. */
export interface ClientOptions {
  readonly socketPath: string;
  /** Left out: the MQTT proxy. */
  readonly service?: Service | undefined;
  /** On local topics a payload that is decoded travels as JSON, both ways, and any other as bytes. */
  readonly decode: boolean;
  /** Left out where the server takes any. */
  readonly authToken?: string | undefined;
}
