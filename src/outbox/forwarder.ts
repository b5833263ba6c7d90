import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { defer, type SchedulerLike, type Subscriber, Subscription } from 'rxjs';
import { OutboxUnavailable, type PublishError, SetAside, StoredMessagesLost, type SubscribeError } from '../errors/errors.js';
import { TokenBucket } from '../operators/token-bucket.js';
import type { Accepted, MqttProxy } from '../ports/mqtt-proxy.js';
import { wait } from '../schedule/clock.js';
import { type RetrySeries, startSeries } from '../schedule/retry-series.js';
import type { Schedule } from '../schedule/schedule.js';
import { isTerminalError } from '../stream/kind.js';
import { workOn } from '../stream/work-on.js';
import { confirmations, Kept, MOST_KEPT, type Seen } from './kept.js';
import { Lanes } from './lanes.js';
import { Link } from './link.js';
import { markedRequest } from './mark.js';
import type { OpenOutbox, Outbox } from './outbox.js';
import { ReadAhead, Settling } from './hand-out.js';
import type { Fate, StoredRecord, Taken } from './store.js';

/** What a forwarder needs of a proxy. */
export type ForwardPort = Pick<MqttProxy, 'publish$' | 'state$'> &
  Partial<Pick<MqttProxy, 'cloud$' | 'draining$' | 'holdDrain' | 'subscribe'>>;

/** A stored message that was taken: by the nucleus, or, where it has to be confirmed, by the cloud. */
export interface Forwarded {
  /** Who took it; `cloud`: it was seen coming back. */
  readonly by: Accepted['by'] | 'cloud';
  readonly topicName: string;
  readonly epoch: string;
  readonly stream: string;
  readonly number: number;
  readonly storedAt: number;
  readonly attempt: number;
  readonly replayed: boolean;
}

/** What can become of stored messages instead. */
export type ForwardFailure = SetAside | StoredMessagesLost | PublishError | SubscribeError | OutboxUnavailable;

/** What a {@link Forwarder} is made of. */
export interface ForwarderParts {
  readonly outbox: Outbox;
  readonly open: OpenOutbox;
  readonly port: ForwardPort;
  readonly destination: Subscriber<Either<ForwardFailure, Forwarded>>;
  readonly inFlight: number;
  /** Messages a second. */
  readonly rate: number;
  /** How much of the rate what is live may have while a backlog waits; `inTurn`: nothing overtakes. */
  readonly live: number | 'inTurn';
  readonly confirmWithin: number;
  /** Messages that may be sent unconfirmed while nobody says whether the device is online. */
  readonly unseen: number;
  readonly retry: Schedule;
  readonly random: () => number;
  readonly scheduler: SchedulerLike;
  readonly now: () => number;
}

/** How often a message that was not confirmed is sent before it is set aside. */
const MOST_UNCONFIRMED = 5;
/** Sends what is stored: what is live first, with a share for what waited, each key in its order. */
export class Forwarder {
  private readonly parts: ForwarderParts;
  private readonly lanes: Lanes;
  private readonly bucket: TokenBucket;
  private readonly series: RetrySeries;
  private readonly settling: Settling;
  private readonly reading: ReadAhead;
  private readonly link: Link;
  private readonly kept: Kept | undefined;
  private readonly watching = new Subscription();
  /** A suspect is on its way, alone. */
  private alone = false;
  private ready: boolean;
  private pausedUntil = 0;
  private timer: Subscription | undefined;
  private pumping = false;
  private pumpAgain = false;
  private draining = false;
  private ended = false;

  constructor(parts: ForwarderParts) {
    this.parts = parts;
    const { outbox, open, rate, now, retry, random, live, confirmWithin, scheduler } = parts;
    const { deleteWhen } = outbox;
    this.lanes = new Lanes(live);
    this.bucket = new TokenBucket(rate, Math.max(1, rate / 10), now());
    this.series = startSeries(retry, { now, random });
    this.ready = deleteWhen !== 'confirmed';
    this.kept = deleteWhen === 'accepted' ? undefined : new Kept(deleteWhen === 'confirmed' ? confirmWithin : deleteWhen.after);
    this.settling = new Settling(
      open,
      scheduler,
      () => this.completeWhenDrained(),
      error => this.fileFailed(error),
    );
    this.reading = new ReadAhead(
      open,
      this.lanes,
      scheduler,
      taken => this.onTaken(taken),
      error => this.fileFailed(error),
    );
    this.link = new Link(
      {
        onConnected: profile => {
          open.profile = profile;
        },
        onUp: () => this.lanes.split(open.nextPlace()),
        onDown: () => this.onBreak(),
        onChange: () => this.pump(),
      },
      now,
    );
  }

