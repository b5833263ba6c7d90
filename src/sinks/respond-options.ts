import type { Either } from 'fp-ts/lib/Either.js';
import type { Observable, SchedulerLike } from 'rxjs';
import type { DeadlineExceeded, DecodeFailed, HandlerFailed, NoResponseTopic, Overflowed } from '../errors/errors.js';
import type { ResultOf } from '../flow/job.js';
import type { AcceptedBy, PublishFailure } from '../flow/publish-outcome.js';
import type { PublishToOptions } from '../flow/publish-to.js';
import type { StageOptions } from '../flow/stage.js';
import type { Accepted } from '../ports/mqtt-proxy.js';
import type { AnyQos } from '../shared/qos.js';
import type { LeftOf } from '../stream/observable-either.js';

/** A message that asks for something and waits for an answer: a decoded MQTT message. */
export interface Command<out A = unknown> {
  readonly topicName: string;
  readonly value: A;
  readonly responseTopic?: string | undefined;
  readonly correlationData?: Uint8Array | undefined;
}

/** The bytes of an answer. Text is sent as UTF-8. */
export type AnswerPayload = Uint8Array | string;

/** The result of a command: its answer, or the failure of the program's own that stands in its place. */
export type AnswerResult = AnswerPayload | Either<unknown, AnswerPayload>;

/** How a command is carried out: an Observable, a promise or a task. The first result counts. */
export type Handling = Observable<AnswerResult> | PromiseLike<AnswerResult> | (() => PromiseLike<AnswerResult>);

/** An answer, to a command or, with a failure in it, to what could not become one. */
export interface Answer<out M> {
  readonly command: M;
  readonly topicName: string;
  readonly payload: AnswerPayload;
  /** Whether it answers a duplicate, with what the first was answered. */
  readonly repeated: boolean;
}

/** A command whose answer the nucleus took. Not: that whoever asked has it. */
export interface Responded<out M, out Acc extends AcceptedBy = Accepted> extends Answer<M> {
  /** Who took it; see what the port's `publish$` emits. */
  readonly by: Acc['by'];
  /** How often the answer was sent: 1 without a retry. */
  readonly attempts: number;
}

/** How duplicates are told. */
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
  /** Which one gives way when that many wait. Default `dropOldest`; `fail` ends the stream. */
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
   * The answer where there is no other: to a failure of `handle`, a deadline that has passed, a command that could not be
   * decoded (which is answered where it has a `responseTopic`). `undefined`: no answer. Default: none.
   */
  readonly onFailure?: ((failure: F, command: M | D) => AnswerPayload | undefined) | undefined;
  /** Milliseconds from a command's arrival to its answer. Default: any number. */
  readonly deadline?: number | undefined;
  /** How duplicates are told. Default: every message is a command of its own. */
  readonly dedupe?: CommandDedupeOptions<M> | undefined;
  /** How many commands are carried out at once. Default 1: one after the other, in the order they came. */
  readonly inFlight?: number | undefined;
  /** What may wait for its turn. Default: 1 000 commands, `dropOldest`. */
  readonly buffer?: CommandBuffer<M | D> | undefined;
  /** Of the answers, where they go through an MQTT proxy. Default `QOS.AT_LEAST_ONCE`. */
  readonly qos?: AnyQos | undefined;
  /** How answers are published, as in `publishTo`. */
  readonly publish?: Pick<PublishToOptions<unknown>, 'inFlight' | 'retry' | 'retryWhile' | 'timeout' | 'topics' | 'random'> | undefined;
  /** The clock. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
}

/** The messages that could not be decoded, in the errors of a subscription. */
export type UndecodedIn<E> = E extends DecodeFailed<infer D> ? D : never;

/** Why a command has no answer but a failure's. */
export type CommandFailure<E, M, W> =
  LeftOf<ResultOf<W>> | DeadlineExceeded<M> | HandlerFailed<M> | Extract<E, { readonly _tag: 'DecodeFailed' }>;

/** What {@link respond} carries on its left side. */
export type RespondError<E, M, W> =
  E | CommandFailure<E, M, W> | NoResponseTopic<M> | PublishFailure<Answer<M | UndecodedIn<E>>> | Overflowed;
