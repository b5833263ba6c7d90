import { ConnectionLost, ProtocolViolated, TimedOut, TooManyPublishes, type ConnectError, type PublishError } from '../errors/errors.js';
import { Subscription, type Unsubscribable } from 'rxjs';
import type { PublishListener } from '../flow/publish-job.js';
import type { Clock } from '../ipc/clock.js';
import { MessageType, type RpcMessage } from '../ipc/wire/rpc-message.js';
import type { Operation, RequestListener, Session } from '../ipc/session.js';
import { PUBLISH_TO_IOT_CORE } from '../ipc/wire/shapes.js';
import type { ConnectionUser } from './connection.js';
import type { Accepted, Capabilities } from './mqtt-proxy.js';
import { replyError } from './reply-error.js';
import type { PassingRefusals } from './passing-refusals.js';
import { frameProblem } from './request-problem.js';
import { unsent } from './unsent.js';

const ACCEPTED: Record<Capabilities['profile'], Accepted> = { classic: { by: 'spooler' }, lite: { by: 'mqtt-socket' } };

/**
 * Characters of publishes that had no answer in their time, since the last answer to any. A nucleus that has stopped reading
 * leaves them all in the memory of this process, until its connection is given up.
 */
const MAX_UNANSWERED = 16 * 1024 * 1024;

/** Characters of the publishes that wait: a thousand small ones are a queue, a thousand of the largest all the memory of a device. */
const MAX_WAITING = 32 * 1024 * 1024;

/** What a publisher is doing, for `drain`. */
export interface PublisherCounts {
  readonly accepted: number;
  readonly failed: number;
  readonly pending: number;
}

/**
 * All publishes of a proxy: as many under way as the nucleus takes, and a bounded number that wait for their turn or for a
 * connection. They stand in one list in the order they came, those under way before those that wait; their deadlines are
 * equally long, so that the first in the list is the next to expire and one timer serves all.
 */
