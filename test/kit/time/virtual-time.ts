import { VirtualAction, VirtualTimeScheduler, type SchedulerAction, type Subscription } from 'rxjs';

/** What Node's timers can wait; one that is set for longer fires after 1 ms. */
const MAX_TIMER = 2_147_483_647;

/**
 * An RxJS scheduler whose time stands until it is moved: for tests in which sockets are real and timers are not. Its timers are as short as
 * Node's.
 */
export class VirtualTime extends VirtualTimeScheduler {
  readonly #waiting = new Set<object>();

  constructor() {
    super(VirtualAction, 0);
  }

  /** Timers that are set. */
  get timers(): number {
    return this.#waiting.size;
  }

  /** When the next of them falls due. */
  get next(): number | undefined {
    return this.actions[0]?.delay;
  }

  override schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    const timer = {};
    const waiting = this.#waiting;
    waiting.add(timer);
    const subscription = super.schedule<T>(
      function (value) {
        waiting.delete(timer);
        work.call(this, value);
      },
      delay > MAX_TIMER ? 1 : delay,
      state,
    );
    subscription.add(() => waiting.delete(timer));
    return subscription;
  }

  /** Moves on by this many milliseconds, and does whatever falls due on the way. */
  advance(milliseconds: number): void {
    this.maxFrames = this.frame + milliseconds;
    super.schedule(() => undefined, milliseconds);
    this.flush();
  }

  /** Moves on to the next timer that is set, and does what falls due then. `false`: there is none. */
  advanceToNextTimer(): boolean {
    const [next] = this.actions;
    if (next !== undefined) this.advance(next.delay - this.frame);
    return next !== undefined;
  }
}
