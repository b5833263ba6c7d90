import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { Observable, type SchedulerLike, type Unsubscribable } from 'rxjs';
import { ConnectionLost, InvalidRequest, isFailure, type Operation, type PublishError, TimedOut } from '../errors/errors.js';
import type { Accepted } from '../ports/mqtt-proxy.js';
import { type Deadlines, steadyNow, wait } from '../schedule/clock.js';
import { type RetrySeries, type Schedule, startSeries } from '../schedule/schedule.js';
import { atOnce } from '../shared/check-argument.js';
import type { ObservableEither } from '../stream/observable-either.js';
import { Job, type JobOwner } from './job.js';
import type { PublishPace } from './publish-pace.js';
import { type AcceptedBy, outcomeOf, type Published, publishFailure, type PublishFailure, type PublishOutcome } from './publish-outcome.js';

/** Is told the outcome of one publish: one call, unless the publish is given up before. */
export interface PublishListener<Acc = Accepted> {
  readonly onAccepted: (accepted: Acc) => void;
  readonly onFailed: (error: PublishError) => void;
  /** The publish ended because of a mistake of the program; nothing follows. */
  readonly onDefect: (error: unknown) => void;
}

/** Publishes once. Unsubscribing gives up the wait, not a publish that was sent. */
export type Submit<R, Acc> = (request: R, listener: PublishListener<Acc>) => Unsubscribable;

/** What publishes, once for every subscriber. */
export interface Publishes<R, Acc> {
  /** Publishes once subscribed: one answer, and completion. */
  readonly publish$: (request: R) => ObservableEither<PublishError, Acc>;
}

const direct = new WeakMap<object, { readonly publish$: unknown; readonly submit: unknown }>();

/** Registers a port of this library as one that takes publishes without an Observable for each. */
export function offerDirect<R, Acc>(port: Publishes<R, Acc>, submit: Submit<R, Acc>): void {
  direct.set(port, { publish$: port.publish$, submit });
}

/**
 * How to publish through a port: directly if it is one of this library's, and else by its `publish$`, also where that has been replaced.
 */
export function submitTo<R, Acc>(port: Publishes<R, Acc>): Submit<R, Acc> {
  const offered = direct.get(port);
  // What a port has registered takes the same requests as the port.
  if (offered?.publish$ === port.publish$) return offered.submit as Submit<R, Acc>;
  return (request, listener) => {
    let answered = false;
    return port.publish$(request).subscribe({
      next: answer => {
        if (answered) return;
        answered = true;
        if (answer._tag === 'Right') listener.onAccepted(answer.right);
        else listener.onFailed(answer.left);
      },
      error: error => listener.onDefect(error),
      complete: () => {
        if (!answered) listener.onDefect(new Error('publish$ completed without an answer, against the contract of a publishing port.'));
      },
    });
  };
}

/** The inverse: a submission as an Observable, with one outcome for every subscriber. */
export function publishing<Acc>(submit: (listener: PublishListener<Acc>) => Unsubscribable): ObservableEither<PublishError, Acc> {
  return new Observable(subscriber =>
    submit({
      onAccepted: accepted => {
        subscriber.next(right(accepted));
        subscriber.complete();
      },
      onFailed: error => {
        subscriber.next(left(error));
        subscriber.complete();
      },
      onDefect: defect => {
        subscriber.error(defect);
      },
    }),
  );
}

/** How a stage publishes its values. */
export interface Publishing<A, R, Acc> {
  readonly submit: Submit<R, Acc>;
  readonly operation: Operation;
  readonly request: (value: A) => R;
  /** What the port adds to a request, of the value it was made of. */
  readonly causedBy: ((request: R, value: unknown) => R) | undefined;
  /** Why a request is refused that goes to a topic that the stage has not declared. */
  readonly undeclared: ((request: R) => PublishError | undefined) | undefined;
  /** Milliseconds a try may take, for the message of the error. */
  readonly timeout: number;
  readonly deadlines: Deadlines | undefined;
  readonly retry: Schedule;
  readonly retryWhile: (error: PublishError) => boolean;
  readonly random: () => number;
  readonly scheduler: SchedulerLike;
  /** Only where a fallback takes what cannot be published: tells whether waiting is of any use. */
  readonly offline: Offline | undefined;
  /** How fast it may publish to a nucleus that refuses what it has no room for. */
  pace: PublishPace | undefined;
  /** Why nothing can be published any more. The failures of the other values name it as their cause. */
  failedFor: PublishError | undefined;
}

/** Whether the nucleus had no room for a publish, or could not tell that from being offline. */
export function isFullQueue(error: PublishError): boolean {
  return error.retryable && error._tag === 'ServiceFault' && error.reason === 'PublishFailed';
}

/** Milliseconds of nothing but refusals after which a device counts as offline: a queue that is full for a moment is refused alike. */
export const OFFLINE_AFTER = 2_000;

/** Decides whether a stage's publishes have been refused for so long that the device must be offline. */
export class Offline {
  readonly #scheduler: SchedulerLike;
  readonly #onBelieved: () => void;
  #doubt: Unsubscribable | undefined;
  #isBelieved = false;

  constructor(scheduler: SchedulerLike, onBelieved: () => void) {
    this.#scheduler = scheduler;
    this.#onBelieved = onBelieved;
  }

  accepted(): void {
    this.#doubt?.unsubscribe();
    this.#doubt = undefined;
    this.#isBelieved = false;
  }

  /** A publish was refused for a reason that may pass. Returns whether the device counts as offline by now: then waiting is of no use. */
  refused(): boolean {
    if (!this.#isBelieved)
      this.#doubt ??= wait(OFFLINE_AFTER, this.#scheduler, () => {
        this.#isBelieved = true;
        this.#onBelieved();
      });
    return this.#isBelieved;
  }
}

