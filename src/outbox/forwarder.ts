import { isLeft, left, right, type Either } from 'fp-ts/lib/Either.js';
import { type SchedulerLike, type Subscriber, Subscription } from 'rxjs';
import type { Accepted, CloudStatus, MqttProxy } from '../client/mqtt-proxy.js';
import { type OutboxUnavailable, type PublishError, SetAside, StoredMessagesLost } from '../errors/errors.js';
import { TokenBucket } from '../operators/token-bucket.js';
import { type RetrySeries, startSeries } from '../schedule/retry-series.js';
import type { Schedule } from '../schedule/schedule.js';
import { isTerminalError } from '../stream/kind.js';
import { markedRequest, type MarkWith } from './mark.js';
import type { OpenOutbox } from './open-outbox.js';
import type { Fate, StoredRecord, StoreNews, Taken } from './store.js';

/** What a forwarder needs of a proxy. */
export type ForwardPort = Pick<MqttProxy, 'publish$' | 'state$'> & Partial<Pick<MqttProxy, 'cloud$' | 'draining$' | 'holdDrain'>>;

/** A stored message that the nucleus took. */
export interface Forwarded extends Accepted {
  readonly topicName: string;
  readonly epoch: string;
  readonly stream: string;
  readonly number: number;
  readonly storedAt: number;
  readonly attempt: number;
  readonly replayed: boolean;
}

/** What can become of stored messages instead. */
export type ForwardFailure = SetAside | StoredMessagesLost | PublishError | OutboxUnavailable;

/** What a {@link Forwarder} is made of. */
export interface ForwarderParts {
  readonly open: OpenOutbox;
  readonly port: ForwardPort;
  readonly destination: Subscriber<Either<ForwardFailure, Forwarded>>;
  readonly markWith: MarkWith;
  readonly inFlight: number;
  /** Messages a second. */
  readonly rate: number;
  /** How much of the rate what is live may have while a backlog waits; `inTurn`: nothing overtakes. */
  readonly live: number | 'inTurn';
  readonly retry: Schedule;
  readonly random: () => number;
  readonly scheduler: SchedulerLike;
  readonly now: () => number;
}

/** Messages handed out by the store and not sent yet, in their order. */
interface Lane {
  readonly name: 'live' | 'backlog';
  waiting: StoredRecord[];
  /** The store is being asked. */
  asking: boolean;
  /** The store had no more when it was last asked. */
  dry: boolean;
}

/** Messages of a lane that are read ahead. */
const AHEAD = 64;
const AHEAD_BYTES = 256 * 1024;
/** Milliseconds within which the store is told what became of messages: they share a commit. */
const SETTLE_WITHIN = 50;
const SETTLE_TOGETHER = 100;

/** Sends what is stored: what is live first, with a share for what waited, each key in its order. */
export class Forwarder {
  private readonly parts: ForwarderParts;
  private readonly lanes: readonly [live: Lane, backlog: Lane];
  private readonly busyKeys = new Set<string>();
  private readonly bucket: TokenBucket;
  private readonly series: RetrySeries;
  private readonly watching = new Subscription();
  /** From this place on it is live. */
  private liveFrom: number;
  private readonly underWay = new Map<number, StoredRecord>();
  /** A suspect is on its way, alone. */
  private alone = false;
  private credit = 0;
  private connected = false;
  private cloud: CloudStatus = 'unknown';
  private pausedUntil = 0;
  private timer: Subscription | undefined;
  private settleTimer: Subscription | undefined;
  private fates: Fate[] = [];
  private settling = 0;
  private pumping = false;
  private pumpAgain = false;
  private draining = false;
  private ended = false;

  constructor(parts: ForwarderParts) {
    this.parts = parts;
    const { open, rate, now, retry, random } = parts;
    this.lanes = [lane('live'), lane('backlog')];
    this.bucket = new TokenBucket(rate, Math.max(1, rate / 10), now());
    this.series = startSeries(retry, { now, random });
    this.liveFrom = parts.live === 'inTurn' || open.opened.depth.messages === 0 ? 0 : open.opened.nextPlace;
  }

  begin(): void {
    const { port, destination } = this.parts;
    const releaseDrain = port.holdDrain?.();
    destination.add(() => {
      releaseDrain?.();
      this.stop();
    });
    this.watching.add(
      port.state$.subscribe(({ status }) => {
        const connected = status === 'connected';
        if (connected && !this.connected) this.onSpell();
        this.connected = connected;
        this.pump();
      }),
    );
    if (port.cloud$ !== undefined)
      this.watching.add(
        port.cloud$.subscribe(cloud => {
          if (cloud === 'connected' && this.cloud === 'disconnected') this.onSpell();
          this.cloud = cloud;
          this.pump();
        }),
      );
    if (port.draining$ !== undefined)
      this.watching.add(
        port.draining$.subscribe(() => {
          this.draining = true;
          this.completeWhenDrained();
        }),
      );
  }

