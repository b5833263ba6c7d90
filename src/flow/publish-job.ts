import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { SchedulerLike, Subscription } from 'rxjs';
import { ConnectionLost, InvalidRequest, isFailure, type PublishError, TimedOut } from '../errors/errors.js';
import type { PublishRequest } from '../client/mqtt-message.js';
import type { Accepted, MqttProxy } from '../client/mqtt-proxy.js';
import { type RetrySeries, startSeries } from '../schedule/retry-series.js';
import type { Schedule } from '../schedule/schedule.js';
import { steadyNow } from '../schedule/steady-now.js';
import { wait } from '../schedule/wait.js';
import type { Deadlines } from './deadlines.js';
import { Job, type JobOwner } from './job.js';
import { outcomeOf, publishFailure, type PublishFailure, type PublishOutcome, type Published } from './publish-outcome.js';

/** How a stage publishes its values. */
export interface Publishing<A> {
  readonly proxy: Pick<MqttProxy, 'publish$'>;
  readonly request: (value: A) => PublishRequest;
  /** Milliseconds a try may take, for the message of the error. */
  readonly timeout: number;
  readonly deadlines: Deadlines;
  readonly retry: Schedule;
  readonly retryWhile: (error: PublishError) => boolean;
  readonly random: () => number;
  readonly scheduler: SchedulerLike;
  /** Why nothing can be published any more: what the failures of all values but the last name as their cause. */
  failedFor: PublishError | undefined;
}

type Result<A> = Either<PublishFailure<A>, Published<A>>;

const PUBLISH = 'aws.greengrass#PublishToIoTCore';

/** Publishes one value, again and again if need be: one result. */
export class PublishJob<A> extends Job<Result<A>> {
  private readonly value: A;
  private readonly publishing: Publishing<A>;
  private request: PublishRequest | undefined;
  private attempts = 0;
  private fate: PublishOutcome = 'refused';
  /** Why the last try failed, while the next is waited for. */
  private failure: PublishError | undefined;
  private series: RetrySeries | undefined;
  /** The try under way, or the wait for it. */
  private underWay: Subscription | undefined;
  private clearDeadline: (() => void) | undefined;
  /** The number of the try whose answer is waited for; 0 for none. */
  private awaited = 0;
  private over = false;

  constructor(owner: JobOwner<Result<A>>, bytes: number, value: A, publishing: Publishing<A>) {
    super(owner, bytes);
    this.value = value;
    this.publishing = publishing;
  }

  begin(): void {
    try {
      this.request = this.publishing.request(this.value);
    } catch (thrown) {
      // For a reason that lies in the value: a topic template it does not fit into, a number JSON does not have.
      if (isFailure(thrown)) this.fail(new InvalidRequest('message', PUBLISH, '', 'client', thrown.message, thrown));
      else this.defect(thrown);
      return;
    }
    // Making the request may have ended the stage.
    if (!this.over) this.attempt(this.request);
  }

  stop(): void {
    this.over = true;
    this.endTry();
  }

  giveUp(cause: unknown, last: boolean): void {
    if (this.over) return;
    if (this.failure !== undefined) this.fail(this.failure);
    else if (last) {
      this.endTry();
      this.fate = 'unknown';
      this.fail(new ConnectionLost('message', true, this.publishing.failedFor ?? cause));
    }
  }

  private attempt(request: PublishRequest): void {
    const { proxy, deadlines, timeout } = this.publishing;
    const nth = ++this.attempts;
    this.awaited = nth;
    this.failure = undefined;
    this.clearDeadline = deadlines.set(() => {
      this.endTry();
      this.onFailed(new TimedOut('message', PUBLISH, timeout, true));
    });
    let answer$: ReturnType<typeof proxy.publish$>;
    try {
      answer$ = proxy.publish$(request);
    } catch (defect) {
      // A later try is made by a timer: nobody else would catch what a port throws.
      this.defect(defect);
      return;
    }
    const underWay = answer$.subscribe({
      next: answer => {
        if (this.awaited === nth) this.onAnswer(answer);
      },
      error: error => {
        if (!this.over) this.defect(error);
      },
      complete: () => {
        if (this.awaited === nth) this.defect(new Error('publish$ completed without an answer, against the contract of MqttProxy.'));
      },
    });
    if (this.awaited === nth) this.underWay = underWay;
    else underWay.unsubscribe();
  }

  private onAnswer(answer: Either<PublishError, Accepted>): void {
    this.awaited = 0;
    this.clearDeadline?.();
    if (answer._tag === 'Left') this.onFailed(answer.left);
    else this.end(right({ by: answer.right.by, value: this.value, attempts: this.attempts }));
  }

  private onFailed(error: PublishError): void {
    const { retry, retryWhile, random, scheduler } = this.publishing;
    if (outcomeOf(error) === 'unknown') this.fate = 'unknown';
    let delay: number | undefined;
    try {
      if (!this.owner.isEnding() && retryWhile(error)) {
        this.series ??= startSeries(retry, { now: steadyNow(scheduler), random });
        delay = this.series.next();
      }
    } catch (defect) {
      this.defect(defect);
      return;
    }
    if (this.over) return;
    const { request } = this;
    if (delay === undefined || request === undefined) {
      this.fail(error);
      return;
    }
    this.failure = error;
    this.underWay = wait(delay, scheduler, () => this.attempt(request));
  }

  private fail(error: PublishError): void {
    let own = error;
    if (error.kind === 'terminal') {
      // A stage ends with one terminal failure. What is terminal for the others inside as well is a message's failure there.
      if (this.owner.isEnding()) own = new ConnectionLost('message', false, error);
      else this.publishing.failedFor = error;
    }
    this.end(left(publishFailure(own, this.value, this.attempts, this.fate)));
  }

  private end(result: Result<A>): void {
    this.stop();
    this.owner.result(this, result);
    this.owner.finish(this);
  }

  private defect(error: unknown): void {
    this.stop();
    this.failed();
    this.owner.error(error);
  }

  private endTry(): void {
    this.awaited = 0;
    this.clearDeadline?.();
    this.underWay?.unsubscribe();
  }
}
