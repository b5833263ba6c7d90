import type { Mqtt5Members } from '../../ports/mqtt-proxy.js';
import { misplacedWildcard } from '../../topic/topic-rules.js';
import type { NucleusEvent } from '../nucleus-event.js';

/** A message between a device and its broker. */
export interface BrokerMessage extends Mqtt5Members {
  readonly topicName: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
}

/** Whether a broker accepts a filter: `#` only as the last level, wildcards only as whole levels, no NUL. */
export function filterIsValid(filter: string): boolean {
  return filter !== '' && !filter.includes('\0') && misplacedWildcard(filter) === undefined;
}

/** Whether a broker accepts a topic to publish on. */
export function topicIsValid(topic: string): boolean {
  return topic !== '' && !/[#+\0]/.test(topic);
}

/** What the device's one connection to its broker tells the nucleus. */
export interface BrokerListener {
  /** A message for a filter the device has subscribed; once for each copy the broker sends. */
  readonly onMessage: (message: BrokerMessage) => void;
  /** Calls back when more may be read of an MQTT client: at once, or when those who read have caught up. */
  readonly pass: (goOn: () => void) => void;
  /** The connection to the broker was lost, or is back. */
  readonly onLink: (up: boolean) => void;
  /** What the nucleus' log shows of it. */
  readonly onEvent: (event: NucleusEvent) => void;
}

/** What becomes of a subscription: the broker's answer; or the device is offline; or it was not sent, since it is no filter. */
export type SubscribeAnswer = 'granted' | 'offline' | 'invalid filter' | SubscriptionDenial;

/** A SUBACK with a failure: MQTT 5's reason code and what the broker added. */
interface SubscriptionDenial {
  readonly reasonCode: number;
  readonly reasonString: string | null;
}

/**
 * The MQTT broker behind a nucleus, seen through the one connection that all components share. The embedded broker is one
 * adapter, a broker elsewhere (by URL, or AWS IoT Core) the other.
 */
export interface Broker {
  /** Where other MQTT clients reach it: `mqtt://127.0.0.1:port`. Without user and password. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /**
   * Sends a message. `onAcknowledged` comes once, at the earliest in a later turn of the event loop, as a PUBACK would; for QoS 0
   * when the message has been handed over. What the broker refuses for good counts as acknowledged, and is told as an event.
   */
  readonly publish: (message: BrokerMessage, onAcknowledged: () => void) => void;
  /** Subscribes the device, also after each reconnect. Retained messages follow in a later turn than the answer. */
  readonly subscribe: (filter: string, qos: 0 | 1, onAnswer?: (answer: SubscribeAnswer) => void) => void;
  readonly unsubscribe: (filter: string) => void;
  /**
   * Tells of each message to the device that the filter matches, once, retained ones first, until the result is called. It
   * is no subscription of the device. A broker elsewhere does not have it: it knows nothing but subscriptions.
   */
  readonly watch?: ((filter: string, onMessage: (message: BrokerMessage) => void) => () => void) | undefined;
  /**
   * Takes the broker down (no listener, every client cut, the device's link lost) or brings it back at the same port. Of a broker
   * elsewhere: the device's own connection.
   */
  readonly setDown: (down: boolean) => Promise<void>;
  readonly close: () => Promise<void>;
}