  begin(): void {
    const { port, destination, open, outbox } = this.parts;
    const releaseDrain = port.holdDrain?.();
    destination.add(() => {
      releaseDrain?.();
      this.stop();
    });
    this.tellLost('damaged', open.takeDamage());
    if (outbox.deleteWhen === 'confirmed' && port.subscribe !== undefined)
      this.watching.add(
        confirmations(port.subscribe.bind(port), outbox.topics ?? []).subscribe({
          next: seen => this.onSeen(seen),
          error: (error: unknown) => this.fail(error),
        }),
      );
    this.watching.add(this.link.watch(port));
    if (port.draining$ !== undefined)
      this.watching.add(
        port.draining$.subscribe(() => {
          this.draining = true;
          this.completeWhenDrained();
        }),
      );
    this.pump();
  }

  /** The store has more. */
  onStored(dropped: number): void {
    this.reading.more();
    this.tellLost('dropped', dropped);
    this.pump();
  }

  /** Sends what may be sent now, and sees to it that there is more to send. A loop: what is sent may be answered at once. */
  private pump(): void {
    if (this.pumping) {
      this.pumpAgain = true;
      return;
    }
    this.pumping = true;
    do {
      this.pumpAgain = false;
      this.settleDue();
      while (this.sendNext());
      if (!this.isOver() && !this.draining) this.reading.fill();
    } while (this.hasMore());
    this.pumping = false;
    this.completeWhenDrained();
  }

  private get maySend(): boolean {
    const { inFlight, outbox, unseen } = this.parts;
    const { kept, lanes } = this;
    if (this.isOver() || this.draining || this.alone || !this.ready || !this.link.isUp) return false;
    if (kept !== undefined && kept.size + lanes.sending >= MOST_KEPT) return false;
    // Nobody says whether the device is online: what comes back does.
    if (this.link.isUnknown && outbox.deleteWhen === 'confirmed' && (kept?.size ?? 0) + lanes.sending >= unseen) return false;
    return lanes.sending < inFlight;
  }

  private sendNext(): boolean {
    if (!this.maySend) return false;
    const next = this.lanes.next();
    if (next === undefined || (next.record.suspect && this.lanes.sending > 0)) return false;
    const at = this.parts.now();
    this.bucket.fill(at, 1);
    const milliseconds = Math.max(this.pausedUntil - at, this.link.knownBy - at, this.bucket.wait(1, 1));
    if (milliseconds > 0) {
      this.wakeIn(milliseconds);
      return false;
    }
    this.bucket.spend(1);
    this.lanes.take(next);
    this.send(next.record);
    return true;
  }

  private send(record: StoredRecord): void {
    const { port, outbox } = this.parts;
    const replayed = record.place < this.lanes.replayedBefore || record.attempts > 0;
    const publish = (): void => {
      if (this.ended) return;
      let request;
      try {
        request = markedRequest(record, replayed, outbox.mark);
      } catch (error) {
        this.setAside(record, error instanceof Error ? error : new Error(String(error)));
        this.pump();
        return;
      }
      workOn(
        defer(() => port.publish$(request)),
        this.watching,
        {
          next: outcome => this.onOutcome(record, replayed, outcome),
          error: error => this.fail(error),
          complete: () => undefined,
        },
      );
    };
    if (!record.suspect) {
      publish();
      return;
    }
    this.alone = true;
    this.settling.tell([{ place: record.place, fate: 'sending' }], publish);
  }

  private onOutcome(record: StoredRecord, replayed: boolean, outcome: Either<PublishError, Accepted>): void {
    if (this.ended) return;
    const { now, outbox } = this.parts;
    if (outcome._tag === 'Right') {
      this.series.succeeded();
      this.link.taken();
      this.leave(record);
      const { kept } = this;
      if (kept === undefined) this.settling.add({ place: record.place, fate: 'forwarded' });
      else {
        kept.add(record, now());
        this.settling.add({ place: record.place, fate: 'sent' });
      }
      if (outbox.deleteWhen !== 'confirmed') this.tellForwarded(record, outcome.right.by, replayed);
    } else if (isTerminalError(outcome.left)) {
      this.lanes.giveBack(record);
      this.end(left(outcome.left));
      return;
    } else if (outcome.left.retryable) {
      this.link.refused();
      this.alone &&= !record.suspect;
      this.lanes.giveBack({ ...record, attempts: record.attempts + 1 });
      this.pausedUntil = now() + (this.series.next() ?? LONGEST_PAUSE);
    } else {
      this.setAside(record, outcome.left);
    }
    this.pump();
  }

