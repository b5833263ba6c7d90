import { channel } from 'node:diagnostics_channel';
import { asyncScheduler, type SchedulerLike, type Subscription } from 'rxjs';
import { describe } from '../codec/codec.js';
import { steadyMillisecond, wait } from '../schedule/clock.js';
import { checkBound, checkPositiveTime } from '../shared/check-argument.js';
import { type Linked, List } from '../shared/list.js';
import { hook } from '../stream/hook.js';
import { reportToStderr } from '../stream/unhandled.js';

/** How many keys are remembered where nothing else is said. */
export const DEFAULT_MAX_KEYS = 10_000;

/** A key that an operator has forgotten, and why: more than `maxKeys` keys, or none of its values for `ttl`. */
export interface EvictedKey {
  readonly key: string;
  readonly reason: 'maxKeys' | 'ttl';
}

/** What is published on the diagnostics channel `greengrass-rx:key:evict`. */
export interface KeyEvictEvent extends EvictedKey {
  /** The operator, such as `deadband`. */
  readonly operator: string;
}

/** How much an operator remembers, and for how long. */
export interface KeyBounds {
  /** Keys remembered at most, from 1 on. One more evicts the key whose last value is the oldest. Default 10 000. */
  readonly maxKeys?: number | undefined;
  /** Milliseconds after its last value until a key is evicted. Default: none. */
  readonly ttl?: number | undefined;
  /**
   * Is told of each eviction, at the moment it happens. What it throws goes to the error channel. Without it, evictions because of
   * `maxKeys`, which nobody asked for, are written to stderr: one line, and then at most one every ten seconds that says how many more.
   */
  readonly onEvict?: ((evicted: EvictedKey) => void) | undefined;
  /** The clock. Default `asyncScheduler`, which is virtual inside `TestScheduler.run`. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** The bounds of every operator with a state per key. */
export interface Keyed<A> extends KeyBounds {
  /**
   * What tells the values of one sensor from those of another: each key has a state of its own. `'single'` if there is only one sensor;
   * interleaved readings of several would be compared with each other.
   */
  readonly key: ((value: A) => string) | 'single';
}

/** What a {@link KeyedState} tells its operator. */
export interface KeyedStateOwner<S> {
  /** The operator's name, for reports. */
  readonly operator: string;
  /** A key was evicted; what was remembered of it can still be used. */
  readonly evicted?: ((state: S, evicted: EvictedKey) => void) | undefined;
  /** Takes what is thrown at an eviction that a timer has caused. */
  readonly fail: (error: unknown) => void;
}

interface Entry<S> extends Linked<Entry<S>> {
  readonly key: string;
  state: S;
  touched: number;
}

const evictions = channel('greengrass-rx:key:evict');
const report = reportToStderr();

/**
 * A state per key, for at most `maxKeys` keys: the least recently used one is evicted for a new one. Every method is O(1), but for
 * {@link entries} and {@link clear}.
 *
 * All keys have the same `ttl`, so they fall due in the order they were used, and one timer waits for the first of them.
 */
export class KeyedState<S> {
  readonly #byKey = new Map<string, Entry<S>>();
  readonly #owner: KeyedStateOwner<S>;
  readonly #maxKeys: number;
  readonly #ttl: number | undefined;
  readonly #onEvict: ((evicted: EvictedKey) => void) | undefined;
  readonly #scheduler: SchedulerLike;
  readonly #now: () => number;
  /** The least recently used one first. */
  readonly #byUse: List<Entry<S>> = new List();
  #timer: Subscription | undefined;

