import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { type SchedulerLike, Subscription } from 'rxjs';
import {
  type OutboxUnavailable,
  type PublishError,
  SetAside,
  type StoredLostReason,
  StoredMessagesLost,
  type SubscribeError,
} from '../errors/errors.js';
import { publishing, submitTo } from '../flow/publish-job.js';
import type { Accepted, MqttMessage, MqttProxy, PublishRequest } from '../ports/mqtt-proxy.js';
import { QOS } from '../shared/qos.js';
import { workOn } from '../stream/work-on.js';
import type { Settling } from './hand-out.js';
import { type Mark, markOf } from './mark.js';
import type { Outbox } from './outbox.js';
import { isSampled, SeenBack, seenOn } from './seen-back.js';
import type { StoredRecord, Taken } from './store.js';
import { idOf, Kept, type KeptMessage, MAX_KEPT, Samples } from './undecided.js';

/** What a forwarder needs of a proxy. */
export type ForwardPort = Pick<MqttProxy, 'publish$' | 'state$'> &
  Partial<Pick<MqttProxy, 'cloud$' | 'draining$' | 'holdDrain' | 'subscribe'>> & {
    /** The request with as much as the port may add to it when it sends it; see `traced`. Left out: it adds nothing. */
    readonly atLargest?: ((request: PublishRequest) => PublishRequest) | undefined;
  };

/** What became of one publish: one answer, also of a port that gives two, and an error of one that gives none. */
export function publishedOnce(port: ForwardPort, request: PublishRequest): ReturnType<ForwardPort['publish$']> {
  return publishing(listener => submitTo(port)(request, listener));
}

/** A stored message that was taken: by the nucleus, or, where it has to be confirmed, by the cloud. */
export interface Forwarded extends Omit<Mark, 'lost' | 'oldest'> {
  /** Who took it; `cloud`: it was seen coming back. */
  readonly by: Accepted['by'] | 'cloud';
  readonly topicName: string;
}

/** What can become of stored messages instead. */
export type ForwardFailure = SetAside | StoredMessagesLost | PublishError | SubscribeError | OutboxUnavailable;

/** Tells what becomes of stored messages. */
export class Telling {
  readonly #emit: (element: Either<ForwardFailure, Forwarded>) => void;

  constructor(emit: (element: Either<ForwardFailure, Forwarded>) => void) {
    this.#emit = emit;
  }

  forwarded({ topicName, epoch, stream, number, storedAt, attempts }: StoredRecord, by: Forwarded['by'], replayed: boolean): void {
    this.#emit(right({ by, topicName, epoch, stream, number, storedAt, attempt: attempts + 1, replayed }));
  }

  lost(why: StoredLostReason, messages: number): void {
    if (messages > 0) this.#emit(left(new StoredMessagesLost(why, messages)));
  }

  /** What was found when others were handed out. */
  lostOnTheWay({ expired, damaged, setAside }: Pick<Taken, 'expired' | 'damaged' | 'setAside'>): void {
    this.lost('expired', expired);
    this.lost('damaged', damaged);
    this.lost('setAside', setAside);
  }

  setAside({ topicName, number }: StoredRecord, cause: Error): void {
    this.#emit(left(new SetAside(topicName, number, cause)));
  }

  failed(error: ForwardFailure): void {
    this.#emit(left(error));
  }
}

/** How often a message is sent, while what is sent can come back, before it is set aside for not coming back. */
const MAX_UNCONFIRMED = 5;

/** What {@link Outcomes} are made of. */
export interface OutcomesParts {
  readonly outbox: Outbox;
  readonly port: ForwardPort;
  readonly confirmWithin: number;
  readonly settling: Settling;
  readonly telling: Telling;
  readonly now: () => number;
  readonly random: () => number;
  readonly scheduler: SchedulerLike;
  /** A message is handed out again. */
  readonly onReleased: () => void;
  /** Perhaps there is something to do. */
  readonly onChange: () => void;
  /** What is to be seen back could not be sent, or not be listened for. */
  readonly onFailed: (error: PublishError | SubscribeError) => void;
  readonly onDefect: (error: unknown) => void;
}