type Result<A, Acc extends AcceptedBy> = Either<PublishFailure<A>, Published<A, Acc>>;

/** Publishes one value, several times if need be, with one result. */
export class PublishJob<A, R, Acc extends AcceptedBy> extends Job<Result<A, Acc>> implements PublishListener<Acc> {
  readonly #value: A;
  readonly #publishing: Publishing<A, R, Acc>;
  #request: R | undefined;
  #attempts = 0;
  /** When the last try was sent, and the milliseconds until the turn of the next, both by the pace. */
  #sentAt = 0;
  #turn: number | undefined;
  #fate: PublishOutcome = 'refused';
  /** Why the last try failed, while the next is waited for. */
  #failure: PublishError | undefined;
  #series: RetrySeries | undefined;
  /** The try under way, or the wait for it. */
  #underWay: Unsubscribable | undefined;
  #clearDeadline: (() => void) | undefined;
  /** Whether an answer is waited for. */
  #sent = false;
  #over = false;

  constructor(owner: JobOwner<Result<A, Acc>>, bytes: number, value: A, publishing: Publishing<A, R, Acc>) {
    super(owner, bytes);
    this.#value = value;
    this.#publishing = publishing;
  }

  begin(): void {
    try {
      const { request, causedBy } = this.#publishing;
      const made = atOnce(request(this.#value), 'request');
      this.#request = causedBy === undefined ? made : causedBy(made, this.#value);
    } catch (thrown) {
      // The reason lies in the value: it does not fit into a topic template, or has a number that JSON does not have.
      if (isFailure(thrown)) this.#fail(new InvalidRequest('message', this.#publishing.operation, '', 'client', thrown.message, thrown));
      else this.onDefect(thrown);
      return;
    }
    // Making the request may have ended the stage.
    if (!this.#over) this.#attempt(this.#request);
  }

  stop(): void {
    this.#over = true;
    this.#endTry();
  }

  giveUp(cause: unknown, last: boolean): void {
    if (this.#over) return;
    if (this.#failure !== undefined) this.#fail(this.#failure);
    else if (last) {
      this.#endTry();
      this.#fate = 'unknown';
      this.#fail(new ConnectionLost('message', true, this.#publishing.failedFor ?? cause));
    }
  }

  /** The proxy has an answer. */
  onAccepted(accepted: Acc): void {
    this.#publishing.offline?.accepted();
    this.#publishing.pace?.accepted();
    this.#answered();
    this.#end(right({ by: accepted.by, value: this.#value, attempts: this.#attempts }));
  }

  onFailed(error: PublishError): void {
    this.#answered();
    this.#turn = isFullQueue(error) ? this.#publishing.pace?.refused(this.#sentAt) : undefined;
    this.#tryFailed(error);
  }

  onDefect(error: unknown): void {
    if (this.#over) return;
    this.stop();
    this.failed();
    this.owner.error(error);
  }

  #attempt(request: R): void {
    const { submit, operation, deadlines, timeout, undeclared } = this.#publishing;
    const nth = ++this.#attempts;
    this.#failure = undefined;
    const problem = undeclared?.(request);
    if (problem !== undefined) {
      this.#tryFailed(problem);
      return;
    }
    this.#sent = true;
    this.#sentAt = this.#publishing.pace?.sent(this.#turn !== undefined) ?? 0;
    this.#turn = undefined;
    this.#clearDeadline = deadlines?.set(() => {
      this.#endTry();
      this.#tryFailed(new TimedOut('message', operation, timeout, true));
    });
    let underWay: Unsubscribable;
    try {
      underWay = submit(request, this);
    } catch (defect) {
      this.onDefect(defect);
      return;
    }
    // The answer may have come already, and led to the next try, or to the end of the stage.
    if (this.#awaits(nth)) this.#underWay = underWay;
    else underWay.unsubscribe();
  }

  #awaits(nth: number): boolean {
    return this.#sent && this.#attempts === nth;
  }

  #answered(): void {
    this.#sent = false;
    this.#clearDeadline?.();
  }

  #tryFailed(error: PublishError): void {
    const { retry, retryWhile, random, scheduler, offline } = this.#publishing;
    if (outcomeOf(error) === 'unknown') this.#fate = 'unknown';
    let delay: number | undefined;
    try {
      if (!this.owner.isEnding() && atOnce(retryWhile(error), 'retryWhile') && offline?.refused() !== true) {
        this.#series ??= startSeries(retry, { now: steadyNow(scheduler), random });
        delay = this.#series.next();
      }
    } catch (defect) {
      this.onDefect(defect);
      return;
    }
    if (this.#over) return;
    const request = this.#request;
    if (delay === undefined || request === undefined) {
      this.#fail(error);
      return;
    }
    this.#failure = error;
    this.#underWay = wait(Math.max(delay, this.#turn ?? 0), scheduler, () => this.#attempt(request));
  }

  #fail(error: PublishError): void {
    let own = error;
    if (error.kind === 'terminal') {
      // A stage ends with one terminal failure. For the other values inside, the same failure is one of kind `message`.
      if (this.owner.isEnding()) own = new ConnectionLost('message', false, error);
      else this.#publishing.failedFor = error;
    }
    this.#end(left(publishFailure(own, this.#value, this.#attempts, this.#fate)));
  }

  #end(result: Result<A, Acc>): void {
    this.stop();
    this.owner.result(this, result);
    this.owner.finish(this);
  }

  #endTry(): void {
    this.#answered();
    this.#underWay?.unsubscribe();
  }
}