  private onSeen(seen: Seen): void {
    if (seen.is === 'failed') {
      this.end(left(seen.error));
      return;
    }
    if (seen.is === 'ready') this.ready = seen.ready;
    else {
      const found = this.kept?.take(seen.id);
      if (found === undefined) return;
      const { record } = found;
      this.settling.add({ place: record.place, fate: 'forwarded' });
      this.tellForwarded(record, 'cloud', record.place < this.lanes.replayedBefore || record.attempts > 0);
    }
    this.pump();
  }

  /** Of what was taken a while ago: it is done with, or was not seen back and is sent again. */
  private settleDue(): void {
    const { kept } = this;
    if (kept === undefined) return;
    const { outbox, now } = this.parts;
    for (const { record } of kept.due(now())) {
      const { place } = record;
      if (outbox.deleteWhen !== 'confirmed') this.settling.add({ place, fate: 'forwarded' });
      else if (record.attempts + 1 < MOST_UNCONFIRMED) this.release(place);
      else this.setAside(record, new Error(`It was sent ${MOST_UNCONFIRMED} times and not seen back on its topic.`));
    }
    const { next } = kept;
    if (next !== undefined) this.wakeIn(next - now());
  }

  /** What was taken just before the connection broke may not have come any further. */
  private onBreak(): void {
    if (typeof this.parts.outbox.deleteWhen === 'object') for (const { record } of this.kept?.clear() ?? []) this.release(record.place);
  }

  /** It is handed out again. */
  private release(place: number): void {
    this.settling.tell([{ place, fate: 'released' }], () => {
      this.reading.more();
      this.pump();
    });
  }

  private setAside(record: StoredRecord, cause: Error): void {
    this.leave(record);
    this.settling.add({ place: record.place, fate: 'setAside', reason: cause.message });
    this.emit(left(new SetAside(record.topicName, record.number, cause)));
  }

  private leave(record: StoredRecord): void {
    this.alone &&= !record.suspect;
    this.lanes.leave(record);
  }

  private onTaken({ records, expired, damaged, setAside }: Taken): void {
    this.tellLost('expired', expired);
    this.tellLost('damaged', damaged);
    this.tellLost('setAside', setAside);
    if (records.length > 0) this.pump();
  }

  /** One timer: for whatever comes first. */
  private wakeIn(milliseconds: number): void {
    this.timer?.unsubscribe();
    this.timer = wait(Math.max(0, milliseconds), this.parts.scheduler, () => this.pump());
  }

  private tellForwarded(record: StoredRecord, by: Forwarded['by'], replayed: boolean): void {
    const { topicName, epoch, stream, number, storedAt, attempts } = record;
    this.emit(right({ by, topicName, epoch, stream, number, storedAt, attempt: attempts + 1, replayed }));
  }

  private tellLost(why: 'expired' | 'damaged' | 'setAside' | 'dropped', messages: number): void {
    if (messages > 0) this.emit(left(new StoredMessagesLost(why, messages)));
  }

  private emit(element: Either<ForwardFailure, Forwarded>): void {
    if (!this.ended) this.parts.destination.next(element);
  }

  private fileFailed(error: OutboxUnavailable<'message'>): void {
    this.end(left(new OutboxUnavailable('terminal', error.path, error.reason, error)));
  }

  /** At a drain what is under way is waited for; what is stored stays for the next start. */
  private completeWhenDrained(): void {
    if (!this.draining || this.ended || this.pumping || this.lanes.sending > 0) return;
    this.settling.flush();
    if (this.settling.isDone) this.end(undefined);
  }

  private end(last: Either<ForwardFailure, Forwarded> | undefined): void {
    if (this.ended) return;
    this.stop();
    if (last !== undefined) this.parts.destination.next(last);
    this.parts.destination.complete();
  }

  private fail(error: unknown): void {
    if (this.ended) return;
    this.stop();
    this.parts.destination.error(error);
  }

  /** A method, since what is called in between may change it. */
  private hasMore(): boolean {
    return this.pumpAgain && !this.ended;
  }

  /** A method, since what is called in between may end it. */
  private isOver(): boolean {
    return this.ended;
  }

  /** Gives back to the store what was handed out and not sent. */
  private stop(): void {
    if (this.ended) return;
    this.ended = true;
    this.watching.unsubscribe();
    this.reading.end();
    this.timer?.unsubscribe();
    const { sending, waiting } = this.lanes.clear();
    const unknown = [...sending, ...(this.kept?.clear() ?? []).map(({ record }) => record)];
    this.settling.end([
      ...unknown.map(({ place }): Fate => ({ place, fate: 'released' })),
      ...waiting.map(({ place, attempts }): Fate => ({ place, fate: attempts > 0 ? 'released' : 'handedBack' })),
    ]);
  }
}

/** Milliseconds between tries where a schedule has given up: what is stored is not. */
const LONGEST_PAUSE = 60_000;
