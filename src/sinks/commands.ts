import { type Either, left } from 'fp-ts/lib/Either.js';
import { catchError, defer, map, merge, Observable, of, type SchedulerLike, take, throwIfEmpty } from 'rxjs';
import { DeadlineExceeded, type DecodeFailed, HandlerFailed, type NoResponseTopic, type Overflowed } from '../errors/errors.js';
import { type ResultOf, toObservable } from '../flow/job.js';
import type { AcceptedBy, PublishFailure } from '../flow/publish-outcome.js';
import type { PublishToOptions } from '../flow/publish-to.js';
import type { StageOptions } from '../flow/stage.js';
import type { Accepted } from '../ports/mqtt-proxy.js';
import type { Clock } from '../shared/clock.js';
import type { AnyQos } from '../shared/qos.js';
import { type LeftOf, toEither } from '../stream/observable-either.js';

/** A message that asks for something and waits for an answer: a decoded MQTT message. */
export interface Command<out A = unknown> {
  readonly topicName: string;
  readonly value: A;
  readonly responseTopic?: string | undefined;
  readonly correlationData?: Uint8Array | undefined;
}

/** The bytes of an answer. Text is sent as UTF-8. */
export type AnswerPayload = Uint8Array | string;

/** The result of a command: its answer, or a failure of the program's own in its place. */
export type AnswerResult = AnswerPayload | Either<unknown, AnswerPayload>;

/** How a command is carried out: an Observable, a promise or a task. The first result counts. */
export type Handling = Observable<AnswerResult> | PromiseLike<AnswerResult> | (() => PromiseLike<AnswerResult>);

/** An answer to a command, or to a message that could not be decoded as one. */
export interface Answer<out M> {
  readonly command: M;
  readonly topicName: string;
  readonly payload: AnswerPayload;
  /** Whether it answers a duplicate, with the answer that the first one got. */
  readonly repeated: boolean;
}

/** A command whose answer the nucleus took. That does not mean that whoever asked has it. */
export interface Responded<out M, out Acc extends AcceptedBy = Accepted> extends Answer<M> {
  /** Who took it; see what the port's `publish$` emits. */
  readonly by: Acc['by'];
  /** How often the answer was sent: 1 without a retry. */
  readonly attempts: number;
}

/** How duplicates are recognised. */
export interface CommandDedupeOptions<M> {
  /** What a command and its duplicates have in common; `undefined` for a command that is to be carried out whatever came before. */
  readonly id: (command: M) => string | undefined;
  /** How many answered commands are remembered, with their answers. The one answered longest ago gives way. */
  readonly commands: number;
  /** For how many milliseconds after its answer a command is remembered. */
  readonly ttl: number;
}

/** The commands that may wait for their turn. */
export interface CommandBuffer<M> {
  /** Default 1 000. */
  readonly messages?: number | undefined;
  /** Which one is dropped when so many wait. Default `dropOldest`; `fail` ends the stream. */
  readonly onFull?: 'dropOldest' | 'dropNewest' | 'fail' | undefined;
  /** Sees each that is dropped. What it throws goes to the error channel. */
  readonly onDrop?: ((command: M) => void) | undefined;
}

