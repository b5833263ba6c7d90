import { decodePaddedBase64 } from './base64.js';
import type { BrokerMessage } from './broker-message.js';
import { EventFrames } from './event-frames.js';
import type { FaultOperation } from './fault-switches.js';
import {
  liteError,
  liteEvent,
  liteEventJson,
  litePublishReply,
  liteStatusEvent,
  liteStatusReply,
  liteSubscribeReply,
  type LiteErrorCode,
} from './lite-replies.js';
import type { LiteShared, LiteSubscription } from './lite-shared.js';
import { PUBLISH, SUBSCRIBE, SUBSCRIBE_STATUS } from './operations.js';
import type { Peer } from './protocol.js';
import { passReplyFaults, terminateHeaders } from './replies.js';

type Members = Readonly<Record<string, unknown>>;

const MAX_FILTER_BYTES = 256;
const INVALID_PARAMETERS = 'Received invalid parameters.';
const NOT_PUBLISHED = 'Failed to publish the message.';
const NOT_BOUND = 'Failed to bind the subscription.';

/** A value, or the text of the error it is answered with. */
type Checked<A> = { readonly value: A } | { readonly problem: string };

/** The operations of one authenticated connection to Greengrass Lite, with the streams they keep open. */
export class LiteOperations {
  readonly component: string;
  readonly #peer: Peer;
  readonly #server: LiteShared;
  /** A stream id subscribed twice has both subscriptions. */
  readonly #open = new Map<number, readonly (() => void)[]>();

  constructor(peer: Peer, server: LiteShared, component: string) {
    this.#peer = peer;
    this.#server = server;
    this.component = component;
  }

  /** Unknown ids are nothing to it. */
  close(streamId: number): void {
    const closers = this.#open.get(streamId);
    if (closers === undefined) return;
    this.#open.delete(streamId);
    for (const close of closers) close();
  }

