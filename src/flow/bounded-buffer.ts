import { Overflowed, type OverflowPolicy } from '../errors/errors.js';
import { atOnce, checkBound } from '../shared/check-argument.js';
import { hook } from '../stream/hook.js';
import type { DeclaredBuffer, LedgerAccount } from './account.js';
import { LatestPerKey, Ring, type Waiting } from '../shared/waiting.js';

/** How much may wait at a stage. */
type Capacity<A> = {
  /** Values that may wait. `0` lets none wait. Default 1 000. */
  readonly messages?: number | undefined;
} & (
  | {
      readonly bytes?: undefined;
      /** Bytes of one value, for the ledger. */
      readonly sizeOf?: ((value: A) => number) | undefined;
    }
  | {
      /** Bytes that may wait, next to the bound in messages. */
      readonly bytes: number;
      /** Bytes of one value. Called once for each, as it arrives. */
      readonly sizeOf: (value: A) => number;
    }
);

/** What is dropped when no more may wait. */
type OnFull<A> =
  | {
      /**
       * - `dropOldest` (default): the value that has waited longest.
       * - `dropNewest`: the value that has just arrived.
       * - `fail`: nothing is dropped; the stage ends with a terminal `Left(Overflowed)`.
       */
      readonly onFull?: 'dropOldest' | 'dropNewest' | 'fail' | undefined;
      readonly key?: undefined;
    }
  | {
      /**
       * A waiting value that a newer one of its key has overtaken. If there is none, the one that has waited longest. So the last value of
       * every key is kept as long as the buffer has room for as many keys.
       */
      readonly onFull: 'latestPerKey';
      /** The key of a value; compared as a `Map` compares keys. */
      readonly key: (value: A) => unknown;
    };

/**
 * The bound of a stage: how much may wait in front of it, and what happens to the next value when that much waits.
 * The values the stage is working on come on top (at most as many as are in flight).
 */
export type BufferPolicy<A> = Capacity<A> &
  OnFull<A> & {
    /** Sees each dropped value, at the moment it is dropped. What it throws goes to the stage's error channel. */
    readonly onDrop?: ((value: A) => void) | undefined;
  };

/** How many values wait where nothing else is said. */
export const DEFAULT_BUFFER_MESSAGES = 1_000;

/** The bound with its defaults, as a stage declares it. */
export function declaredBuffer<A>(policy: BufferPolicy<A> = {}): DeclaredBuffer {
  return {
    messages: policy.messages ?? DEFAULT_BUFFER_MESSAGES,
    bytes: policy.bytes,
    onFull: policy.onFull ?? 'dropOldest',
  };
}

/**
 * `sizeOf` with its result checked. A size that is not a number would make every sum of sizes NaN and every comparison with a bound false,
 * so that there would be no bound any more.
 */
export function checkedSize<A>(sizeOf: (value: A) => number): (value: A) => number {
  return value => {
    const size = sizeOf(value);
    atOnce(size, 'sizeOf');
    if (typeof size !== 'number' || !(size >= 0 && size < Infinity))
      throw new RangeError(`sizeOf must give a number of bytes from 0 on, and gave ${size}.`);
    return size;
  };
}

/**
 * The one bounded buffer of a stage. Values wait here until the stage has room for them. What does not fit is dropped by the policy,
 * counted, and remembered for {@link takeOverflow}.
 */
export class BoundedBuffer<A> {
  /** Bytes of a value; 0 where the policy has no `sizeOf`. */
  readonly sizeOf: (value: A) => number;
  readonly #waiting: Waiting<A>;
  readonly #account: LedgerAccount;
  /** Values that may wait. */
  readonly messages: number;
  readonly #bytes: number;
  readonly onFull: OverflowPolicy;
  readonly #reported: OverflowPolicy;
  readonly #onDrop: ((value: A) => void) | undefined;
  #bytesWaiting = 0;
  #droppedMessages = 0;
  #droppedBytes = 0;
  /** The values that were dropped and are each to have an outcome, where that is wanted. */
  readonly #spared: A[] | undefined;
  #thrownByOnDrop: { readonly error: unknown } | undefined;

