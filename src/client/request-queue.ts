import type { Either } from 'fp-ts/lib/Either.js';
import { Subscription, type Unsubscribable } from 'rxjs';
import {
  type ConnectError,
  ConnectionLost,
  type InvalidRequest,
  type Operation,
  ProtocolViolated,
  type PublishError,
  TimedOut,
  TooManyPublishes,
  Unauthorized,
} from '../errors/errors.js';
import type { PublishListener } from '../flow/publish-job.js';
import type { Clock } from '../shared/clock.js';
import type { Session } from '../ipc/session.js';
import { MessageType, type RpcMessage } from '../ipc/wire/rpc-message.js';
import type { Capabilities, Profile } from '../ports/mqtt-proxy.js';
import type { RequestsUser } from './state-news.js';
import { replyError, unsent } from './failures.js';
import { PendingRequest, PendingRequests, type RequestOwner } from './pending-requests.js';

/** What the requests of one queue have in common. */
export interface RequestRules<A> {
  /** Reads an answer. The left side says what is wrong with it. */
  readonly read: (payload: string, profile: Profile) => Either<string, A>;
  /** Whether the requests may cause messages on subscriptions of this operation, which are then restored first after a break. */
  readonly provokes: (operation: Operation) => boolean;
  /** How many requests this nucleus accepts at once. */
  readonly inFlightOf: (capabilities: Capabilities) => number;
  /** What is wrong with a request for this nucleus, if anything is. */
  readonly problem: (
    operation: Operation,
    topicName: string,
    payload: string,
    capabilities: Capabilities,
  ) => InvalidRequest<'message'> | undefined;
  /** A request is about to be sent, perhaps long after it was submitted. */
  readonly onSending?: ((topicName: string, payload: string) => void) | undefined;
  /** The nucleus has refused a request. */
  readonly onRefused?: ((topicName: string, payload: string) => void) | undefined;
}

/**
 * The most characters of requests that timed out since the last answer: with a nucleus that has stopped reading, they stay in memory until
 * the connection is given up.
 */
const MAX_UNANSWERED = 16 * 1024 * 1024;

/** The most characters of requests that wait: a thousand of the largest would fill the memory of a device. */
const MAX_WAITING = 32 * 1024 * 1024;

/** The counts of a queue, for `drain`. */
export interface RequestCounts {
  readonly accepted: number;
  readonly failed: number;
  readonly pending: number;
}

/**
 * All requests of a port, mainly publishes: as many in flight as the nucleus accepts, and a bounded number that wait for a turn or a
 * connection. Their deadlines are equally long, so the oldest expires next, and one timer serves all.
 */
