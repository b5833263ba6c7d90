import { asyncScheduler, type SchedulerLike, type Subscriber, type Subscription } from 'rxjs';
import { checkedSize } from '../shared/check-argument.js';
import { type Intake, OPEN, type Stage } from '../flow/stage.js';
import { steadyNow, wait } from '../schedule/clock.js';
import { type BucketsAt, bucketsOf, type GovernRateOptions, type RateLimits } from './govern-rate.js';
import type { TokenBucket } from './rate-governor.js';

/** How much may be read through {@link atRate}. */
export type AtRateOptions<A> = RateLimits<A> & Pick<GovernRateOptions<A>, 'share' | 'burst' | 'scheduler'>;

/**
 * A stage that is read through at a rate: the pull form of `governRate`. Given to `pullThrough` in place of the stage, it reads no more
 * values and bytes a second than its limits allow, and no faster than the stage takes them: in an outage reading stops, and nothing is
 * dropped.
 *
 * The buckets are those of `governRate`: in any time of t seconds at most `burst + rate * t` pass. What it emits and how it ends is up to
 * the stage.
 *
 * Memory: one value that has been read and waits for its turn, in addition to what the stage holds. One timer at most.
 *
 * @param stage `publishTo` or `concurrently`.
 * @throws RangeError, TypeError for options out of range.
 *
 * @example
 * ```ts
 * import { concurrently, pullThrough } from 'greengrass-rx';
 * import { atRate } from 'greengrass-rx/operators';
 *
 * const work = concurrently(1, async (n: number) => n);
 * const slowly = atRate({ messagesPerSecond: 100, burst: { messages: 1 } }, work);
 * pullThrough([1, 2, 3], slowly).subscribe(result => console.log(result)); // one every 10 ms
 * ```
 */
export function atRate<A, B>(options: AtRateOptions<NoInfer<A>>, stage: Stage<A, B>): Pick<Stage<A, B>, typeof OPEN> {
  const { sizeOf, scheduler = asyncScheduler } = options;
  const bucketsAt = bucketsOf(options);
  const size = sizeOf === undefined ? () => 0 : checkedSize(sizeOf);
  return { [OPEN]: (destination, onRoom) => new PacedIntake({ stage, destination, onRoom, size, bucketsAt, scheduler }) };
}

interface Parts<A, B> {
  readonly stage: Stage<A, B>;
  readonly destination: Subscriber<B>;
  readonly onRoom: () => void;
  readonly size: (value: A) => number;
  readonly bucketsAt: BucketsAt;
  readonly scheduler: SchedulerLike;
}

/** Holds one value until its tokens are there and the stage has room. */
class PacedIntake<A, B> implements Intake<A> {
  readonly #parts: Parts<A, B>;
  readonly #inner: Intake<A>;
  readonly #now: () => number;
  readonly #messages: TokenBucket | undefined;
  readonly #bytes: TokenBucket | undefined;
  #held: { readonly value: A; readonly bytes: number } | undefined;
  #completed = false;
  #timer: Subscription | undefined;

  constructor(parts: Parts<A, B>) {
    const { stage, destination, onRoom, bucketsAt, scheduler } = parts;
    this.#parts = parts;
    this.#now = steadyNow(scheduler);
    [this.#messages, this.#bytes] = bucketsAt(this.#now());
    destination.add(() => this.#drop());
    this.#inner = stage[OPEN](destination, () => {
      if (this.#held === undefined) onRoom();
      else if (this.#timer === undefined) this.#release();
    });
  }

  get hasRoom(): boolean {
    return this.#held === undefined && this.#inner.hasRoom;
  }

  isOver(): boolean {
    return this.#inner.isOver();
  }

  receive(value: A): void {
    if (this.isOver()) return;
    try {
      this.#held = { value, bytes: this.#parts.size(value) };
    } catch (error) {
      this.error(error);
      return;
    }
    this.#handOn();
  }

  complete(): void {
    this.#completed = true;
    if (this.#held === undefined) this.#inner.complete();
  }

  error(error: unknown): void {
    this.#drop();
    this.#inner.error(error);
  }

  /** Hands the held value on if it may pass now. Otherwise waits for the tokens, or for the stage, which says when it has room. */
  #handOn(): void {
    const held = this.#held;
    if (held === undefined || !this.#inner.hasRoom) return;
    const now = this.#now();
    this.#messages?.fill(now, 1);
    this.#bytes?.fill(now, 1);
    const delay = Math.max(this.#messages?.wait(1, 1) ?? 0, this.#bytes?.wait(held.bytes, 1) ?? 0);
    if (delay > 0) {
      this.#timer = wait(delay, this.#parts.scheduler, () => {
        this.#timer = undefined;
        this.#release();
      });
      return;
    }
    this.#messages?.spend(1);
    this.#bytes?.spend(held.bytes);
    this.#held = undefined;
    this.#inner.receive(held.value);
    if (this.#completed) this.#inner.complete();
  }

  #release(): void {
    this.#handOn();
    if (this.#held === undefined && !this.#completed) this.#parts.onRoom();
  }

  #drop(): void {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
    this.#held = undefined;
  }
}
