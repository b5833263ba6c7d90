import type { LitePublishWindow, PublishWindowLimits } from './lite-publish-window.js';
import type { LocalTopics } from '../pubsub/local-topics.js';
import type { ProfileContext } from '../server/protocol.js';
import type { Subscription } from '../server/subscription-table.js';

/** Fixed limits of Greengrass Lite. */
export interface LiteLimits {
  /** Subscriptions of all components together: 100. */
  readonly subscriptions: number;
  /** Those of them that may be to local topics: 99. */
  readonly localSubscriptions: number;
  readonly publishWindow: PublishWindowLimits;
  /** The largest MQTT packet it receives, in bytes: 4999. Larger ones are lost without a word. */
  readonly maxInboundPacket: number;
}

/** What the connections of a Lite nucleus work with. */
export interface LiteShared {
  readonly context: ProfileContext;
  readonly window: LitePublishWindow;
  readonly local: LocalTopics;
  /** Whether the MQTT proxy has all its subscriptions: then publishing fails too. */
  readonly isFull: boolean;
  /** Whether there is room for one more subscription of any kind. */
  readonly hasSlot: boolean;
  /** Takes room for a subscription that is neither the MQTT proxy's nor one to a local topic, until the result is called. */
  readonly takeSlot: () => () => void;
  /** Whether there is room for one more to a local topic. */
  readonly hasLocalSlot: boolean;
  /** `ggpubsubd` is away: nothing is published and nothing subscribed on local topics. */
  readonly isPubsubDown: boolean;
  /** `false`; or `fail` is called later, since the MQTT daemon hangs and nobody gets an answer of it. */
  readonly waitsInVain: (fail: () => void) => boolean;
  readonly subscribe: (subscription: Subscription) => void;
  readonly unsubscribe: (subscription: Subscription) => void;
}
