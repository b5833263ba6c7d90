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

/** Where the outcome of one publish goes: one call, unless it is given up before. */
export interface PublishListener<Acc = Accepted> {
  readonly onAccepted: (accepted: Acc) => void;
  readonly onFailed: (error: PublishError) => void;
  /** Nothing more will come of it, because of a mistake of the program. */
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

/** A port of the library's own takes publishes without an Observable for each. */
export function offerDirect<R, Acc>(port: Publishes<R, Acc>, submit: Submit<R, Acc>): void {
  direct.set(port, { publish$: port.publish$, submit });
}

/** How to publish through a port: directly, unless it is somebody else's, or its `publish$` has been put in place of ours. */
export function submitTo<R, Acc>(port: Publishes<R, Acc>): Submit<R, Acc> {
  const offered = direct.get(port);
  // What a port has offered takes what the port takes.
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

/** The other way round, a submission as an Observable: one outcome for every subscriber. */
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
  /** What is wrong with a request that goes where the stage does not publish. */
  readonly undeclared: ((request: R) => PublishError | undefined) | undefined;
  /** Milliseconds a try may take, for the message of the error. */
  readonly timeout: number;
  readonly deadlines: Deadlines | undefined;
  readonly retry: Schedule;
  readonly retryWhile: (error: PublishError) => boolean;
  readonly random: () => number;
  readonly scheduler: SchedulerLike;
  /** Where a fallback takes what cannot be published, whether it is any use to wait. */
  readonly offline: Offline | undefined;
  /** How fast it may publish, where the nucleus refuses what it has no room for. */
  pace: PublishPace | undefined;
  /** Why nothing can be published any more: what the failures of all values but the last name as their cause. */
  failedFor: PublishError | undefined;
}

/** Whether the nucleus had no room for a publish, or could not tell that from being offline. */
export function isFullQueue(error: PublishError): boolean {
  return error.retryable && error._tag === 'ServiceFault' && error.reason === 'PublishFailed';
}

/** Milliseconds of nothing but refusals after which a device counts as offline: Greengrass Lite says the same of a queue that is full for a moment. */
export const OFFLINE_AFTER = 2_000;

/** Whether a stage's publishes have been refused for so long that the device must be offline. */
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

  /** For a reason that may pass. Says whether it is believed now: then nothing is waited for. */
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

/** Publishes one value, again and again if need be: one result. */
export class PublishJob<A, R, Acc extends AcceptedBy> extends Job<Result<A, Acc>> implements PublishListener<Acc> {
  readonly #value: A;
  readonly #publishing: Publishing<A, R, Acc>;
  #request: R | undefined;
  #attempts = 0;
  /** When the last try was sent, as its pace has it. */
  #sentAt = 0;
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
      this.#request = atOnce(this.#publishing.request(this.#value), 'request');
    } catch (thrown) {
      // For a reason that lies in the value: a topic template it does not fit into, a number JSON does not have.
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
    if (isFullQueue(error)) this.#publishing.pace?.refused(this.#sentAt);
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
    this.#sentAt = this.#publishing.pace?.sent() ?? 0;
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
    // The answer may have come already, and with it the next try, or the end of the stage.
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
    this.#underWay = wait(delay, scheduler, () => this.#attempt(request));
  }

  #fail(error: PublishError): void {
    let own = error;
    if (error.kind === 'terminal') {
      // A stage ends with one terminal failure. What is terminal for the others inside as well is a message's failure there.
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