  closeAll(): void {
    for (const streamId of [...this.#open.keys()]) this.close(streamId);
  }

  execute(streamId: number, operation: string, payload: string): void {
    const members = parse(payload);
    if (members === undefined) this.fail(streamId, operation, 'ServiceError', '', undefined);
    else if (operation === PUBLISH) this.#publish(streamId, members, payload);
    else if (operation === SUBSCRIBE) this.#subscribe(streamId, members, payload);
    else if (operation === SUBSCRIBE_STATUS && this.#server.context.connectionStatus) this.#subscribeStatus(streamId);
    else this.fail(streamId, operation, 'ServiceError', '', undefined);
  }

  fail(streamId: number, operation: string, code: LiteErrorCode, message: string, resource: string | undefined): void {
    const { context } = this.#server;
    if (context.observed()) {
      context.observe({ kind: 'failed', connection: this.#peer.id, component: this.component, operation, code, message, resource });
    }
    this.#reply(operation === PUBLISH ? 'publish' : 'subscribe', () => {
      this.#peer.send(liteError(streamId, code, message), false);
    });
  }

  #publish(streamId: number, members: Members, json: string): void {
    const { context, window } = this.#server;
    const { topicName, payload: base64 = '' } = members;
    const fail = (message: string, code: LiteErrorCode = 'ServiceError'): void => {
      this.fail(streamId, PUBLISH, code, message, typeof topicName === 'string' ? topicName : undefined);
    };
    if (typeof topicName !== 'string' || typeof base64 !== 'string') return fail(INVALID_PARAMETERS);
    const qos = qosOf(members['qos'], json);
    if ('problem' in qos) return fail(qos.problem);
    const payload = decodePaddedBase64(base64);
    if (payload === undefined) return fail("'payload' is not valid base64.");
    if (!this.#authorized(PUBLISH, topicName)) return fail('IPC Operation not authorized.', 'UnauthorizedError');
    // With every subscription taken there is no handle left to reach iotcored with.
    if (!context.link.isUp || this.#server.isFull || context.faults.spoolFull.strike(this.component) !== undefined)
      return fail(NOT_PUBLISHED);
    const message: BrokerMessage = { topicName, payload, qos: qos.value };
    const hand = window.reserve(message);
    if (hand === undefined) return fail(NOT_PUBLISHED);
    if (context.observed()) {
      context.observe({ kind: 'published', connection: this.#peer.id, component: this.component, topicName, payloadBytes: payload.length });
    }
    this.#reply('publish', () => {
      this.#peer.send(litePublishReply.frame(streamId, '{}'), false);
    });
    const withheld = context.faults.withholdPubacks.strike(this.component);
    hand(
      withheld === undefined
        ? undefined
        : release => {
            withheld.parameter.hold(release);
          },
    );
  }

  #subscribe(streamId: number, members: Members, json: string): void {
    const { context } = this.#server;
    const { topicName: filter } = members;
    const fail = (message: string, code: LiteErrorCode = 'ServiceError'): void => {
      this.fail(streamId, SUBSCRIBE, code, message, typeof filter === 'string' ? filter : undefined);
    };
    if (typeof filter !== 'string') return fail(INVALID_PARAMETERS);
    const qos = members['qos'] === null ? { value: 0 as const } : qosOf(members['qos'], json);
    if ('problem' in qos) return fail(qos.problem);
    if (!this.#authorized(SUBSCRIBE, filter)) return fail('IPC Operation not authorized.', 'UnauthorizedError');
    if (Buffer.byteLength(filter) > MAX_FILTER_BYTES || this.#server.isFull || !context.link.isUp) return fail(NOT_BOUND);
    // Denied by the broker, it is a success all the same: the SUBACK is not looked at.
    const denied = context.faults.denySubscription.strike(this.component) !== undefined;
    let onFirstMessage: (() => void) | undefined;
    const subscription: LiteSubscription = {
      filter,
      streamId,
      qos: qos.value,
      deliver: frames => {
        this.#peer.send(frames.for(streamId), true);
        const reply = onFirstMessage;
        onFirstMessage = undefined;
        reply?.();
      },
      terminate: frame => {
        this.#peer.send(frame, false);
        this.close(streamId);
      },
    };
    this.#keepOpen(streamId, () => {
      this.#server.unsubscribe(subscription);
      if (!context.observed()) return;
      context.observe({ kind: 'unsubscribed', connection: this.#peer.id, component: this.component, streamId, filter });
    });
    if (!denied) this.#server.subscribe(subscription);
    const reply = (): void => {
      this.#reply('subscribe', () => {
        if (!this.#open.has(streamId)) return;
        this.#peer.send(liteSubscribeReply.frame(streamId, '{}'), false);
        this.#afterReply(streamId);
      });
    };
    const early = context.faults.messageBeforeReply.strike(this.component);
    if (early === undefined) reply();
    else if (early.parameter === undefined) onFirstMessage = reply;
    else {
      this.#peer.send(new EventFrames(liteEvent, liteEventJson(early.parameter)).for(streamId), true);
      reply();
    }
    if (context.observed()) {
      context.observe({ kind: 'subscribed', connection: this.#peer.id, component: this.component, streamId, filter });
    }
  }

  #afterReply(streamId: number): void {
    const burst = this.#server.context.faults.burstThenTerminate.strike(this.component);
    if (burst === undefined) return;
    for (const message of burst.parameter) this.#peer.send(new EventFrames(liteEvent, liteEventJson(message)).for(streamId), true);
    this.#peer.send(terminateHeaders.frame(streamId, ''), false);
    this.close(streamId);
  }

  #subscribeStatus(streamId: number): void {
    const { link } = this.#server.context;
    const send = (up: boolean): void => {
      const json = `{"connectionStatusEvent":{"status":"${up ? 'CONNECTED' : 'DISCONNECTED'}"}}`;
      this.#peer.send(liteStatusEvent.frame(streamId, json), true);
    };
    this.#peer.send(liteStatusReply.frame(streamId, '{}'), false);
    send(link.isUp);
    this.#keepOpen(streamId, link.onChange(send));
  }

  #keepOpen(streamId: number, close: () => void): void {
    this.#open.set(streamId, [...(this.#open.get(streamId) ?? []), close]);
  }

  #authorized(operation: string, resource: string): boolean {
    return this.#server.context.authorizers.get(this.component)?.(operation, resource) ?? false;
  }

  #reply(operation: FaultOperation, send: () => void): void {
    passReplyFaults(this.#peer, this.#server.context.faults, operation, this.component, send);
  }
}

function parse(payload: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(payload);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** A qos as text or as integer, from 0 to 2; 2 is sent as 1. */
function qosOf(qos: unknown, json: string): Checked<0 | 1> {
  if (qos === undefined) return { value: 0 };
  // Lite tells 1.0 from 1, which JavaScript's numbers do not.
  if (typeof qos === 'number' && /"qos"\s*:\s*-?\d+[.eE]/.test(json)) return { problem: 'Key qos of invalid type.' };
  if (typeof qos !== 'string' && typeof qos !== 'number') return { problem: 'Key qos of invalid type.' };
  const number = typeof qos === 'number' ? qos : /^[+-]?\d+$/.test(qos) ? Number(qos) : undefined;
  if (number === undefined) return { problem: "Failed to parse 'qos' string value." };
  if (number < 0 || number > 2) return { problem: "'qos' not a valid value." };
  return { value: number === 0 ? 0 : 1 };
}
