import { isLeft } from 'fp-ts/lib/Either.js';
import type { SchedulerLike, Subscription } from 'rxjs';
import type { OutboxUnavailable } from '../errors/errors.js';
import type { OpenOutbox } from './outbox.js';
import type { Fate } from './store.js';

/** Milliseconds within which the store is told what became of messages: they share a commit. */
const WITHIN = 50;
const TOGETHER = 100;
/** Milliseconds until it is told again what it had no room for. */
const AGAIN = 1_000;

/** What became of messages, on its way to the store. */
export class Settling {
  private readonly open: OpenOutbox;
  private readonly scheduler: SchedulerLike;
  private readonly onSettled: () => void;
  private readonly onFailed: (error: OutboxUnavailable<'message'>) => void;
  private fates: Fate[] = [];
  private timer: Subscription | undefined;
  private underWay = 0;

  constructor(open: OpenOutbox, scheduler: SchedulerLike, onSettled: () => void, onFailed: (error: OutboxUnavailable<'message'>) => void) {
    this.open = open;
    this.scheduler = scheduler;
    this.onSettled = onSettled;
    this.onFailed = onFailed;
  }

  /** Whether the store knows all. */
  get isDone(): boolean {
    return this.fates.length === 0 && this.underWay === 0;
  }

  add(fate: Fate): void {
    this.fates.push(fate);
    if (this.fates.length >= TOGETHER) this.flush();
    else this.wait(WITHIN);
  }

  flush(): void {
    this.timer?.unsubscribe();
    this.timer = undefined;
    const { fates } = this;
    this.fates = [];
    if (fates.length > 0) this.tell(fates, this.onSettled);
  }

  /** At once, and not before what was told before. */
  tell(fates: readonly Fate[], then: () => void): void {
    this.underWay++;
    this.open.store.settle(fates, this.open.now()).subscribe(answer => {
      this.underWay--;
      if (isLeft(answer)) {
        if (!answer.left.retryable) {
          this.onFailed(answer.left);
          return;
        }
        this.fates.unshift(...fates);
        this.wait(AGAIN);
        return;
      }
      this.open.news(answer.right);
      then();
    });
  }

  /** The last that is told; nobody waits for the answer. */
  end(fates: readonly Fate[]): void {
    this.timer?.unsubscribe();
    const all = [...this.fates, ...fates];
    this.fates = [];
    if (all.length === 0) return;
    this.open.store.settle(all, this.open.now()).subscribe(answer => {
      if (!isLeft(answer)) this.open.news(answer.right);
    });
  }

  private wait(milliseconds: number): void {
    this.timer ??= this.scheduler.schedule(() => {
      this.timer = undefined;
      this.flush();
    }, milliseconds);
  }
}