/** What becomes of messages after they were sent: they are deleted, kept until they may be, sent again or set aside. */
export class Outcomes {
  readonly #parts: OutcomesParts;
  readonly #kept: Kept | undefined;
  readonly #samples: Samples | undefined;
  /** Whether messages are kept until something has been seen coming back. */
  readonly isSeen: boolean;
  readonly #seenBack: SeenBack;
  readonly #watching = new Subscription();
  /**
   * By its place, how often each message was sent and not seen back. Not its attempts: those are also refusals and ends of the process,
   * which say nothing about it.
   */
  readonly #unseen = new Map<number, number>();
  /** When something was last seen back, or was subscribed to anew for want of it. */
  #heardAt = -Infinity;
  /** When nothing could come back: what was sent before says nothing by not coming. */
  #deafAt = -Infinity;

  constructor(parts: OutcomesParts) {
    this.#parts = parts;
    const { outbox, confirmWithin, random, onChange } = parts;
    const { deleteWhen } = outbox;
    this.isSeen = seenOn(outbox).length > 0;
    const onReady = (): void => {
      if (!this.isReady) this.#deafAt = parts.now();
      onChange();
    };
    this.#seenBack = new SeenBack(seenOn(outbox), parts, { ...parts, onSeen: message => this.#seen(message), onReady });
    if (deleteWhen === 'confirmed') this.#kept = new Kept(confirmWithin);
    else if (isSampled(deleteWhen)) {
      // Its samples say when.
      this.#kept = new Kept(Infinity);
      this.#samples = new Samples(Math.ceil(1 / deleteWhen.confirmed.sample), confirmWithin, random().toString(36).slice(2));
    } else if (deleteWhen !== 'accepted') this.#kept = new Kept(deleteWhen.after);
  }

  /** Whether what is sent now would be seen, where it has to be. */
  get isReady(): boolean {
    return this.#seenBack.isReady;
  }

  /** Looks for what comes back. */
  watch(): Subscription {
    const { port } = this.#parts;
    if (port.subscribe !== undefined) this.#watching.add(this.#seenBack.watch(port.subscribe.bind(port)));
    return this.#watching;
  }

  /** Messages that were taken and are not deleted yet. */
  get undecided(): number {
    return this.#kept?.size ?? 0;
  }

  /** Whether so many more may be sent. */
  hasRoomFor(messages: number): boolean {
    return this.undecided + messages <= MAX_KEPT;
  }

  /** The nucleus took it. */
  taken(record: StoredRecord, by: Forwarded['by'], replayed: boolean): void {
    const { settling, telling, now } = this.#parts;
    const { place } = record;
    const kept = this.#kept;
    if (kept === undefined) settling.add({ place, fate: 'forwarded' });
    else {
      kept.add(record, replayed, now());
      this.#samples?.taken(kept.taken, now());
      settling.add({ place, fate: 'sent' });
    }
    if (!this.isSeen) telling.forwarded(record, by, replayed);
  }

