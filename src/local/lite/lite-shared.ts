import type { LitePublishWindow, PublishWindowLimits } from './lite-publish-window.js';
import type { ProfileContext } from '../server/protocol.js';
import type { Subscription } from '../server/subscription-table.js';

/** Fixed limits of Greengrass Lite. */
export interface LiteLimits {
  /** Subscriptions of all components together: 100. */
  readonly subscriptions: number;
  readonly publishWindow: PublishWindowLimits;
  /** The largest MQTT packet it receives, in bytes: 4999. Larger ones are lost without a word. */
  readonly maxInboundPacket: number;
}

/** What the connections of a Lite nucleus work with. */
export interface LiteShared {
  readonly context: ProfileContext;
  readonly window: LitePublishWindow;
  /** Whether all subscriptions are taken: then publishing fails too. */
  readonly isFull: boolean;
  readonly subscribe: (subscription: Subscription) => void;
  readonly unsubscribe: (subscription: Subscription) => void;
}
