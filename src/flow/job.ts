import type { Either } from 'fp-ts/lib/Either.js';
import { Observable, type Observer, type Subscriber } from 'rxjs';
import { toEither } from '../stream/to-either.js';

/** Who is told what becomes of a job. */
export interface JobOwner<R> {
  result(job: Job<R>, result: R): void;
  finish(job: Job<R>): void;
  error(error: unknown): void;
}

/** One piece of work under way, and a link in the list of all of them, in the order they began. */
export class Job<R = Either<unknown, unknown>> implements Observer<unknown> {
  readonly owner: JobOwner<R>;
  readonly bytes: number;
  before: Job<R> | undefined;
  after: Job<R> | undefined;
  subscriber: Subscriber<unknown> | undefined;
  /** Results that came before their turn. */
  held: R[] | undefined;
  done = false;
  outcome: 'emitted' | 'failed' | 'dropped' = 'emitted';

  constructor(owner: JobOwner<R>, bytes: number) {
    this.owner = owner;
    this.bytes = bytes;
  }

  next(result: unknown): void {
    // What the work's type says its results are.
    this.owner.result(this, toEither(result) as R);
  }

  error(error: unknown): void {
    this.failed();
    this.owner.error(error);
  }

  complete(): void {
    this.owner.finish(this);
  }

  failed(): void {
    if (this.outcome === 'emitted') this.outcome = 'failed';
  }
}

// The subscriber must be known before the work begins, or work that emits without end while it is being subscribed could
// not be stopped. An Observable hands it out; one is enough for all, since one piece of work begins at a time.
let workToBegin: Observable<unknown> | undefined;
let jobToBegin: { subscriber: Subscriber<unknown> | undefined } | undefined;
const begin = new Observable<unknown>(subscriber => {
  const work = workToBegin;
  if (jobToBegin !== undefined) jobToBegin.subscriber = subscriber;
  workToBegin = undefined;
  jobToBegin = undefined;
  work?.subscribe(subscriber);
});

export const beginWork = <R>(job: Job<R>, work: Observable<unknown>): void => {
  workToBegin = work;
  jobToBegin = job;
  begin.subscribe(job);
};
