import { type Either, left } from 'fp-ts/lib/Either.js';
import { catchError, defer, map, merge, Observable, of, type SchedulerLike, take, throwIfEmpty } from 'rxjs';
import { DeadlineExceeded, HandlerFailed } from '../errors/errors.js';
import { type ResultOf, toObservable } from '../flow/job.js';
import type { SchedulerClock } from '../schedule/clock.js';
import { type LeftOf, toEither } from '../stream/observable-either.js';
import type { AnswerPayload, Command, Handling } from './respond-options.js';

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

/** How one command is carried out. */
export interface Handler<M extends Command, W> {
  readonly handle: (value: M['value'], command: M) => W;
  /** Milliseconds from its arrival; `undefined`: any number. */
  readonly deadline: number | undefined;
  readonly clock: SchedulerClock;
}

/** What comes of a command: one payload, or one failure. */
type Carried<M, W> = Either<LeftOf<ResultOf<W>> | DeadlineExceeded<M> | HandlerFailed<M>, AnswerPayload>;

/** Carries out a command that has waited since `arrived`, by the handler's clock: one result, then completion. */
export function carryOut<M extends Command, W extends Handling>(
  { handle, deadline, clock }: Handler<M, W>,
  command: M,
  arrived: number,
): Observable<Carried<M, W>> {
  const { topicName, value } = command;
  const result$ = defer(() => toObservable(handle(value, command))).pipe(
    take(1),
    throwIfEmpty(() => new Error('The handler completed without an answer.')),
    // `W` says what its results are made of.
    map(result => toEither(result) as Carried<M, W>),
    catchError((thrown: unknown) => of<Carried<M, W>>(left(new HandlerFailed(topicName, command, thrown)))),
  );
  if (deadline === undefined) return result$;
  return defer(() => {
    const remaining = deadline - (clock.now() - arrived);
    const late = (begun: boolean): Carried<M, W> => left(new DeadlineExceeded(topicName, command, deadline, begun));
    if (remaining <= 0) return of(late(false));
    const overdue$ = new Observable<Carried<M, W>>(subscriber => clock.after(remaining, () => subscriber.next(late(true))));
    return merge(result$, overdue$).pipe(take(1));
  });
}

/** Whether a command was given up before it was begun: then nothing has come of it, and it may come again. */
export function wasNotBegun(carried: Either<unknown, unknown>): boolean {
  return carried._tag === 'Left' && carried.left instanceof DeadlineExceeded && !carried.left.begun;
}