  constructor(bounds: KeyBounds, owner: KeyedStateOwner<S>) {
    const { maxKeys = DEFAULT_MAX_KEYS, ttl, onEvict, scheduler = asyncScheduler } = checkedKeyBounds(bounds);
    this.#maxKeys = maxKeys;
    this.#ttl = ttl;
    this.#onEvict = hook('onEvict', onEvict);
    this.#scheduler = scheduler;
    this.#now = ttl === undefined ? () => 0 : steadyMillisecond(scheduler);
    this.#owner = owner;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** What is remembered of the key, which is the most recently used one from now on. */
  get(key: string): S | undefined {
    const entry = this.#live(key);
    if (entry === undefined) return undefined;
    this.#touch(entry);
    return entry.state;
  }

  /** What is remembered of the key, without using it. */
  peek(key: string): S | undefined {
    return this.#live(key)?.state;
  }

  /** Remembers something of the key, which is the most recently used one from now on. */
  set(key: string, state: S): void {
    const known = this.#live(key);
    if (known !== undefined) {
      known.state = state;
      this.#touch(known);
      return;
    }
    const entry: Entry<S> = { key, state, touched: this.#now(), before: undefined, after: undefined };
    this.#byKey.set(key, entry);
    this.#byUse.append(entry);
    if (this.#ttl !== undefined) this.#timer ??= this.#wait(this.#ttl);
    while (this.#byUse.first !== undefined && this.#byKey.size > this.#maxKeys) this.#evict(this.#byUse.first, 'maxKeys');
  }

  /** Forgets the key; that does not count as an eviction. */
  delete(key: string): void {
    const entry = this.#byKey.get(key);
    if (entry !== undefined) this.#remove(entry);
  }

  /** Forgets all keys and ends the timer; that does not count as an eviction. */
  clear(): void {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
    this.#byKey.clear();
    this.#byUse.clear();
  }

  /** All keys, the least recently used first. */
  entries(): readonly (readonly [key: string, state: S])[] {
    return Array.from(this.#byUse, ({ key, state }) => [key, state] as const);
  }

  /** The entry, unless its `ttl` is over: the timer can be late. */
  #live(key: string): Entry<S> | undefined {
    const entry = this.#byKey.get(key);
    if (entry === undefined || this.#ttl === undefined || this.#now() - entry.touched < this.#ttl) return entry;
    this.#evict(entry, 'ttl');
    return undefined;
  }

  #touch(entry: Entry<S>): void {
    if (this.#ttl !== undefined) entry.touched = this.#now();
    if (entry === this.#byUse.last) return;
    this.#byUse.delete(entry);
    this.#byUse.append(entry);
  }

  #remove(entry: Entry<S>): void {
    this.#byKey.delete(entry.key);
    this.#byUse.delete(entry);
  }

  #evict(entry: Entry<S>, reason: EvictedKey['reason']): void {
    this.#remove(entry);
    const evicted: EvictedKey = { key: entry.key, reason };
    if (evictions.hasSubscribers) evictions.publish({ ...evicted, operator: this.#owner.operator } satisfies KeyEvictEvent);
    if (this.#onEvict !== undefined) this.#onEvict(evicted);
    else if (reason === 'maxKeys') this.#complain(entry.key);
    this.#owner.evicted?.(entry.state, evicted);
  }

  #complain(key: string): void {
    const { operator } = this.#owner;
    const message = `${operator} forgot the key ${describe(key)} because there are more than ${this.#maxKeys}. Raise maxKeys, let ttl end keys that are not used any more, or take note with onEvict.`;
    report.left({ _tag: `KeyEvicted by ${operator}`, message });
  }

  #wait(milliseconds: number): Subscription {
    const due = this.#now() + milliseconds;
    // What the timer was set for counts as due when it fires, even if it fires a little early.
    return wait(milliseconds, this.#scheduler, () => this.#expire(Math.max(due, this.#now())));
  }

  #expire(now: number): void {
    const byUse = this.#byUse;
    const ttl = this.#ttl ?? Infinity;
    this.#timer = undefined;
    try {
      for (let { first } = byUse; first !== undefined && now - first.touched >= ttl; first = byUse.first) this.#evict(first, 'ttl');
    } catch (error) {
      this.#owner.fail(error);
      return;
    }
    // The timer is left to run while keys are used: setting and ending one for each value costs more.
    if (byUse.first !== undefined) this.#timer ??= this.#wait(byUse.first.touched + ttl - now);
  }
}

/** Checks the bounds. */
export function checkedKeyBounds(bounds: KeyBounds): KeyBounds {
  const { maxKeys, ttl } = bounds;
  if (maxKeys !== undefined) checkBound(maxKeys, 'maxKeys');
  if (ttl !== undefined) checkPositiveTime(ttl, 'ttl');
  return bounds;
}