/** How {@link respond} carries out commands and answers them. `M` are the commands, `D` those that could not be decoded. */
export interface RespondOptions<M extends Command, W extends Handling, D, F> extends Pick<StageOptions<M>, 'name' | 'ledger'> {
  /**
   * Carries out a command. A `Left` is a failure of the program's own. What it throws or rejects with is a {@link HandlerFailed}: a
   * command from outside must not end the component.
   */
  readonly handle: (value: M['value'], command: M) => W;
  /** The topic of the answer. Default: the command's `responseTopic`. */
  readonly replyTo?: ((command: M) => string | undefined) | undefined;
  /**
   * The answer where there is no other: to a failure of `handle`, to a deadline that has passed, and to a command that could not be
   * decoded, if it has a `responseTopic`. `undefined`: no answer. Default: none.
   */
  readonly onFailure?: ((failure: F, command: M | D) => AnswerPayload | undefined) | undefined;
  /** Milliseconds from a command's arrival to its answer. Default: any number. */
  readonly deadline?: number | undefined;
  /** How duplicates are recognised. Default: every message is a command of its own. */
  readonly dedupe?: CommandDedupeOptions<M> | undefined;
  /** How many commands are carried out at once. Default 1: one after the other, in the order they came. */
  readonly inFlight?: number | undefined;
  /** What may wait for its turn. Default: 1 000 commands, `dropOldest`. */
  readonly buffer?: CommandBuffer<M | D> | undefined;
  /** The quality of service of the answers, if they go through an MQTT proxy. Default `QOS.AT_LEAST_ONCE`. */
  readonly qos?: AnyQos | undefined;
  /** How answers are published, as in `publishTo`. */
  readonly publish?: Pick<PublishToOptions<unknown>, 'inFlight' | 'retry' | 'retryWhile' | 'timeout' | 'topics' | 'random'> | undefined;
  /** The clock. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** The messages that could not be decoded, in the errors of a subscription. */
export type UndecodedIn<E> = E extends DecodeFailed<infer D> ? D : never;

/** The failures of its own that a `handle` gives, as the `Left`s of its results. */
export type FailureOf<W> = LeftOf<ResultOf<W>>;

/** Why a command has no other answer than that of `onFailure`. `F` are the failures that `handle` gives. */
export type CommandFailure<E, M, F> = F | DeadlineExceeded<M> | HandlerFailed<M> | Extract<E, { readonly _tag: 'DecodeFailed' }>;

/** What {@link respond} carries on its left side: of the subscription `E`, of commands `M`, and the failures `F` that `handle` gives. */
export type RespondError<E, M, F> =
  E | CommandFailure<E, M, F> | NoResponseTopic<M> | PublishFailure<Answer<M | UndecodedIn<E>>> | Overflowed;

/** A command that was carried out, and what was answered, if anything was. */
interface Answered {
  readonly answer: AnswerPayload | undefined;
  readonly until: number;
}

/**
 * Which commands are under way, and how the latest ones were answered. The stage bounds how many are under way. They do not count towards
 * `size`, so that none is forgotten and its duplicate let through.
 */
export class KnownCommands {
  readonly #size: number;
  readonly #ttl: number;
  readonly #now: () => number;
  readonly #underWay = new Set<string>();
  /** In the order of their answers, so that the first is the first to be forgotten, whether because of `size` or of `ttl`. */
  readonly #answered = new Map<string, Answered>();

  constructor(size: number, ttl: number, now: () => number) {
    this.#size = size;
    this.#ttl = ttl;
    this.#now = now;
  }

  /** What is known about a command that has come. A new one counts as under way from then on. */
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
    this.#answered.set(id, { answer, until: this.#now() + this.#ttl });
    if (this.#answered.size <= this.#size) return;
    const [oldest] = this.#answered.keys();
    if (oldest !== undefined) this.#answered.delete(oldest);
  }

  /** A command was not begun: its duplicate is a new one. */
  forget(id: string): void {
    this.#underWay.delete(id);
  }

  #forgetExpired(): void {
    const now = this.#now();
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
  readonly clock: Clock;
}

/** The result of a command: one payload, or one failure. */
type Carried<M, W> = Either<LeftOf<ResultOf<W>> | DeadlineExceeded<M> | HandlerFailed<M>, AnswerPayload>;

/** Carries out a command that arrived at `arrived`, by the handler's clock: one result, then completion. */
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

/** Whether a command was given up before it was begun: then it had no effect, and may come again. */
export function wasNotBegun(carried: Either<unknown, unknown>): boolean {
  return carried._tag === 'Left' && carried.left instanceof DeadlineExceeded && !carried.left.begun;
}
