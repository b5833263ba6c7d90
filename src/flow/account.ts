/** A number of values and, where a stage was told `sizeOf`, their bytes. */
export interface Amount {
  readonly messages: number;
  readonly bytes: number;
}

interface Count {
  messages: number;
  bytes: number;
}

function zero(): Count {
  return { messages: 0, bytes: 0 };
}

/** What is counted: each subscription of a proxy, by its topic or filter, and the stages. Windows are counted in a dry run only. */
export type StageKind =
  | 'window'
  | 'subscription'
  | 'counted'
  | 'concurrently'
  | 'publishTo'
  | 'storeIn'
  | 'forwardFrom'
  | 'batch'
  | 'governRate'
  | 'toAsyncIterable';

/**
 * What became of the values that went into a stage, over all its subscriptions. At any moment
 * `received = emitted + dropped + failed + buffered + discarded`.
 */
export interface StageAccount {
  /** The stage's operator, or `subscription`. */
  readonly kind: StageKind;
  readonly name: string;
  /** Subscriptions under way now. */
  readonly active: number;
  /** Values that went in. */
  readonly received: Amount;
  /** Values whose work was done, or that went out in a batch. */
  readonly emitted: Amount;
  /** Values the buffer dropped because it was full. */
  readonly dropped: Amount;
  /** Values whose work ended in a `Left`. */
  readonly failed: Amount;
  /** Values inside now: waiting, or being worked on. */
  readonly buffered: Amount;
  /** Values that were inside when the stage ended: unsubscribed, or failed; with `concurrently` also when it ended by a terminal `Left`. */
  readonly discarded: Amount;
  /** The most that was ever inside at once; messages and bytes are counted separately. */
  readonly peak: Amount;
}

/**
 * What became of all messages that were ever stored in the file of an outbox, by this process and those before it. At any moment
 * `stored = forwarded + expired + dropped + setAside + damaged + inside`.
 */
export interface OutboxAccount {
  /** The file. */
  readonly path: string;
  readonly stored: number;
  /** Sent, and deleted. */
  readonly forwarded: number;
  /** Too old to be sent. */
  readonly expired: number;
  /** Dropped, since the outbox was full. */
  readonly dropped: number;
  /** Will never be sent, and are kept aside with the reason. */
  readonly setAside: number;
  /** Lost to damage of the file. */
  readonly damaged: number;
  /** Stored, and none of these yet; bytes of topics and payloads. */
  readonly inside: Amount;
  /** When the oldest of those inside was stored, as time of day in milliseconds. `undefined`: there is none. */
  readonly oldest: number | undefined;
}

/** The counters behind a {@link StageAccount}. Plain numbers: this runs for every value. */
export class LedgerAccount {
  readonly kind: StageKind;
  readonly name: string;
  active = 0;
  readonly #received = zero();
  readonly #emitted = zero();
  readonly #dropped = zero();
  readonly #failed = zero();
  readonly #buffered = zero();
  readonly #discarded = zero();
  readonly #peak = zero();

  constructor(kind: StageKind, name: string) {
    this.kind = kind;
    this.name = name;
  }

  receive(bytes: number): void {
    this.#received.messages++;
    this.#received.bytes += bytes;
  }

  /** A received value is inside from here on. */
  admit(bytes: number): void {
    const buffered = this.#buffered;
    const peak = this.#peak;
    buffered.messages++;
    buffered.bytes += bytes;
    if (buffered.messages > peak.messages) peak.messages = buffered.messages;
    if (buffered.bytes > peak.bytes) peak.bytes = buffered.bytes;
  }

  /** A received value was never let in. */
  refuse(bytes: number): void {
    this.#dropped.messages++;
    this.#dropped.bytes += bytes;
  }

  evict(bytes: number): void {
    this.#leave(1, bytes);
    this.refuse(bytes);
  }

  emit(messages: number, bytes: number): void {
    this.#leave(messages, bytes);
    this.#emitted.messages += messages;
    this.#emitted.bytes += bytes;
  }

  fail(bytes: number): void {
    this.#leave(1, bytes);
    this.#failed.messages++;
    this.#failed.bytes += bytes;
  }

  /** A received value could not even be let in: `sizeOf` or `key` threw. */
  failAtOnce(bytes: number): void {
    this.#failed.messages++;
    this.#failed.bytes += bytes;
  }

  discard(messages: number, bytes: number): void {
    this.#leave(messages, bytes);
    this.#discarded.messages += messages;
    this.#discarded.bytes += bytes;
  }

  snapshot(): StageAccount {
    const { kind, name, active } = this;
    const received = this.#received;
    const emitted = this.#emitted;
    const dropped = this.#dropped;
    const failed = this.#failed;
    const buffered = this.#buffered;
    const discarded = this.#discarded;
    const peak = this.#peak;
    return {
      kind,
      name,
      active,
      received: { ...received },
      emitted: { ...emitted },
      dropped: { ...dropped },
      failed: { ...failed },
      buffered: { ...buffered },
      discarded: { ...discarded },
      peak: { ...peak },
    };
  }

  #leave(messages: number, bytes: number): void {
    this.#buffered.messages -= messages;
    this.#buffered.bytes -= bytes;
  }
}
