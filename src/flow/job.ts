import { Observable, type Observer, type Subscriber } from 'rxjs';
import { toEither } from '../stream/observable-either.js';
import { toObservable, type Work } from './work.js';

/** Who is told what becomes of a job. */
export interface JobOwner<R> {
  result(job: Job<R>, result: R): void;
  finish(job: Job<R>): void;
  error(error: unknown): void;
  /** Whether the stage works off what is inside, and will then end with a terminal failure. */
  isEnding(): boolean;
}

/** One piece of work under way, and a link in the list of all of them, in the order they began. */
export abstract class Job<R> {
  readonly owner: JobOwner<R>;
  readonly bytes: number;
  before: Job<R> | undefined;
  after: Job<R> | undefined;
  /** Results that came before their turn. */
  held: R[] | undefined;
  done = false;
  outcome: 'emitted' | 'failed' | 'dropped' = 'emitted';

  constructor(owner: JobOwner<R>, bytes: number) {
    this.owner = owner;
    this.bytes = bytes;
  }

  /** Called once. Whatever it throws, or the work does, is told the owner. */
  abstract begin(): void;

  /** Nobody hears of it any more. */
  abstract stop(): void;

  /** The stage is to end. A job that only waits to try again has its last result now; with `last`, every job has. */
  abstract giveUp(cause: unknown, last: boolean): void;

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

function beginWork<A, R>(job: ProjectJob<A, R>, work: Observable<unknown>): void {
  workToBegin = work;
  jobToBegin = job;
  begin.subscribe(job);
}

/** Work that a function does with a value. */
export class ProjectJob<A, R> extends Job<R> implements Observer<unknown> {
  subscriber: Subscriber<unknown> | undefined;
  readonly #project: (value: A) => Work;
  #value: A | undefined;
  #stopped = false;

  constructor(owner: JobOwner<R>, bytes: number, value: A, project: (value: A) => Work) {
    super(owner, bytes);
    this.#value = value;
    this.#project = project;
  }

  begin(): void {
    let work: Observable<unknown>;
    try {
      // Set by the constructor, and let go here: work that takes long must not keep it.
      work = toObservable(this.#project(this.#value as A));
    } catch (error) {
      this.error(error);
      return;
    } finally {
      this.#value = undefined;
    }
    // Making the work may have ended the stage: then there is nobody left who would stop it.
    if (this.#stopped) return;
    beginWork(this, work);
  }

  stop(): void {
    this.#stopped = true;
    this.subscriber?.unsubscribe();
  }

  giveUp(): void {
    // Nobody but the function that was given knows what its work would have come to.
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
}
