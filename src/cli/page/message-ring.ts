import { Ring } from '../../shared/waiting.js';
import type { PageMark } from './page-state.js';

/** A message as it passed. */
export interface PassedMessage extends PageMark {
  readonly topicName: string;
  readonly way: 'in' | 'out';
  readonly isLocal: boolean;
  readonly payload: Uint8Array;
}

/** The latest messages, bounded in number and in bytes. */
export class MessageRing {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  readonly #messages = new Ring<PassedMessage>();
  #bytes = 0;

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
  }

  add(message: PassedMessage): void {
    this.#messages.push(message, message.bytes);
    this.#bytes += message.bytes;
    while (this.#messages.length > this.#maxMessages || this.#bytes > this.#maxBytes) this.#bytes -= this.#messages.shift().bytes;
  }

  /** `undefined`: it is no longer kept. */
  get(id: number): PassedMessage | undefined {
    for (const message of this.#messages) if (message.id === id) return message;
    return undefined;
  }

  since(at: number): readonly PassedMessage[] {
    return [...this.#messages].filter(message => message.at >= at);
  }
}
