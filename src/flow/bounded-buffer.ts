import { type BufferBound, Overflowed, type OverflowPolicy } from '../errors/errors.js';
import { checkBound, checkedSize, checkOneOf } from '../shared/check-argument.js';
import { hook } from '../stream/hook.js';
import type { LedgerAccount } from './account.js';
import type { DeclaredBuffer } from './declaration.js';
import { type BufferMemory, bufferMemory, type BufferShare } from './buffer-memory.js';
import { LatestPerKey, Ring, type Waiting } from '../shared/waiting.js';

/** How much may wait at a stage. */
type Capacity<A> = {
  /** Values that may wait. `0` lets none wait. Default 1 000. */
  readonly messages?: number | undefined;
} & (
  | {
      /** Left out: the buffer has its part of the 16 MiB that are for all buffers of the process without `bytes`. */
      readonly bytes?: undefined;
      /**
       * Bytes of one value, for that and for the ledger. Left out: as reckoned from texts, binary data and the first members of a value,
       * once it waits.
       */
      readonly sizeOf?: ((value: A) => number) | undefined;
    }
  | {
      /** Bytes that may wait, next to the bound in messages, and in the place of a part of what all buffers share. */
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

/** A dropped value that is to have an outcome, and what was full. */
interface Spared<A> {
  readonly value: A;
  readonly bound: BufferBound;
}

/**
 * The one bounded buffer of a stage. Values wait here until the stage has room for them. What does not fit is dropped by the policy,
 * counted, and remembered for {@link takeOverflow}.
 */
export class BoundedBuffer<A> {
  /** Bytes of a value; 0 where the policy has no `sizeOf`. */
  readonly sizeOf: (value: A) => number;
  /** Each value with the bytes that it counts for the bound. */
  readonly #waiting: Waiting<A>;
  /** Whether those are the bytes that the ledger counts, too. */
  readonly #isSized: boolean;
  readonly #account: LedgerAccount;
  /** Values that may wait. */
  readonly messages: number;
  readonly #bytes: number;
  /** Where there is no bound in bytes. */
  readonly #share: BufferShare | undefined;
  readonly onFull: OverflowPolicy;
  readonly #reported: OverflowPolicy;
  readonly #onDrop: ((value: A) => void) | undefined;
  #bytesWaiting = 0;
  #ended = false;
  #droppedMessages = 0;
  #droppedBytes = 0;
  readonly #hit = new Set<BufferBound>();
  /** The values that were dropped and are each to have an outcome, where that is wanted. */
  readonly #spared: Spared<A>[] | undefined;
  #thrownByOnDrop: { readonly error: unknown } | undefined;

  /**
   * @param reported The policy that an {@link Overflowed} names; default: that of `policy`.
   * @param spares Whether dropped values are kept for {@link takeSpared} instead of being reported as an overflow.
   * @param memory What it has a part of if it has no bound in bytes.
   */
  constructor(
    policy: BufferPolicy<A>,
    account: LedgerAccount,
    reported?: OverflowPolicy,
    spares = false,
    memory: BufferMemory = bufferMemory,
  ) {
    this.messages = checkBound(policy.messages ?? DEFAULT_BUFFER_MESSAGES, 'buffer.messages', 0);
    this.#bytes = checkBound(policy.bytes ?? Infinity, 'buffer.bytes', 0);
    this.onFull = checkOneOf(policy.onFull ?? 'dropOldest', 'buffer.onFull', ['dropOldest', 'dropNewest', 'latestPerKey', 'fail']);
    this.#reported = reported ?? this.onFull;
    this.#onDrop = hook('buffer.onDrop', policy.onDrop);
    this.sizeOf = policy.sizeOf === undefined ? () => 0 : checkedSize(policy.sizeOf);
    this.#isSized = policy.sizeOf !== undefined;
    this.#share = policy.bytes === undefined && this.messages > 0 ? memory.share() : undefined;
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
    // `sizeOf` and `key` may end the stage, after which nothing may wait.
    if (this.#isOver()) return this.#giveUp(bytes);
    const keepsOld = this.onFull === 'fail' || this.onFull === 'dropNewest';
    // What is dropped anyway is not measured.
    const isMeasured = this.#share !== undefined && !this.#isSized && !(keepsOld && this.#waiting.length >= this.messages);
    const held = isMeasured ? this.#share.bytesOf(value) : bytes;
    const bound = this.#boundFor(held);
    if (bound !== undefined) {
      if (this.onFull === 'fail') {
        this.#account.refuse(bytes);
        this.#drop(value, bytes, bound);
        this.#rethrow();
        return false;
      }
      // A value that is larger than the whole buffer would push out all others and still not fit.
      if (this.onFull === 'dropNewest' || this.messages === 0 || !this.#hasRoom(held, this.#bytesWaiting)) {
        this.#account.refuse(bytes);
        this.#drop(value, bytes, bound);
        this.#rethrow();
        return true;
      }
    }
    // Pushed before anything is dropped: which waiting value is overtaken is known only once the new one is there.
    try {
      this.#waiting.push(value, held);
    } catch (error) {
      this.#account.failAtOnce(bytes);
      throw error;
    }
    if (this.#isOver()) return this.#giveUp(bytes);
    this.#bytesWaiting += held;
    this.#share?.hold(held, value);
    for (let over = this.#boundFor(0, 0); over !== undefined; over = this.#boundFor(0, 0)) this.#evict(over);
    this.#account.admit(bytes);
    this.#rethrow();
    return true;
  }

  /** Bytes of the value {@link shift} takes next, as the ledger counts them. */
  headBytes(): number {
    return this.#isSized ? this.#waiting.headBytes() : 0;
  }

  /** Takes the next value, which stays inside the stage. Must not be called when none waits. */
  shift(): A {
    this.#release(this.#waiting.headBytes());
    return this.#waiting.shift();
  }

  /** Gives up everything that waits: the stage has ended. */
  discard(): void {
    this.#account.discard(this.#waiting.length, this.#isSized ? this.#bytesWaiting : 0);
    this.#waiting.clear();
    this.#bytesWaiting = 0;
    this.#ended = true;
    this.#share?.close();
  }

  /** A method, so that the compiler does not take it for unchanged. */
  #isOver(): boolean {
    return this.#ended;
  }

  /** Counts a value that came when the stage had ended. */
  #giveUp(bytes: number): true {
    this.#waiting.clear();
    this.#account.admit(bytes);
    this.#account.discard(1, bytes);
    return true;
  }

  /** Whether what is dropped is kept for {@link takeSpared}. */
  get spares(): boolean {
    return this.#spared !== undefined;
  }

  /** The values that were dropped since the last call, where they are kept. */
  takeSpared(): readonly Spared<A>[] {
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
  count(bytes: number, bound: BufferBound): void {
    this.#droppedMessages++;
    this.#hit.add(bound);
    this.#droppedBytes += bytes;
  }

  #overflow<K extends 'gap' | 'terminal'>(kind: K): Overflowed<K> {
    const overflowed = new Overflowed(
      kind,
      this.#droppedMessages,
      this.#droppedBytes,
      this.#reported,
      this.#reported === 'enforce' ? [] : [...this.#hit],
    );
    this.#droppedMessages = 0;
    this.#droppedBytes = 0;
    this.#hit.clear();
    return overflowed;
  }

  /** The bound that so many values more, of so many bytes, would be over. */
  #boundFor(bytes: number, messages = 1): BufferBound | undefined {
    if (this.#waiting.length + messages > this.messages) return 'messages';
    if (this.#hasRoom(bytes, 0)) return undefined;
    return this.#share === undefined ? 'bytes' : 'shared';
  }

  /** Whether so many bytes more fit once there are `without` less. */
  #hasRoom(bytes: number, without: number): boolean {
    return this.#share === undefined ? this.#bytesWaiting + bytes - without <= this.#bytes : this.#share.has(bytes, without);
  }

  #release(bytes: number): void {
    this.#bytesWaiting -= bytes;
    this.#share?.release(bytes);
  }

  #evict(bound: BufferBound): void {
    const held = this.#waiting.evictBytes();
    const bytes = this.#isSized ? held : 0;
    this.#release(held);
    const value = this.#waiting.evict();
    this.#account.evict(bytes);
    this.#drop(value, bytes, bound);
  }

  #drop(value: A, bytes: number, bound: BufferBound): void {
    if (this.#spared === undefined || this.onFull === 'fail') this.count(bytes, bound);
    this.#spared?.push({ value, bound });
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
