import type { Unsubscribable } from 'rxjs';
import type { Operation } from '../errors/errors.js';
import type { PublishListener } from '../flow/publish-job.js';
import type { Exchange, RequestListener, Session } from '../ipc/session.js';
import type { RpcMessage } from '../ipc/wire/rpc-message.js';
import { type Linked, List } from '../shared/list.js';

/** The sender of a request, which is told its answer. */
export interface RequestOwner<A> {
  readonly onReply: (request: PendingRequest<A>, message: RpcMessage) => void;
  readonly onViolation: (request: PendingRequest<A>, detail: string) => void;
  readonly giveUp: (request: PendingRequest<A>) => void;
}

/** One request, from the moment it is submitted to its outcome. */
export class PendingRequest<A> implements RequestListener, Unsubscribable, Linked<PendingRequest<A>> {
  readonly #owner: RequestOwner<A>;
  readonly operation: Operation;
  readonly topicName: string;
  readonly payload: string;
  readonly deadline: number;
  listener: PublishListener<A> | undefined;
  before: PendingRequest<A> | undefined;
  after: PendingRequest<A> | undefined;
  sent = false;
  listed = true;
  #exchange: Exchange | undefined;

  constructor(
    owner: RequestOwner<A>,
    operation: Operation,
    topicName: string,
    payload: string,
    listener: PublishListener<A>,
    deadline: number,
  ) {
    this.#owner = owner;
    this.operation = operation;
    this.topicName = topicName;
    this.payload = payload;
    this.listener = listener;
    this.deadline = deadline;
  }

  sendOn(session: Session): void {
    this.#exchange = session.request(this.operation, this.payload, this);
  }

  unsubscribe(): void {
    this.#owner.giveUp(this);
  }

  /** Stops waiting for an answer. */
  abandon(): void {
    this.#exchange?.abandon();
  }

  onReply(message: RpcMessage): void {
    if (this.listed) this.#owner.onReply(this, message);
  }

  onViolation(detail: string): void {
    if (this.listed) this.#owner.onViolation(this, detail);
  }

  onLost(): void {
    // The connection tells the queue, which fails all requests that were under way, in their order.
  }
}

/** Requests in the order they came: those under way first, then those that wait for their turn. */
export class PendingRequests<A> {
  readonly #list = new List<PendingRequest<A>>();
  #next: PendingRequest<A> | undefined;
  #inFlight = 0;
  #waiting = 0;
  #waitingCharacters = 0;

  /** The one that came first. */
  get first(): PendingRequest<A> | undefined {
    return this.#list.first;
  }

  /** The one to send next. */
  get next(): PendingRequest<A> | undefined {
    return this.#next;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get waitingCharacters(): number {
    return this.#waitingCharacters;
  }

  /** A copy: requests may be added and removed while it is gone through. */
  all(): readonly PendingRequest<A>[] {
    return [...this.#list];
  }

  add(request: PendingRequest<A>): void {
    this.#list.append(request);
    this.#next ??= request;
    this.#waiting++;
    this.#waitingCharacters += request.payload.length;
  }

  /** Marks {@link next} as under way. */
  takeNext(request: PendingRequest<A>): void {
    this.#next = request.after;
    this.#waiting--;
    this.#waitingCharacters -= request.payload.length;
    this.#inFlight++;
    request.sent = true;
  }

  /** Removes one. Returns its listener, if it still has one, which is to be told the outcome. */
  remove(request: PendingRequest<A>): PublishListener<A> | undefined {
    const { listener } = request;
    if (request.sent) this.#inFlight--;
    else {
      this.#waiting--;
      this.#waitingCharacters -= request.payload.length;
    }
    if (this.#next === request) this.#next = request.after;
    this.#list.delete(request);
    request.listed = false;
    request.listener = undefined;
    return listener;
  }
}