  /** The store has more. */
  onStored(): void {
    for (const lane of this.lanes) lane.dry = false;
    this.pump();
  }

  /** The connection is up again: what waits now is the backlog, what comes from here on is live. */
  private onSpell(): void {
    const { open, live } = this.parts;
    if (live === 'inTurn') return;
    const [liveLane, backlog] = this.lanes;
    if (liveLane.waiting.length > 0) {
      backlog.waiting = [...backlog.waiting, ...liveLane.waiting].sort((a, b) => b.priority - a.priority || a.place - b.place);
      liveLane.waiting = [];
    }
    this.liveFrom = open.latest().depth.messages === 0 ? 0 : open.nextPlace();
    backlog.dry = false;
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
      while (this.sendNext());
      if (!this.isOver() && !this.draining) for (const lane of this.lanes) this.readAhead(lane);
    } while (this.pumpAgain && !this.isOver());
    this.pumping = false;
    this.completeWhenDrained();
  }

  private sendNext(): boolean {
    const { inFlight, now } = this.parts;
    if (this.ended || this.draining || this.alone || !this.connected || this.cloud === 'disconnected' || this.underWay.size >= inFlight)
      return false;
    const next = this.choose();
    if (next === undefined || (next.record.suspect && this.underWay.size > 0)) return false;
    const at = now();
    this.bucket.fill(at, 1);
    const wait = Math.max(this.pausedUntil - at, this.bucket.wait(1, 1));
    if (wait > 0) {
      this.wakeIn(wait);
      return false;
    }
    this.bucket.spend(1);
    next.lane.waiting.splice(next.index, 1);
    if (next.lane.name === 'backlog') this.credit = Math.max(0, this.credit - 1);
    else if (this.lanes[1].waiting.length > 0 && typeof this.parts.live === 'number')
      this.credit += (1 - this.parts.live) / this.parts.live;
    this.send(next.lane, next.record);
    return true;
  }

  /** The backlog when it has earned it, else what is live. */
  private choose(): { readonly lane: Lane; readonly index: number; readonly record: StoredRecord } | undefined {
    const [live, backlog] = this.lanes;
    const inOrder = this.credit >= 1 - 1e-9 ? [backlog, live] : [live, backlog];
    for (const lane of inOrder) {
      const index = lane.waiting.findIndex(({ key }) => !this.busyKeys.has(this.keyIn(lane, key)));
      const record = lane.waiting[index];
      if (record !== undefined) return { lane, index, record };
    }
    return undefined;
  }

  private keyIn(lane: Lane, key: string): string {
    return `${lane.name} ${key}`;
  }

  private send(lane: Lane, record: StoredRecord): void {
    const { markWith } = this.parts;
    const replayed = lane.name === 'backlog' || record.attempts > 0;
    this.underWay.set(record.place, record);
    this.busyKeys.add(this.keyIn(lane, record.key));
    const publish = (): void => {
      if (this.ended) return;
      let request;
      try {
        request = markedRequest(record, replayed, markWith);
      } catch (error) {
        this.settled(lane, record, { place: record.place, fate: 'setAside', reason: String(error) });
        this.emit(left(new SetAside(record.topicName, record.number, error instanceof Error ? error : new Error(String(error)))));
        this.pump();
        return;
      }
      this.watching.add(
        this.parts.port.publish$(request).subscribe({
          next: outcome => this.onOutcome(lane, record, replayed, outcome),
          error: (error: unknown) => this.fail(error),
        }),
      );
    };
    if (!record.suspect) {
      publish();
      return;
    }
    this.alone = true;
    this.settle([{ place: record.place, fate: 'sending' }], publish);
  }

  private onOutcome(lane: Lane, record: StoredRecord, replayed: boolean, outcome: Either<PublishError, Accepted>): void {
    if (this.ended) return;
    const { topicName, epoch, stream, number, storedAt, place } = record;
    if (outcome._tag === 'Right') {
      this.series.succeeded();
      this.settled(lane, record, { place, fate: 'forwarded' });
      this.emit(right({ by: outcome.right.by, topicName, epoch, stream, number, storedAt, attempt: record.attempts + 1, replayed }));
    } else if (isTerminalError(outcome.left)) {
      this.giveBack(lane, record);
      this.end(left(outcome.left));
      return;
    } else if (outcome.left.retryable) {
      this.giveBack(lane, record);
      this.pausedUntil = this.parts.now() + (this.series.next() ?? 60_000);
    } else {
      this.settled(lane, record, { place, fate: 'setAside', reason: outcome.left.message });
      this.emit(left(new SetAside(topicName, number, outcome.left)));
    }
    this.pump();
  }

  /** Not sent: first in its lane again, and of its key first, since no other of that key was under way. */
  private giveBack(lane: Lane, record: StoredRecord): void {
    this.leave(lane, record);
    const at = lane.waiting.findIndex(
      other => other.priority < record.priority || (other.priority === record.priority && other.place > record.place),
    );
    lane.waiting.splice(at < 0 ? lane.waiting.length : at, 0, { ...record, attempts: record.attempts + 1 });
  }

  private settled(lane: Lane, record: StoredRecord, fate: Fate): void {
    this.leave(lane, record);
    this.fates.push(fate);
    if (this.fates.length >= SETTLE_TOGETHER) this.flushFates();
    else this.settleTimer ??= this.parts.scheduler.schedule(() => this.flushFates(), SETTLE_WITHIN);
  }

  private leave(lane: Lane, record: StoredRecord): void {
    this.underWay.delete(record.place);
    this.alone &&= !record.suspect;
    this.busyKeys.delete(this.keyIn(lane, record.key));
  }

  private flushFates(): void {
    this.settleTimer?.unsubscribe();
    this.settleTimer = undefined;
    const fates = this.fates;
    this.fates = [];
    if (fates.length > 0) this.settle(fates, () => this.completeWhenDrained());
  }

  private settle(fates: readonly Fate[], then: () => void): void {
    const { open } = this.parts;
    this.settling++;
    open.store.settle(fates, open.now()).subscribe(answer => {
      this.settling--;
      if (isLeft(answer)) {
        this.end(left(answer.left));
        return;
      }
      this.onNews(answer.right);
      then();
    });
  }

  private readAhead(lane: Lane): void {
    const { open } = this.parts;
    if (lane.asking || lane.dry || lane.waiting.length > AHEAD / 2) return;
    lane.asking = true;
    const { liveFrom } = this;
    const place = lane.name === 'live' ? { from: liveFrom, before: Number.MAX_SAFE_INTEGER } : { from: 0, before: liveFrom };
    open.store.take({ ...place, messages: AHEAD, bytes: AHEAD_BYTES }, open.now()).subscribe(answer => {
      lane.asking = false;
      if (isLeft(answer)) {
        this.end(left(answer.left));
        return;
      }
      this.onTaken(lane, answer.right, liveFrom);
    });
  }

  private onTaken(lane: Lane, taken: Taken, liveFrom: number): void {
    const { records, expired, damaged, setAside } = taken;
    lane.dry = records.length === 0;
    // The connection may have been made anew meanwhile.
    const into = liveFrom === this.liveFrom ? lane : this.lanes[1];
    into.waiting.push(...records);
    this.onNews(taken);
    if (expired > 0) this.emit(left(new StoredMessagesLost('expired', expired)));
    if (damaged > 0) this.emit(left(new StoredMessagesLost('damaged', damaged)));
    if (setAside > 0) this.emit(left(new StoredMessagesLost('setAside', setAside)));
    if (records.length > 0) this.pump();
  }

  private onNews(news: StoreNews): void {
    this.parts.open.news(news);
  }

  private wakeIn(wait: number): void {
    this.timer?.unsubscribe();
    this.timer = this.parts.scheduler.schedule(() => this.pump(), Math.min(wait, 0x7fff_ffff));
  }

  private emit(element: Either<ForwardFailure, Forwarded>): void {
    if (!this.ended) this.parts.destination.next(element);
  }

  /** At a drain what is under way is waited for; what is stored stays for the next start. */
  private completeWhenDrained(): void {
    if (!this.draining || this.ended || this.underWay.size > 0) return;
    if (this.fates.length > 0) this.flushFates();
    if (this.settling > 0) return;
    this.end(undefined);
  }

  private end(last: Either<ForwardFailure, Forwarded> | undefined): void {
    if (this.ended) return;
    this.ended = true;
    this.stop();
    if (last !== undefined) this.parts.destination.next(last);
    this.parts.destination.complete();
  }

  private fail(error: unknown): void {
    if (this.ended) return;
    this.ended = true;
    this.stop();
    this.parts.destination.error(error);
  }

  /** A method, since what is called in between may end it. */
  private isOver(): boolean {
    return this.ended;
  }

  /** Gives back to the store what was handed out and not sent. */
  private stop(): void {
    this.ended = true;
    this.watching.unsubscribe();
    this.timer?.unsubscribe();
    this.settleTimer?.unsubscribe();
    const { open } = this.parts;
    const back = this.lanes.flatMap(({ waiting }) => waiting.map(({ place }): Fate => ({ place, fate: 'handedBack' })));
    const given = [...this.underWay.keys()].map((place): Fate => ({ place, fate: 'released' }));
    const fates = [...this.fates, ...given, ...back];
    this.fates = [];
    this.underWay.clear();
    for (const lane of this.lanes) lane.waiting = [];
    if (fates.length > 0) open.store.settle(fates, open.now()).subscribe();
  }
}

const lane = (name: Lane['name']): Lane => ({ name, waiting: [], asking: false, dry: false });
