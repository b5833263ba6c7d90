import { from, isObservable, Observable, type Observer, type Subscriber } from 'rxjs';
import { List } from '../shared/list.js';
import { toEither } from '../stream/observable-either.js';

/** What may be done with a value: an Observable, a promise or a task, of plain results or of `Either`s. */
export type Work = Observable<unknown> | PromiseLike<unknown> | (() => PromiseLike<unknown>);

/** What a piece of work results in. */
export type ResultOf<W> =
  W extends Observable<infer R> ? R : W extends PromiseLike<infer R> ? R : W extends () => PromiseLike<infer R> ? R : never;

export function toObservable(work: Work): Observable<unknown> {
  if (isObservable(work)) return work;
  return from(typeof work === 'function' ? work() : work);
}

/** What is done with jobs whose turn it is. */
export interface Turns<R> {
  emit(job: Job<R>, result: R): void;
  retire(job: Job<R>): void;
  /** Whether the stage has ended meanwhile. */
  hasEnded(): boolean;
}

/** The jobs under way, in the order they began, and the results that came before their turn, of which a bounded number is held. */
export class JobsInOrder<R> {
  readonly #jobs = new List<Job<R>>();
  #mayHold: number;
  #held = 0;
  #promoting = false;
  /** How many are under way. */
  running = 0;

  constructor(mayHold: number) {
    this.#mayHold = mayHold;
  }

  /** So many more may be under way, and all but the first of them may have a result before its turn. */
  widenBy(jobs: number): void {
    this.#mayHold += Math.max(0, jobs);
  }

  /** The one that began first. */
  get first(): Job<R> | undefined {
    return this.#jobs.first;
  }

  add(job: Job<R>): void {
    this.#jobs.append(job);
    this.running++;
  }

  remove(job: Job<R>): void {
    this.#jobs.delete(job);
    this.running--;
  }

  /** Whether a result of this job may go out now. Results that are held for it go out first. */
  isTurnOf(job: Job<R>): boolean {
    return job === this.#jobs.first && job.held === undefined;
  }

  /** Keeps a result until its turn comes. `false`: no more may be held. */
  hold(job: Job<R>, result: R): boolean {
    if (this.#held >= this.#mayHold) return false;
    this.#held++;
    if (job.held === undefined) job.held = [result];
    else job.held.push(result);
    return true;
  }

  /** Hands on held results, from the oldest job up to the first that is not done. `false`: that is being done already. */
  promote(turns: Turns<R>): boolean {
    if (this.#promoting) return false;
    this.#promoting = true;
    for (let job = this.first; job !== undefined && !turns.hasEnded(); job = this.first) {
      const { held } = job;
      if (held !== undefined) {
        // The list grows if a result comes while one is handed on.
        for (const result of held) {
          this.#held--;
          turns.emit(job, result);
          if (turns.hasEnded()) break;
        }
        job.held = undefined;
      }
      if (!job.done || turns.hasEnded()) break;
      turns.retire(job);
    }
    this.#promoting = false;
    return true;
  }

  /** Jobs that only wait to try again end with their last failure now; with `last`, all jobs end. */
  giveUp(cause: unknown, last: boolean, turns: Pick<Turns<R>, 'hasEnded'>): void {
    for (const job of [...this.#jobs]) {
      if (turns.hasEnded()) return;
      job.giveUp(cause, last);
    }
  }
}

/** Is told what becomes of a job. */
export interface JobOwner<R> {
  result(job: Job<R>, result: R): void;
  finish(job: Job<R>): void;
  error(error: unknown): void;
  /** Whether the stage only finishes what is inside, and will then end with a terminal failure. */
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

  /** Called once. The owner is told of everything that this or the work throws. */
  abstract begin(): void;

  /** Its results do not matter any more. */
  abstract stop(): void;

  /** The stage is to end. A job that only waits to try again ends with its last failure now; with `last`, every job ends. */
  abstract giveUp(cause: unknown, last: boolean): void;

  failed(): void {
    if (this.outcome === 'emitted') this.outcome = 'failed';
  }
}

// The subscriber must be known before the work begins: otherwise work that emits without end while it is being subscribed could not be
// stopped. This Observable hands it out. One is enough for all jobs, since only one begins at a time.
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
      // The value was set by the constructor, and is released here: work that takes long must not keep it in memory.
      work = toObservable(this.#project(this.#value as A));
    } catch (error) {
      this.error(error);
      return;
    } finally {
      this.#value = undefined;
    }
    // Making the work may have ended the stage: then nobody would stop the work.
    if (this.#stopped) return;
    beginWork(this, work);
  }

  stop(): void {
    this.#stopped = true;
    this.subscriber?.unsubscribe();
  }

  giveUp(): void {
    // Only the function that was given knows what would have become of its work.
  }

  next(result: unknown): void {
    // The type of the work says what its results are.
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
