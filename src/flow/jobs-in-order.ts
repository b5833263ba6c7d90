import { List } from '../shared/list.js';
import type { Job } from './job.js';

/** What becomes of jobs whose turn it is. */
export interface Turns<R> {
  emit(job: Job<R>, result: R): void;
  retire(job: Job<R>): void;
  /** Whether the stage has ended meanwhile. */
  hasEnded(): boolean;
}

/** The jobs under way, in the order they began, and the results that came before their turn: so many of these are held at most. */
export class JobsInOrder<R> {
  readonly #jobs = new List<Job<R>>();
  readonly #mayHold: number;
  #held = 0;
  #promoting = false;
  /** How many are under way. */
  running = 0;

  constructor(mayHold: number) {
    this.#mayHold = mayHold;
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

  /** Whether a result of this job may go out now. What is held goes out first, even while it is on its way out. */
  isTurnOf(job: Job<R>): boolean {
    return job === this.#jobs.first && job.held === undefined;
  }

  /** Keeps a result until it is its turn. `false`: as many are held as may be. */
  hold(job: Job<R>, result: R): boolean {
    if (this.#held >= this.#mayHold) return false;
    this.#held++;
    if (job.held === undefined) job.held = [result];
    else job.held.push(result);
    return true;
  }

  /** Hands on what was held for its turn, from the oldest job up to one that is not done. `false`: that is being done already. */
  promote(turns: Turns<R>): boolean {
    if (this.#promoting) return false;
    this.#promoting = true;
    for (let job = this.first; job !== undefined && !turns.hasEnded(); job = this.first) {
      const { held } = job;
      if (held !== undefined) {
        // Grows meanwhile, if a result comes while one is handed on.
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

  /** Those that only wait to try again have their last result now; with `last`, all have. */
  giveUp(cause: unknown, last: boolean, turns: Pick<Turns<R>, 'hasEnded'>): void {
    for (const job of [...this.#jobs]) {
      if (turns.hasEnded()) return;
      job.giveUp(cause, last);
    }
  }
}