  /**
   * Settles messages that were taken a while ago: they are done, or were not seen back and are sent again. Returns the milliseconds until
   * the next is due.
   */
  settleDue(): number {
    const { settling, now } = this.#parts;
    const [kept, samples, at] = [this.#kept, this.#samples, now()];
    if (kept === undefined) return Infinity;
    if (samples !== undefined) {
      const taken = samples.overdue(at);
      if (taken !== undefined) this.#unconfirmed(kept.takeUpTo(taken));
      return samples.dueAt - at;
    }
    const due = kept.due(at);
    if (this.isSeen) this.#unconfirmed(due);
    else for (const { record } of due) settling.add({ place: record.place, fate: 'forwarded' });
    return (kept.next ?? Infinity) - at;
  }

  /** Sends a sample if one is due. Returns the milliseconds until the next is. */
  sample(): number {
    const { outbox, port, now, onChange, onFailed, onDefect } = this.#parts;
    const { deleteWhen } = outbox;
    const samples = this.#samples;
    if (samples === undefined || !isSampled(deleteWhen)) return Infinity;
    if (samples.wait(now()) > 0) return samples.wait(now());
    const text = samples.next(now());
    const request = { topicName: deleteWhen.confirmed.topicName, payload: text, qos: QOS.AT_LEAST_ONCE };
    workOn(publishedOnce(port, request), this.#watching, {
      next: outcome => {
        if (outcome._tag === 'Right') return;
        if (!outcome.left.retryable) onFailed(outcome.left);
        samples.refused(text, now());
        onChange();
      },
      error: onDefect,
      complete: () => undefined,
    });
    return samples.wait(now());
  }

  /** No more may be sent until something comes back. Returns whether a sample is due because of that. */
  hurry(): boolean {
    return this.#samples?.hurry() ?? false;
  }

  /** What was taken just before the connection broke may not have reached the cloud, and a later sample says nothing about it. */
  connectionBroke(): void {
    this.#deafAt = this.#parts.now();
    if (typeof this.#parts.outbox.deleteWhen !== 'object') return;
    this.#samples?.clear();
    for (const { record } of this.#kept?.clear() ?? []) this.#release(record.place);
  }

  setAside(record: StoredRecord, cause: Error): void {
    const { settling, telling } = this.#parts;
    this.#unseen.delete(record.place);
    settling.add({ place: record.place, fate: 'setAside', reason: cause.message });
    telling.setAside(record, cause);
  }

  /** What is undecided at the end. */
  clear(): readonly StoredRecord[] {
    return (this.#kept?.clear() ?? []).map(({ record }) => record);
  }

  /** It came back. */
  #seen(message: MqttMessage): void {
    const kept = this.#kept;
    if (kept === undefined) return;
    if (this.#samples !== undefined) {
      const taken = this.#samples.cameBack(Buffer.from(message.payload).toString());
      if (taken !== undefined) this.#confirmed(kept.takeUpTo(taken));
    } else {
      const mark = markOf(message);
      const found = mark === undefined ? undefined : kept.take(idOf(mark));
      if (found !== undefined) this.#confirmed([found]);
    }
    this.#parts.onChange();
  }

  #confirmed(messages: readonly KeptMessage[]): void {
    const { settling, telling, now } = this.#parts;
    this.#heardAt = now();
    for (const { record, replayed } of messages) {
      this.#unseen.delete(record.place);
      settling.add({ place: record.place, fate: 'forwarded' });
      telling.forwarded(record, 'cloud', replayed);
    }
  }

  /** They are sent again, a few times. */
  #unconfirmed(messages: readonly KeptMessage[]): void {
    const { now } = this.#parts;
    for (const { record, since } of messages)
      if (since < this.#deafAt || this.#wasUnseen(record.place) < MAX_UNCONFIRMED) this.#release(record.place);
      else
        this.setAside(
          record,
          new Error(`It was sent ${MAX_UNCONFIRMED} times and not seen back${this.#samples === undefined ? ' on its topic' : ''}.`),
        );
    const [first] = messages;
    if (first === undefined || first.since < this.#heardAt) return;
    this.#heardAt = now();
    this.#seenBack.again();
  }

  /** Counts that. Of more messages than may be kept at once, the count that is oldest begins anew. */
  #wasUnseen(place: number): number {
    const unseen = this.#unseen;
    const times = (unseen.get(place) ?? 0) + 1;
    unseen.delete(place);
    unseen.set(place, times);
    const [oldest] = unseen.keys();
    if (unseen.size > MAX_KEPT && oldest !== undefined) unseen.delete(oldest);
    return times;
  }

  #release(place: number): void {
    const { settling, onReleased } = this.#parts;
    settling.tell([{ place, fate: 'released' }], onReleased);
  }
}
