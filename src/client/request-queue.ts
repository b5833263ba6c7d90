import type { Either } from 'fp-ts/lib/Either.js';
import { Subscription, type Unsubscribable } from 'rxjs';
import {
  type ConnectError,
  ConnectionLost,
  type InvalidRequest,
  type Operation as OperationName,
  ProtocolViolated,
  type PublishError,
  TimedOut,
  TooManyPublishes,
} from '../errors/errors.js';
import type { PublishListener } from '../flow/publish-job.js';
import type { Clock } from '../ipc/clock.js';
import type { Operation, RequestListener, Session } from '../ipc/session.js';
import { MessageType, type RpcMessage } from '../ipc/wire/rpc-message.js';
import type { Capabilities, Profile } from '../ports/mqtt-proxy.js';
import type { ConnectionUser } from './connection.js';
import { replyError, unsent } from './failures.js';
import type { PassingRefusals } from './passing-refusals.js';

/** What the requests of one queue have in common. */
export interface RequestRules<A> {
  /** What an answer says; a text: what is wrong with it. */
  readonly read: (payload: string, profile: Profile) => Either<string, A>;
  /** How many this nucleus takes at once. */
  readonly windowOf: (capabilities: Capabilities) => number;
  /** What is wrong with a request for this nucleus, where anything is. */
  readonly problem: (
    operation: OperationName,
    topicName: string,
    payload: string,
    capabilities: Capabilities,
  ) => InvalidRequest<'message'> | undefined;
}

/**
 * Characters of publishes that had no answer in their time, since the last answer to any. A nucleus that has stopped reading
 * leaves them all in the memory of this process, until its connection is given up.
 */
const MAX_UNANSWERED = 16 * 1024 * 1024;

/** Characters of the requests that wait: a thousand small ones are a queue, a thousand of the largest all the memory of a device. */
const MAX_WAITING = 32 * 1024 * 1024;

/** What a queue is doing, for `drain`. */
export interface RequestCounts {
  readonly accepted: number;
  readonly failed: number;
  readonly pending: number;
}

/**
 * All requests of a port, its publishes first of all: as many under way as the nucleus takes, and a bounded number that wait for their turn or for a
 * connection. They stand in one list in the order they came, those under way before those that wait; their deadlines are
 * equally long, so that the first in the list is the next to expire and one timer serves all.
 */
export class RequestQueue<A> implements ConnectionUser {
  readonly #rules: RequestRules<A>;
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #queueLimit: number;
  readonly #refusals: PassingRefusals;
  /** Called whenever nothing is pending any more. */
  onIdle: (() => void) | undefined;
  /** Called when so much has had no answer that the connection had better be given up. */
  onUnanswered: ((error: TimedOut<'terminal'>) => void) | undefined;
  #session: Session | undefined;
  #capabilities: Capabilities | undefined;
  #first: Waiting<A> | undefined;
  #last: Waiting<A> | undefined;
  #nextToSend: Waiting<A> | undefined;
  #inFlight = 0;
  #waiting = 0;
  #waitingCharacters = 0;
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