  /**
   * @param reported The policy that an {@link Overflowed} names; default: that of `policy`.
   * @param spares Whether dropped values are kept for {@link takeSpared} instead of being reported as an overflow.
   */
  constructor(policy: BufferPolicy<A>, account: LedgerAccount, reported?: OverflowPolicy, spares = false) {
    this.messages = checkBound(policy.messages ?? DEFAULT_BUFFER_MESSAGES, 'buffer.messages', 0);
    this.#bytes = checkBound(policy.bytes ?? Infinity, 'buffer.bytes', 0);
    this.onFull = policy.onFull ?? 'dropOldest';
    this.#reported = reported ?? this.onFull;
    this.#onDrop = hook('buffer.onDrop', policy.onDrop);
    this.sizeOf = policy.sizeOf === undefined ? () => 0 : checkedSize(policy.sizeOf);
    this.#waiting = policy.onFull === 'latestPerKey' ? new LatestPerKey(policy.key) : new Ring();
    this.#account = account;
    this.#spared = spares ? [] : undefined;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /**
   * Lets a received value in, and drops what the policy says. `false`: the policy is `fail`, and the value does not fit. What `key` or
   * `onDrop` throws is thrown once everything is counted.
   */
  offer(value: A, bytes: number): boolean {
    if (!this.#fits(bytes)) {
      if (this.onFull === 'fail') {
        this.#account.refuse(bytes);
        this.#drop(value, bytes);
        this.#rethrow();
        return false;
      }
      // A value that is larger than the whole buffer would push out all others and still not fit.
      if (this.onFull === 'dropNewest' || this.messages === 0 || bytes > this.#bytes) {
        this.#account.refuse(bytes);
        this.#drop(value, bytes);
        this.#rethrow();
        return true;
      }
    }
    // Pushed before anything is dropped: which waiting value is overtaken is known only once the new one is there.
    try {
      this.#waiting.push(value, bytes);
    } catch (error) {
      this.#account.failAtOnce(bytes);
      throw error;
    }
    this.#bytesWaiting += bytes;
    while (this.#waiting.length > this.messages || this.#bytesWaiting > this.#bytes) this.#evict();
    this.#account.admit(bytes);
    this.#rethrow();
    return true;
  }

  /** Bytes of the value {@link shift} takes next. */
  headBytes(): number {
    return this.#waiting.headBytes();
  }

  /** Takes the next value, which stays inside the stage. Must not be called when none waits. */
  shift(): A {
    this.#bytesWaiting -= this.#waiting.headBytes();
    return this.#waiting.shift();
  }

  /** Gives up everything that waits: the stage has ended. */
  discard(): void {
    this.#account.discard(this.#waiting.length, this.#bytesWaiting);
    this.#waiting.clear();
    this.#bytesWaiting = 0;
  }

  /** Whether what is dropped is kept for {@link takeSpared}. */
  get spares(): boolean {
    return this.#spared !== undefined;
  }

  /** The values that were dropped since the last call, where they are kept. */
  takeSpared(): readonly A[] {
    return this.#spared?.splice(0) ?? [];
  }

  /** One failure for all that was dropped since the last call. */
  takeOverflow(): Overflowed<'gap'> | undefined {
    return this.#droppedMessages === 0 ? undefined : this.#overflow('gap');
  }

  /** The failure that ends a stage whose policy is `fail`. */
  takeFatalOverflow(): Overflowed<'terminal'> {
    return this.#overflow('terminal');
  }

  /** Remembers a loss that is counted elsewhere, for {@link takeOverflow}. */
  count(bytes: number): void {
    this.#droppedMessages++;
    this.#droppedBytes += bytes;
  }

  #overflow<K extends 'gap' | 'terminal'>(kind: K): Overflowed<K> {
    const overflowed = new Overflowed(kind, this.#droppedMessages, this.#droppedBytes, this.#reported);
    this.#droppedMessages = 0;
    this.#droppedBytes = 0;
    return overflowed;
  }

  #fits(bytes: number): boolean {
    return this.#waiting.length < this.messages && this.#bytesWaiting + bytes <= this.#bytes;
  }

  #evict(): void {
    const bytes = this.#waiting.evictBytes();
    this.#bytesWaiting -= bytes;
    const value = this.#waiting.evict();
    this.#account.evict(bytes);
    this.#drop(value, bytes);
  }

  #drop(value: A, bytes: number): void {
    if (this.#spared === undefined || this.onFull === 'fail') this.count(bytes);
    this.#spared?.push(value);
    try {
      this.#onDrop?.(value);
    } catch (error) {
      this.#thrownByOnDrop = { error };
    }
  }

  #rethrow(): void {
    const thrown = this.#thrownByOnDrop;
    if (thrown === undefined) return;
    this.#thrownByOnDrop = undefined;
    throw thrown.error;
  }
}
