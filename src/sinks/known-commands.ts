import type { SchedulerLike } from 'rxjs';
import type { AnswerPayload } from './respond-options.js';

/** A command that was carried out, and what was answered, if anything was. */
interface Answered {
  readonly answer: AnswerPayload | undefined;
  readonly until: number;
}

/**
 * Which commands are under way, and how the latest ones were answered. Those under way are as many as the stage's bound
 * lets be; they are not counted against `size`, which would let a duplicate of one through.
 */
export class KnownCommands {
  readonly #size: number;
  readonly #ttl: number;
  readonly #scheduler: SchedulerLike;
  readonly #underWay = new Set<string>();
  /** In the order of their answers, so that the first is the first to be forgotten, by number as by time. */
  readonly #answered = new Map<string, Answered>();

  constructor(size: number, ttl: number, scheduler: SchedulerLike) {
    this.#size = size;
    this.#ttl = ttl;
    this.#scheduler = scheduler;
  }

  /** What is known of a command that has come. A new one is under way from then on. */
  receive(id: string): 'new' | 'under way' | Answered {
    if (this.#underWay.has(id)) return 'under way';
    this.#forgetExpired();
    const answered = this.#answered.get(id);
    if (answered !== undefined) return answered;
    this.#underWay.add(id);
    return 'new';
  }

  answered(id: string, answer: AnswerPayload | undefined): void {
    this.#underWay.delete(id);
    this.#answered.set(id, { answer, until: this.#scheduler.now() + this.#ttl });
    if (this.#answered.size <= this.#size) return;
    const [oldest] = this.#answered.keys();
    if (oldest !== undefined) this.#answered.delete(oldest);
  }

  /** A command was not begun: its duplicate is a new one. */
  forget(id: string): void {
    this.#underWay.delete(id);
  }

  #forgetExpired(): void {
    const now = this.#scheduler.now();
    for (const [id, { until }] of this.#answered) {
      if (until > now) return;
      this.#answered.delete(id);
    }
  }
}