export class Publisher implements ConnectionUser {
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
  #first: Publish | undefined;
  #last: Publish | undefined;
  #nextToSend: Publish | undefined;
  #inFlight = 0;
  #waiting = 0;
  #waitingCharacters = 0;
  #unanswered = 0;
  #accepted = 0;
  #failed = 0;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, timeout: number, queueLimit: number, refusals: PassingRefusals) {
    this.#clock = clock;
    this.#timeout = timeout;
    this.#queueLimit = queueLimit;
    this.#refusals = refusals;
  }

  get counts(): PublisherCounts {
    return { accepted: this.#accepted, failed: this.#failed, pending: this.#inFlight + this.#waiting };
  }

  /** Takes a publish in. Unsubscribing gives it up: it is not sent if it has not been, and nobody hears its outcome. */
  submit(topicName: string, payload: string, listener: PublishListener): Unsubscribable {
    if (this.#waiting >= this.#queueLimit || this.#waitingCharacters > MAX_WAITING) {
      this.#failed++;
      listener.onFailed(new TooManyPublishes('message', this.#waiting));
      return Subscription.EMPTY;
    }
    const publish = new Publish(this, topicName, payload, listener, this.#clock.now() + this.#timeout);
    publish.previous = this.#last;
    if (this.#last === undefined) this.#first = publish;
    else this.#last.next = publish;
    this.#last = publish;
    this.#nextToSend ??= publish;
    this.#waiting++;
    this.#waitingCharacters += payload.length;
    this.#startTimer();
    this.#send();
    return publish;
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
    for (const publish of this.#all()) {
      if (!publish.listed) continue;
      const listener = this.#remove(publish);
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
    // Only those here now: what their listeners publish next is for the next connection.
    for (const publish of this.#all()) if (publish.listed) this.#fail(publish, unsent(error));
    this.#startTimer();
  }

  onReply(publish: Publish, message: RpcMessage): void {
    const { topicName } = publish;
    this.#unanswered = 0;
    if (message.type === MessageType.ApplicationMessage && message.payload === '') {
      // Every answer has a body: this is the end of a stream without one.
      this.#fail(publish, new ConnectionLost('message', true, new Error('The nucleus ended the request without an answer.')));
    } else if (message.type === MessageType.ApplicationMessage) {
      const listener = this.#remove(publish);
      this.#accepted++;
      this.#refusals.accepted(topicName);
      listener?.onAccepted(ACCEPTED[this.#capabilities?.profile ?? 'classic']);
    } else this.#fail(publish, this.#refusals.read(replyError('message', PUBLISH_TO_IOT_CORE, topicName, message)));
    this.#send();
    this.#tellIdle();
  }

  onViolation(publish: Publish, detail: string): void {
    this.#unanswered = 0;
    this.#fail(publish, new ProtocolViolated('message', detail));
    this.#send();
  }

  #send(): void {
    const session = this.#session;
    const capabilities = this.#capabilities;
    if (session === undefined || capabilities === undefined) return;
    while (this.#nextToSend !== undefined && this.#inFlight < capabilities.publishWindow) {
      const publish = this.#nextToSend;
      const problem = frameProblem(publish.topicName, publish.payload, capabilities);
      if (problem !== undefined) {
        this.#fail(publish, problem);
        continue;
      }
      this.#nextToSend = publish.next;
      this.#waiting--;
      this.#waitingCharacters -= publish.payload.length;
      this.#inFlight++;
      publish.sendOn(session);
    }
  }

  #fail(publish: Publish, error: PublishError): void {
    const listener = this.#remove(publish);
    this.#failed++;
    listener?.onFailed(error);
    this.#tellIdle();
  }

  /** Those under way when a connection broke. They stand first in the list. */
  #failSent(error: ConnectError): void {
    for (let publish = this.#first; publish?.sent === true; publish = this.#first) {
      this.#fail(publish, new ConnectionLost('message', true, error));
    }
  }

  #all(): Publish[] {
    const all: Publish[] = [];
    for (let publish = this.#first; publish !== undefined; publish = publish.next) all.push(publish);
    return all;
  }

  /** @internal */
  giveUp(publish: Publish): void {
    // What has been sent is counted until its answer comes: it still takes a place in the window.
    if (publish.listed && !publish.sent) {
      this.#remove(publish);
      this.#tellIdle();
    }
    publish.listener = undefined;
  }

  #remove(publish: Publish): PublishListener | undefined {
    const { listener, previous, next } = publish;
    if (publish.sent) this.#inFlight--;
    else {
      this.#waiting--;
      this.#waitingCharacters -= publish.payload.length;
    }
    if (this.#nextToSend === publish) this.#nextToSend = next;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    publish.listed = false;
    publish.previous = undefined;
    publish.next = undefined;
    publish.listener = undefined;
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
    while (this.#first !== undefined && this.#first.deadline <= now) {
      const publish = this.#first;
      publish.abandon();
      if (publish.sent) this.#unanswered += publish.payload.length;
      this.#fail(publish, new TimedOut('message', PUBLISH_TO_IOT_CORE, this.#timeout, publish.sent));
    }
    if (this.#unanswered > MAX_UNANSWERED) this.onUnanswered?.(new TimedOut('terminal', PUBLISH_TO_IOT_CORE, this.#timeout, true));
    this.#send();
  }

  #tellIdle(): void {
    if (this.#first === undefined) this.onIdle?.();
  }
}

/** One publish, from being taken in to its outcome. */
class Publish implements RequestListener, Unsubscribable {
  readonly #publisher: Publisher;
  readonly topicName: string;
  readonly payload: string;
  readonly deadline: number;
  listener: PublishListener | undefined;
  previous: Publish | undefined;
  next: Publish | undefined;
  sent = false;
  listed = true;
  #operation: Operation | undefined;

  constructor(publisher: Publisher, topicName: string, payload: string, listener: PublishListener, deadline: number) {
    this.#publisher = publisher;
    this.topicName = topicName;
    this.payload = payload;
    this.listener = listener;
    this.deadline = deadline;
  }

  sendOn(session: Session): void {
    this.sent = true;
    this.#operation = session.request(PUBLISH_TO_IOT_CORE, this.payload, this);
  }

  unsubscribe(): void {
    this.#publisher.giveUp(this);
  }

  /** Ends the wait for an answer. */
  abandon(): void {
    this.#operation?.abandon();
  }

  onReply(message: RpcMessage): void {
    if (this.listed) this.#publisher.onReply(this, message);
  }

  onViolation(detail: string): void {
    if (this.listed) this.#publisher.onViolation(this, detail);
  }

  onLost(): void {
    // The connection tells the publisher, which fails all that were under way in their order.
  }
}
