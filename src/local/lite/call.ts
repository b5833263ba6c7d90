import type { LocalTopics } from '../pubsub/local-topics.js';
import { Call } from '../server/call.js';
import type { ProfileContext } from '../server/protocol.js';
import type { ClientSubscription } from '../server/subscriptions.js';
import type { LitePublishWindow, PublishWindowLimits } from './publish-window.js';
import { liteError, type LiteErrorCode } from './replies.js';

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
  readonly subscribe: (subscription: ClientSubscription) => void;
  readonly unsubscribe: (subscription: ClientSubscription) => void;
}

/** One operation being carried out on one stream of Lite. */
export class LiteCall extends Call<LiteShared> {
  /** Without its configuration daemon Lite finds no policy, and so allows nothing. */
  may(resource: string): boolean {
    const { caller, shared, operation } = this;
    return shared.context.faults.configurationDown.strike(caller.component) === undefined && caller.may(operation, resource);
  }

  reply(frame: () => Buffer): void {
    this.answer(() => {
      this.caller.peer.send(frame(), false);
    });
  }

  /** The client gets an error without a text, and who looks at the nucleus the reason. */
  failSilently(reason: string): void {
    this.#fail('ServiceError', '', reason);
  }

  fail(message: string, resource?: string, code: LiteErrorCode = 'ServiceError'): void {
    this.#fail(code, message, message, resource);
  }

  #fail(code: LiteErrorCode, message: string, reason: string, resource?: string): void {
    this.caller.failed(this.operation, code, reason, resource);
    this.reply(() => liteError(this.streamId, code, message));
  }

  unauthorized(resource: string): void {
    this.fail('IPC Operation not authorized.', resource, 'UnauthorizedError');
  }
}
