import type { Accepted, MqttProxy } from '../ports/mqtt-proxy.js';
import type { OutboxUnavailable, PublishError, SetAside, StoredMessagesLost, SubscribeError } from '../errors/errors.js';

/** What a forwarder needs of a proxy. */
export type ForwardPort = Pick<MqttProxy, 'publish$' | 'state$'> &
  Partial<Pick<MqttProxy, 'cloud$' | 'draining$' | 'holdDrain' | 'subscribe'>>;

/** A stored message that was taken: by the nucleus, or, where it has to be confirmed, by the cloud. */
export interface Forwarded {
  /** Who took it; `cloud`: it was seen coming back. */
  readonly by: Accepted['by'] | 'cloud';
  readonly topicName: string;
  readonly epoch: string;
  readonly stream: string;
  readonly number: number;
  readonly storedAt: number;
  readonly attempt: number;
  readonly replayed: boolean;
}

/** What can become of stored messages instead. */
export type ForwardFailure = SetAside | StoredMessagesLost | PublishError | SubscribeError | OutboxUnavailable;
