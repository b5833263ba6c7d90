import type { BrokerMessage } from './broker-message.js';

/** What the device's one connection to its broker tells the nucleus. */
export interface BrokerListener {
  /** A message for a filter the device has subscribed; once for each copy the broker sends. */
  readonly onMessage: (message: BrokerMessage) => void;
  /** The connection to the broker was lost, or is back. */
  readonly onLink: (up: boolean) => void;
}

/**
 * The MQTT broker behind a nucleus, seen through the one connection that all components share. The embedded broker is one
 * adapter; a broker by URL and AWS IoT Core fit the same port.
 */
export interface Broker {
  /** Where other MQTT clients reach it: `mqtt://127.0.0.1:port`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /**
   * Sends a message. `onAcknowledged` comes once, at the earliest in a later turn of the event loop, as a PUBACK would; for QoS 0
   * when the message has been handed over.
   */
  readonly publish: (message: BrokerMessage, onAcknowledged: () => void) => void;
  /** Subscribes the device. Retained messages follow in a later turn. */
  readonly subscribe: (filter: string, qos: 0 | 1) => void;
  readonly unsubscribe: (filter: string) => void;
  /** Takes the broker down (no listener, every client cut, the device's link lost) or brings it back at the same port. */
  readonly setDown: (down: boolean) => Promise<void>;
  readonly close: () => Promise<void>;
}
