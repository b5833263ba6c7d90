import { Observable, Subject } from 'rxjs';
import type { Clock } from '../ipc/clock.js';
import type { DrainReport } from '../ports/mqtt-proxy.js';
import type { RequestCounts } from './request-queue.js';

/** What a drain waits for besides the stages: the publishes of a port. */
export interface Drained {
  readonly counts: RequestCounts;
  /** Called whenever nothing is pending any more. */
  onIdle: (() => void) | undefined;
}

/**
 * The orderly end of a proxy: first no more messages come in, then what is under way gets the time to finish. Stages that
 * publish hold the drain while they run, since what they still have inside would be published only later.
 */
export class Drain {
  readonly #clock: Clock;
  readonly #queues: readonly Drained[];
  readonly #begun = new Subject<void>();
  readonly #holds = new Set<symbol>();
  readonly #waiting = new Set<() => void>();
  #draining = false;

  /** @param queues of all ports of the connection; there may be more later. */
  constructor(clock: Clock, queues: readonly Drained[]) {
    this.#clock = clock;
    this.#queues = queues;
  }

  /** Emits once and completes when draining begins; at once if it has begun. */
  get begun$(): Observable<void> {
    return new Observable(subscriber => {
      if (!this.#draining) return this.#begun.subscribe(subscriber);
      subscriber.next();
      subscriber.complete();
      return undefined;
    });
  }

  /** Whether draining has begun. */
  get hasBegun(): boolean {
    return this.#draining;
  }

  hold(): () => void {
    const token = Symbol('drain hold');
    this.#holds.add(token);
    return () => {
      if (this.#holds.delete(token)) this.#check();
    };
  }

  /** Emits one report and completes. Several subscribers each get one of their own. */
  run(deadline: number): Observable<DrainReport> {
    return new Observable(subscriber => {
      const before = this.#counts();
      const finish = (): void => {
        this.#waiting.delete(check);
        cancel();
        const after = this.#counts();
        subscriber.next({
          accepted: after.accepted - before.accepted,
          failed: after.failed - before.failed,
          unfinished: after.pending,
          stagesUnfinished: this.#holds.size,
        });
        subscriber.complete();
      };
      const check = (): void => {
        if (this.#holds.size === 0 && this.#counts().pending === 0) finish();
      };
      const cancel = this.#clock.after(deadline, finish);
      this.#waiting.add(check);
      if (!this.#draining) {
        this.#draining = true;
        for (const queue of this.#queues) {
          queue.onIdle = () => {
            this.#check();
          };
        }
        this.#begun.next();
        this.#begun.complete();
      }
      check();
      return () => {
        this.#waiting.delete(check);
        cancel();
      };
    });
  }

  #counts(): RequestCounts {
    let [accepted, failed, pending] = [0, 0, 0];
    for (const { counts } of this.#queues) {
      accepted += counts.accepted;
      failed += counts.failed;
      pending += counts.pending;
    }
    return { accepted, failed, pending };
  }

  #check(): void {
    for (const check of [...this.#waiting]) check();
  }
}
