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
  readonly #mostMessages: number;
  readonly #mostBytes: number;
  readonly #messages: PassedMessage[] = [];
  #first = 0;
  #bytes = 0;

  constructor(mostMessages: number, mostBytes: number) {
    this.#mostMessages = mostMessages;
    this.#mostBytes = mostBytes;
  }

  add(message: PassedMessage): void {
    this.#messages.push(message);
    this.#bytes += message.bytes;
    while (this.#messages.length - this.#first > this.#mostMessages || this.#bytes > this.#mostBytes) {
      this.#bytes -= this.#messages[this.#first]?.bytes ?? 0;
      this.#first++;
    }
    // Now and then, since taking one from the front of a long list costs as much as the list is long.
    if (this.#first > this.#mostMessages) {
      this.#messages.splice(0, this.#first);
      this.#first = 0;
    }
  }

  /** `undefined`: it is no longer kept. */
  get(id: number): PassedMessage | undefined {
    return this.#messages.slice(this.#first).find(message => message.id === id);
  }

  since(at: number): readonly PassedMessage[] {
    return this.#messages.slice(this.#first).filter(message => message.at >= at);
  }
}
