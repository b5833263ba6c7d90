import { encodeRpcMessage, MessageFlag, MessageType } from '../../ipc/wire/rpc-message.js';
import type { BrokerMessage } from '../broker/broker.js';
import type { PubSub } from '../pubsub/pub-sub.js';
import { Call } from '../server/call.js';
import { errorHeaders, EventFrames, type HeaderTemplate, shapeHeaders } from '../server/frames.js';
import type { ProfileContext } from '../server/protocol.js';
import type { ClientSubscription } from '../server/subscriptions.js';
import { int64 } from './json.js';
import type { LitePublishWindow, PublishWindowLimits } from './publish-window.js';

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
  readonly local: PubSub;
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
  /** `true`: the MQTT daemon hangs and answers nobody, and `fail` is called when the time is up. `false`: it does not hang. */
  readonly waitsInVain: (fail: () => void) => boolean;
  readonly subscribe: (subscription: ClientSubscription) => void;
  readonly unsubscribe: (subscription: ClientSubscription) => void;
}

/** What a topic or payload of a wrong type, or none, is answered with. */
export const INVALID_PARAMETERS = 'Received invalid parameters.';

/** A qos as text or as integer, from 0 to 2, of which 2 is sent as 1; or the text of the error. */
export function readQos(qos: unknown): { readonly value: 0 | 1 } | { readonly problem: string } {
  if (qos === undefined) return { value: 0 };
  if (typeof qos !== 'string' && typeof qos !== 'bigint') return { problem: 'Key qos of invalid type.' };
  const number = typeof qos === 'bigint' ? qos : int64(qos);
  if (number === undefined) return { problem: "Failed to parse 'qos' string value." };
  if (number < 0n || number > 2n) return { problem: "'qos' not a valid value." };
  return { value: number === 0n ? 0 : 1 };
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

  /** The client gets an error without a text; the reason is told to those who observe the nucleus. */
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

/** The errors Greengrass Lite answers with. */
export type LiteErrorCode = 'ServiceError' | 'UnauthorizedError' | 'InvalidArgumentsError' | 'ResourceNotFoundError';

/** Lite never ends a stream with a success, not even a publish: the client owes the terminate. */
export const litePublishReply: HeaderTemplate = shapeHeaders('PublishToIoTCoreResponse', false, 'content last');
export const liteSubscribeReply: HeaderTemplate = shapeHeaders('SubscribeToIoTCoreResponse', false, 'content last');
export const liteStatusReply: HeaderTemplate = shapeHeaders('SubscribeToIoTCoreConnectionStatusResponse', false, 'content last');
export const liteStatusEvent: HeaderTemplate = shapeHeaders('IoTCoreConnectionStatusEvent', false, 'content last');

/** With the content type, without which the SDK for Python takes an event for an error: `ggl_ipc_response_send` writes it on all. */
const eventHeaders = shapeHeaders('IoTCoreMessage', false, 'content last');
const errors: Readonly<Record<LiteErrorCode, HeaderTemplate>> = {
  ServiceError: errorHeaders('ServiceError', 'content last'),
  UnauthorizedError: errorHeaders('UnauthorizedError', 'content last'),
  InvalidArgumentsError: errorHeaders('InvalidArgumentsError', 'content last'),
  ResourceNotFoundError: errorHeaders('ResourceNotFoundError', 'content last'),
};

export function liteError(streamId: number, code: LiteErrorCode, message: string): Buffer {
  return errors[code].frame(streamId, JSON.stringify({ _message: message, _errorCode: code }));
}

export function liteConnectAck(): Buffer {
  return encodeRpcMessage({ type: MessageType.ConnectAck, flags: MessageFlag.ConnectionAccepted, streamId: 0 });
}

/** All that Lite carries of a message: its topic and its payload. */
export function liteEvent({ topicName, payload }: BrokerMessage): EventFrames {
  const base64 = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('base64');
  return new EventFrames(eventHeaders, `{"message":{"topicName":${JSON.stringify(topicName)},"payload":"${base64}"}}`);
}