export class RequestQueue<A> implements RequestsUser, RequestOwner<A> {
  readonly #rules: RequestRules<A>;
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #queueLimit: number;
  readonly #refusals: PassingRefusals;
  /** Called whenever nothing is pending any more. */
  onIdle: (() => void) | undefined;
  /** Called when so much has had no answer that the connection should be given up. */
  onUnanswered: ((error: TimedOut<'terminal'>) => void) | undefined;
  #session: Session | undefined;
  #capabilities: Capabilities | undefined;
  readonly #pending = new PendingRequests<A>();
  #unanswered = 0;
  #accepted = 0;
  #failed = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(rules: RequestRules<A>, clock: Clock, timeout: number, queueLimit: number, refusals: PassingRefusals) {
    this.#rules = rules;
    this.#clock = clock;
    this.#timeout = timeout;
    this.#queueLimit = queueLimit;
    this.#refusals = refusals;
  }

  provokes(operation: Operation): boolean {
    return this.#rules.provokes(operation);
  }

  get counts(): RequestCounts {
    return { accepted: this.#accepted, failed: this.#failed, pending: this.#pending.inFlight + this.#pending.waiting };
  }

  /**
   * Submits a request; `topicName` is what it is about, for its error. Unsubscribing gives it up: if it has not been sent it never is, and
   * nobody is told its outcome.
   */
  submit(operation: Operation, topicName: string, payload: string, listener: PublishListener<A>): Unsubscribable {
    const pending = this.#pending;
    if (pending.waiting >= this.#queueLimit || pending.waitingCharacters > MAX_WAITING) {
      this.#failed++;
      listener.onFailed(new TooManyPublishes('message', pending.waiting));
      return Subscription.EMPTY;
    }
    const request = new PendingRequest<A>(this, operation, topicName, payload, listener, this.#clock.now() + this.#timeout);
    pending.add(request);
    this.#startTimer();
    this.#send();
    return request;
  }

  onSession(session: Session, capabilities: Capabilities): void {
    this.#session = session;
    this.#capabilities = capabilities;
    this.#refusals.begin(capabilities.profile === 'lite');
    this.#unanswered = 0;
    this.#send();
  }

  onInterrupted(error: ConnectError): void {
    this.#session = undefined;
    this.#failSent(error);
  }

  onDefect(defect: unknown): void {
    this.#session = undefined;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    for (const request of this.#pending.all()) {
      if (!request.listed) continue;
      const listener = this.#pending.remove(request);
      this.#failed++;
      listener?.onDefect(defect);
    }
    this.#startTimer();
    this.#tellIdle();
  }

  onFailed(error: ConnectError): void {
    this.#session = undefined;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#failSent(error);
    // Only the present ones: what their listeners request next is for the next connection.
    for (const request of this.#pending.all()) if (request.listed) this.#fail(request, unsent(error));
    this.#startTimer();
  }

  onReply(request: PendingRequest<A>, message: RpcMessage): void {
    const { operation, topicName } = request;
    this.#unanswered = 0;
    if (message.type === MessageType.ApplicationMessage && message.payload === '') {
      // Every answer has a body, so this is only the end of the stream.
      this.#fail(request, new ConnectionLost('message', true, new Error('The nucleus ended the request without an answer.')));
    } else if (message.type === MessageType.ApplicationMessage) this.#onAnswer(request, message.payload);
    else this.#fail(request, this.#refusals.read(replyError('message', operation, topicName, message)));
    this.#send();
    this.#tellIdle();
  }

  #onAnswer(request: PendingRequest<A>, payload: string): void {
    const answer = this.#rules.read(payload, this.#capabilities?.profile ?? 'classic');
    if (answer._tag === 'Left') {
      this.#fail(request, new ProtocolViolated('message', answer.left));
      return;
    }
    const listener = this.#pending.remove(request);
    this.#accepted++;
    this.#refusals.accepted(request.topicName);
    listener?.onAccepted(answer.right);
  }

  onViolation(request: PendingRequest<A>, detail: string): void {
    this.#unanswered = 0;
    this.#fail(request, new ProtocolViolated('message', detail));
    this.#send();
  }

  #send(): void {
    const session = this.#session;
    const capabilities = this.#capabilities;
    if (session === undefined || capabilities === undefined) return;
    const mostInFlight = this.#rules.inFlightOf(capabilities);
    const pending = this.#pending;
    for (let request = pending.next; request !== undefined && pending.inFlight < mostInFlight; request = pending.next) {
      const problem = this.#rules.problem(request.operation, request.topicName, request.payload, capabilities);
      if (problem !== undefined) {
        this.#fail(request, problem);
        continue;
      }
      pending.takeNext(request);
      this.#rules.onSending?.(request.topicName, request.payload);
      request.sendOn(session);
    }
  }

  #fail(request: PendingRequest<A>, error: PublishError): void {
    const listener = this.#pending.remove(request);
    this.#failed++;
    if (request.sent && !('sent' in error && error.sent)) this.#rules.onRefused?.(request.topicName, request.payload);
    listener?.onFailed(error);
    this.#tellIdle();
  }

  /** Fails those that were in flight when the connection broke. They are the first of the list. */
  #failSent(error: ConnectError): void {
    for (let request = this.#pending.first; request?.sent === true; request = this.#pending.first) {
      this.#fail(request, new ConnectionLost('message', true, error));
    }
  }

  giveUp(request: PendingRequest<A>): void {
    // A request that has been sent still counts as in flight until its answer comes.
    if (request.listed && !request.sent) {
      this.#pending.remove(request);
      this.#tellIdle();
    }
    request.listener = undefined;
  }

  #startTimer(): void {
    const { first } = this.#pending;
    if (this.#cancelTimer !== undefined || first === undefined) return;
    const { deadline } = first;
    this.#cancelTimer = this.#clock.after(Math.max(0, deadline - this.#clock.now()), at => {
      this.#cancelTimer = undefined;
      // What the timer was set for is due even if it fires a little early. For a later deadline, an answer may have come and not been read.
      this.#expire(Math.max(deadline, at));
      this.#startTimer();
    });
  }

  #expire(now: number): void {
    let unanswered: Operation | undefined;
    const pending = this.#pending;
    for (let request = pending.first; request !== undefined && request.deadline <= now; request = pending.first) {
      request.abandon();
      if (request.sent) {
        this.#unanswered += request.payload.length;
        unanswered = request.operation;
      }
      this.#fail(request, new TimedOut('message', request.operation, this.#timeout, request.sent));
    }
    if (unanswered !== undefined && this.#unanswered > MAX_UNANSWERED)
      this.onUnanswered?.(new TimedOut('terminal', unanswered, this.#timeout, true));
    this.#send();
  }

  #tellIdle(): void {
    if (this.#pending.first === undefined) this.onIdle?.();
  }
}

/** The most topics that are remembered as allowed. */
const MAX_TOPICS = 256;

/**
 * Which publishes that Greengrass Lite calls unauthorized it may accept in a moment, since its configuration daemon, which has the
 * policies, starts after the components or is away: those to topics it accepted before, and all soon after a connection was made.
 */
export class PassingRefusals {
  readonly #clock: Clock;
  readonly #patience: number;
  /** In the order of their last success. */
  readonly #allowed = new Set<string>();
  #since = 0;
  #lite = false;

  constructor(clock: Clock, patience: number) {
    this.#clock = clock;
    this.#patience = patience;
  }

  /** There is a connection. */
  begin(lite: boolean): void {
    this.#lite = lite;
    this.#since = this.#clock.now();
  }

  accepted(topicName: string): void {
    if (!this.#lite || this.#patience === 0) return;
    this.#allowed.delete(topicName);
    this.#allowed.add(topicName);
    if (this.#allowed.size <= MAX_TOPICS) return;
    const [oldest] = this.#allowed;
    if (oldest !== undefined) this.#allowed.delete(oldest);
  }

  /** The refusal of a publish, made retryable if it may pass. */
  read(error: PublishError): PublishError {
    if (error._tag !== 'Unauthorized' || !this.#lite || this.#patience === 0) return error;
    const { operation, topicName, serverText } = error;
    const passes = this.#allowed.has(topicName) || this.#clock.now() - this.#since < this.#patience;
    return passes ? new Unauthorized('message', operation, topicName, serverText, true) : error;
  }
}