  get counts(): RequestCounts {
    return { accepted: this.#accepted, failed: this.#failed, pending: this.#inFlight + this.#waiting };
  }

  /** Takes a request in; `topicName` is what it is about, for its error. Unsubscribing gives it up: it is not sent if it has not been, and nobody hears its outcome. */
  submit(operation: OperationName, topicName: string, payload: string, listener: PublishListener<A>): Unsubscribable {
    if (this.#waiting >= this.#queueLimit || this.#waitingCharacters > MAX_WAITING) {
      this.#failed++;
      listener.onFailed(new TooManyPublishes('message', this.#waiting));
      return Subscription.EMPTY;
    }
    const request = new Waiting<A>(this, operation, topicName, payload, listener, this.#clock.now() + this.#timeout);
    request.previous = this.#last;
    if (this.#last === undefined) this.#first = request;
    else this.#last.next = request;
    this.#last = request;
    this.#nextToSend ??= request;
    this.#waiting++;
    this.#waitingCharacters += payload.length;
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
    for (const request of this.#all()) {
      if (!request.listed) continue;
      const listener = this.#remove(request);
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
    // Only those here now: what their listeners request next is for the next connection.
    for (const request of this.#all()) if (request.listed) this.#fail(request, unsent(error));
    this.#startTimer();
  }

  onReply(request: Waiting<A>, message: RpcMessage): void {
    const { operation, topicName } = request;
    this.#unanswered = 0;
    if (message.type === MessageType.ApplicationMessage && message.payload === '') {
      // Every answer has a body: this is the end of a stream without one.
      this.#fail(request, new ConnectionLost('message', true, new Error('The nucleus ended the request without an answer.')));
    } else if (message.type === MessageType.ApplicationMessage) this.#onAnswer(request, message.payload);
    else this.#fail(request, this.#refusals.read(replyError('message', operation, topicName, message)));
    this.#send();
    this.#tellIdle();
  }

  #onAnswer(request: Waiting<A>, payload: string): void {
    const answer = this.#rules.read(payload, this.#capabilities?.profile ?? 'classic');
    if (answer._tag === 'Left') {
      this.#fail(request, new ProtocolViolated('message', answer.left));
      return;
    }
    const listener = this.#remove(request);
    this.#accepted++;
    this.#refusals.accepted(request.topicName);
    listener?.onAccepted(answer.right);
  }

  onViolation(request: Waiting<A>, detail: string): void {
    this.#unanswered = 0;
    this.#fail(request, new ProtocolViolated('message', detail));
    this.#send();
  }

  #send(): void {
    const session = this.#session;
    const capabilities = this.#capabilities;
    if (session === undefined || capabilities === undefined) return;
    const window = this.#rules.windowOf(capabilities);
    while (this.#nextToSend !== undefined && this.#inFlight < window) {
      const request = this.#nextToSend;
      const problem = this.#rules.problem(request.operation, request.topicName, request.payload, capabilities);
      if (problem !== undefined) {
        this.#fail(request, problem);
        continue;
      }
      this.#nextToSend = request.next;
      this.#waiting--;
      this.#waitingCharacters -= request.payload.length;
      this.#inFlight++;
      request.sendOn(session);
    }
  }

  #fail(request: Waiting<A>, error: PublishError): void {
    const listener = this.#remove(request);
    this.#failed++;
    listener?.onFailed(error);
    this.#tellIdle();
  }

  /** Those under way when a connection broke. They stand first in the list. */
  #failSent(error: ConnectError): void {
    for (let request = this.#first; request?.sent === true; request = this.#first) {
      this.#fail(request, new ConnectionLost('message', true, error));
    }
  }

  #all(): Waiting<A>[] {
    const all: Waiting<A>[] = [];
    for (let request = this.#first; request !== undefined; request = request.next) all.push(request);
    return all;
  }

  /** @internal */
  giveUp(request: Waiting<A>): void {
    // What has been sent is counted until its answer comes: it still takes a place in the window.
    if (request.listed && !request.sent) {
      this.#remove(request);
      this.#tellIdle();
    }
    request.listener = undefined;
  }

  #remove(request: Waiting<A>): PublishListener<A> | undefined {
    const { listener, previous, next } = request;
    if (request.sent) this.#inFlight--;
    else {
      this.#waiting--;
      this.#waitingCharacters -= request.payload.length;
    }
    if (this.#nextToSend === request) this.#nextToSend = next;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    request.listed = false;
    request.previous = undefined;
    request.next = undefined;
    request.listener = undefined;
    return listener;
  }

  #startTimer(): void {
    if (this.#cancelTimer !== undefined || this.#first === undefined) return;
    const { deadline } = this.#first;
    this.#cancelTimer = this.#clock.after(Math.max(0, deadline - this.#clock.now()), at => {
      this.#cancelTimer = undefined;
      // What the timer was set for is due when it fires, even if it fires a little early. What falls due later may have been answered unread.
      this.#expire(Math.max(deadline, at));
      this.#startTimer();
    });
  }

  #expire(now: number): void {
    let unanswered: OperationName | undefined;
    while (this.#first !== undefined && this.#first.deadline <= now) {
      const request = this.#first;
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
    if (this.#first === undefined) this.onIdle?.();
  }
}

/** One request, from being taken in to its outcome. */
class Waiting<A> implements RequestListener, Unsubscribable {
  readonly #queue: RequestQueue<A>;
  readonly operation: OperationName;
  readonly topicName: string;
  readonly payload: string;
  readonly deadline: number;
  listener: PublishListener<A> | undefined;
  previous: Waiting<A> | undefined;
  next: Waiting<A> | undefined;
  sent = false;
  listed = true;
  #operation: Operation | undefined;

  constructor(
    queue: RequestQueue<A>,
    operation: OperationName,
    topicName: string,
    payload: string,
    listener: PublishListener<A>,
    deadline: number,
  ) {
    this.#queue = queue;
    this.operation = operation;
    this.topicName = topicName;
    this.payload = payload;
    this.listener = listener;
    this.deadline = deadline;
  }

  sendOn(session: Session): void {
    this.sent = true;
    this.#operation = session.request(this.operation, this.payload, this);
  }

  unsubscribe(): void {
    this.#queue.giveUp(this);
  }

  /** Ends the wait for an answer. */
  abandon(): void {
    this.#operation?.abandon();
  }

  onReply(message: RpcMessage): void {
    if (this.listed) this.#queue.onReply(this, message);
  }

  onViolation(detail: string): void {
    if (this.listed) this.#queue.onViolation(this, detail);
  }

  onLost(): void {
    // The connection tells the queue, which fails all that were under way in their order.
  }
}
