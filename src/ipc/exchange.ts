import { isJsonObject, parsedJson } from '../shared/check-argument.js';
import type { StreamListener, TransportConnection, TransportStream } from './transport.js';
import { MessageFlag, MessageType, type RpcMessage } from './wire/rpc-message.js';

/** The model types of the events of each subscription. Everything else on its stream is the reply. */
const EVENT_MODEL_TYPES: ReadonlyMap<string, readonly string[]> = new Map([
  ['aws.greengrass#SubscribeToIoTCore', ['aws.greengrass#IoTCoreMessage']],
  ['aws.greengrass#SubscribeToIoTCoreConnectionStatus', ['aws.greengrass#IoTCoreConnectionStatusEvent']],
  ['aws.greengrass#SubscribeToTopic', ['aws.greengrass#SubscriptionResponseMessage']],
  ['aws.greengrass#SubscribeToConfigurationUpdate', ['aws.greengrass#ConfigurationUpdateEvents']],
  ['aws.greengrass#SubscribeToValidateConfigurationUpdates', ['aws.greengrass#ValidateConfigurationUpdateEvents']],
  ['aws.greengrass#SubscribeToComponentUpdates', ['aws.greengrass#ComponentUpdatePolicyEvents']],
]);
/** The event types that are expected for any other operation. */
const ALL_EVENT_MODEL_TYPES: readonly string[] = [...EVENT_MODEL_TYPES.values()].flat();

/** Events that may wait for a subscribe reply that is late, and characters of them; with more, waiting ends and they are delivered. */
const MAX_EARLY_EVENTS = 1_000;
const MAX_EARLY_CHARACTERS = 4 * 1024 * 1024;

/** How a request with one answer ended: with the server's message, which may be an error, or without one. */
export interface RequestListener {
  readonly onReply: (message: RpcMessage) => void;
  /** The message that came cannot be the reply; `detail` says why. Nothing follows. */
  readonly onViolation: (detail: string) => void;
  readonly onLost: () => void;
}

/** A subscription's life: a reply, then events, or an error, and an end that comes once. */
export interface SubscriptionListener {
  /** The server has accepted the subscription. Comes before the first event, whatever the order on the wire. */
  readonly onReply: () => void;
  readonly onEvent: (message: RpcMessage) => void;
  /** Instead of a reply or after it; nothing follows. */
  readonly onError: (message: RpcMessage) => void;
  /** A message came that is neither the reply nor an event; `detail` says why. Nothing follows. */
  readonly onViolation: (detail: string) => void;
  /** The server ended the stream in good order; nothing follows. */
  readonly onComplete: () => void;
  /** The connection ended; nothing follows. */
  readonly onLost: () => void;
}

/** An exchange under way. */
export interface Exchange {
  /** Gives it up: its listener hears nothing more, and the server gets the terminate that is owed. */
  readonly abandon: () => void;
}

/** One request and its one answer. */
export class RequestExchange implements StreamListener, Exchange {
  readonly #operation: string;
  readonly #stream: TransportStream;
  #listener: RequestListener | undefined;

  constructor(connection: TransportConnection, operation: string, payload: string, listener: RequestListener, takeStream: () => void) {
    this.#operation = operation;
    this.#listener = listener;
    this.#stream = connection.openStream(operation, payload, this);
    takeStream();
  }

  onMessage(message: RpcMessage): void {
    const listener = this.#listener;
    this.#listener = undefined;
    // Greengrass Lite leaves the stream of an answered request open; the classic nucleus has terminated it.
    this.#stream.terminate();
    const problem = message.type === MessageType.ApplicationMessage ? replyProblem(this.#operation, message) : undefined;
    if (problem === undefined) listener?.onReply(message);
    else listener?.onViolation(problem);
  }

  onEnd(): void {
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onLost();
  }

  abandon(): void {
    this.#listener = undefined;
    this.#stream.terminate();
  }
}

/** One subscription: its reply, wherever it comes among the events, and those. */
export class SubscriptionExchange implements StreamListener, Exchange {
  readonly #operation: string;
  readonly #eventTypes: readonly string[];
  readonly #stream: TransportStream;
  #listener: SubscriptionListener | undefined;
  #replied = false;
  #early: RpcMessage[] = [];
  #earlyCharacters = 0;

  constructor(connection: TransportConnection, operation: string, payload: string, listener: SubscriptionListener, takeStream: () => void) {
    this.#operation = operation;
    this.#eventTypes = EVENT_MODEL_TYPES.get(operation) ?? ALL_EVENT_MODEL_TYPES;
    this.#listener = listener;
    this.#stream = connection.openStream(operation, payload, this);
    takeStream();
  }

  onMessage(message: RpcMessage): void {
    if (message.type !== MessageType.ApplicationMessage) {
      this.takeEventsForReply();
      this.#leave()?.onError(message);
      return;
    }
    if (message.modelType !== undefined && this.#eventTypes.includes(message.modelType)) this.#onEvent(message);
    else if (message.payload !== '') this.#onOther(message);
    if ((message.flags & MessageFlag.TerminateStream) !== 0) this.#onTerminated();
  }

  onEnd(): void {
    this.takeEventsForReply();
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onLost();
  }

  abandon(): void {
    this.#listener = undefined;
    this.#early = [];
    this.#stream.terminate();
  }

  /**
   * Stops waiting for a late reply: events that came before it prove that the server has accepted, and are delivered now. `false`: none
   * came, and nothing has changed.
   */
  takeEventsForReply(): boolean {
    if (this.#early.length === 0) return false;
    this.#onReply();
    return true;
  }

  #onEvent(message: RpcMessage): void {
    if (this.#replied) {
      this.#listener?.onEvent(message);
      return;
    }
    // Greengrass Lite may send an event before the reply (4 of 300 subscribes on a busy topic): it waits for it here.
    this.#early.push(message);
    this.#earlyCharacters += message.payload.length;
    if (this.#early.length >= MAX_EARLY_EVENTS || this.#earlyCharacters >= MAX_EARLY_CHARACTERS) this.#onReply();
  }

  /** The reply, which may also come after nobody waits for it any more; or a message that should not be here. */
  #onOther(message: RpcMessage): void {
    const problem = replyProblem(this.#operation, message);
    if (problem !== undefined) {
      this.takeEventsForReply();
      this.#leave()?.onViolation(problem);
    } else if (!this.#replied) this.#onReply();
  }

  #onReply(): void {
    this.#replied = true;
    this.#listener?.onReply();
    const early = this.#early;
    this.#early = [];
    for (const message of early) this.#listener?.onEvent(message);
  }

  #onTerminated(): void {
    this.takeEventsForReply();
    this.#leave()?.onComplete();
  }

  #leave(): SubscriptionListener | undefined {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#early = [];
    this.#stream.terminate();
    return listener;
  }
}

/**
 * Why a message cannot be the reply to the operation. Both nuclei name its type, the operation's name with `Response`, and send a JSON
 * object. A message without a body is allowed: it only ends the stream.
 */
function replyProblem(operation: string, { modelType, payload }: RpcMessage): string | undefined {
  if (payload === '') return undefined;
  if (modelType !== undefined && modelType !== `${operation}Response`) {
    return `a message of the type ${modelType.slice(0, 200)} came on the stream of ${operation}`;
  }
  // Nearly all replies are `{}`, which needs no parsing.
  return payload === '{}' || isObjectText(payload) ? undefined : `the reply to ${operation} is no JSON object`;
}

function isObjectText(text: string): boolean {
  return isJsonObject(parsedJson(text));
}
