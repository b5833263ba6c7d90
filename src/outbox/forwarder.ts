import { type Either, left } from 'fp-ts/lib/Either.js';
import { type Subscriber, Subscription } from 'rxjs';
import { OutboxUnavailable, type PublishError, type SubscribeError } from '../errors/errors.js';
import type { Accepted } from '../ports/mqtt-proxy.js';
import { wait } from '../schedule/clock.js';
import { isTerminalError } from '../stream/observable-either.js';
import { workOn } from '../stream/work-on.js';
import { type Forwarded, type ForwardFailure, Outcomes, publishedOnce, Telling } from './outcomes.js';
import { Lanes } from './lanes.js';
import { markedRequest } from './mark.js';
import type { OpenOutbox, Outbox } from './outbox.js';
import { mayPass, Pace, type PaceParts } from './pace.js';
import { Alone, ReadAhead, Settling } from './hand-out.js';
import { unconfirmable } from './seen-back.js';
import type { Fate, StoredRecord, Taken } from './store.js';

/** What a {@link Forwarder} is made of. */
export interface ForwarderParts extends Omit<PaceParts, 'isConfirmed'> {
  readonly outbox: Outbox;
  readonly open: OpenOutbox;
  readonly destination: Subscriber<Either<ForwardFailure, Forwarded>>;
  /** How much of the rate what is live may have while a backlog waits; `inTurn`: nothing overtakes. */
  readonly live: number | 'inTurn';
  readonly inFlight: number;
  readonly confirmWithin: number;
}

/** Sends what is stored: what is live first, with a share for what waited, each key in its order. */
export class Forwarder {
  readonly #parts: ForwarderParts;
  readonly #lanes: Lanes;
  readonly #pace: Pace;
  readonly #telling: Telling;
  readonly #settling: Settling;
  readonly #reading: ReadAhead;
  readonly #outcomes: Outcomes;
  readonly #watching = new Subscription();
  readonly #alone: Alone;
  /** Nothing waited when it began. */
  readonly #beganEmpty: boolean;
  #timer: Subscription | undefined;
  #wakesAt = Infinity;
  #pumping = false;
  #pumpAgain = false;
  #draining = false;
  #ended = false;

  constructor(parts: ForwarderParts) {
    this.#parts = parts;
    const { outbox, open, live, scheduler } = parts;
    this.#lanes = new Lanes(live);
    this.#telling = new Telling(element => {
      if (!this.#ended) parts.destination.next(element);
    });
    this.#settling = new Settling(
      open,
      scheduler,
      () => this.#completeWhenDrained(),
      error => this.#fileFailed(error),
    );
    this.#alone = new Alone(this.#settling, scheduler);
    const listener = {
      onChange: () => this.#pump(),
      onFailed: (error: PublishError | SubscribeError) => this.#onFailed(error),
      onDefect: (error: unknown) => this.#fail(error),
    };
    this.#outcomes = new Outcomes({
      ...parts,
      ...listener,
      settling: this.#settling,
      telling: this.#telling,
      onReleased: () => {
        this.#reading.more();
        this.#pump();
      },
    });
    this.#reading = new ReadAhead(
      open,
      this.#lanes,
      scheduler,
      taken => this.#onTaken(taken),
      error => this.#fileFailed(error),
    );
    this.#pace = new Pace(
      { ...parts, isConfirmed: this.#outcomes.isSeen },
      {
        ...listener,
        onConnected: profile => {
          open.profile = profile;
          const problem = unconfirmable(outbox, profile);
          if (problem !== undefined) this.#end(left(problem));
        },
        // What was stored since it began is no backlog where the connection was made at once and nothing waited.
        onUp: isAtOnce => this.#lanes.split(isAtOnce && this.#beganEmpty ? 0 : open.nextPlace()),
        onDown: () => this.#outcomes.connectionBroke(),
      },
    );
    this.#beganEmpty = open.latest().depth.messages === 0;
  }

  begin(): void {
    const { port, destination, open } = this.#parts;
    const releaseDrain = port.holdDrain?.();
    destination.add(() => {
      releaseDrain?.();
      this.#stop();
    });
    this.#telling.lost('damaged', open.takeDamage());
    this.#watching.add(this.#outcomes.watch());
    this.#watching.add(this.#pace.watch());
    if (port.draining$ !== undefined)
      this.#watching.add(
        port.draining$.subscribe(() => {
          this.#draining = true;
          this.#completeWhenDrained();
        }),
      );
    this.#pump();
  }

  /** The store has more. */
  onStored(dropped: number): void {
    this.#reading.more();
    this.#telling.lost('dropped', dropped);
    this.#pump();
  }

  /** Sends what may be sent now, and sees to it that there is more to send. A loop: what is sent may be answered at once. */
  #pump(): void {
    if (this.#pumping) {
      this.#pumpAgain = true;
      return;
    }
    this.#pumping = true;
    this.#wakesAt = Infinity;
    do {
      this.#pumpAgain = false;
      if (this.#isListening) this.#wakeIn(this.#outcomes.sample());
      this.#wakeIn(this.#outcomes.settleDue());
      while (this.#sendNext());
      if (!this.#isOver() && !this.#draining) this.#reading.fill();
    } while (this.#hasMore());
    this.#pumping = false;
    this.#completeWhenDrained();
  }

  /** Whether what is sent now would be seen coming back, if that is needed. */
  get #isListening(): boolean {
    return !this.#isOver() && this.#outcomes.isReady && this.#pace.isUp;
  }

  get #maySend(): boolean {
    if (this.#draining || this.#alone.isSending || !this.#isListening) return false;
    const { sending } = this.#lanes;
    return sending < this.#parts.inFlight && this.#outcomes.hasRoomFor(sending + 1);
  }

  #sendNext(): boolean {
    if (!this.#maySend) return false;
    const [lanes, pace] = [this.#lanes, this.#pace];
    if (!lanes.isWaiting) return false;
    // Asked first: it may turn what is live into the backlog.
    const milliseconds = pace.wait(lanes.sending, this.#outcomes.undecided);
    const next = lanes.next();
    if (next === undefined || (next.record.suspect && lanes.sending > 0)) return false;
    if (milliseconds > 0) {
      this.#pumpAgain ||= milliseconds === Infinity && lanes.sending === 0 && this.#outcomes.hurry();
      this.#wakeIn(milliseconds);
      return false;
    }
    pace.spend();
    lanes.take(next);
    this.#send(next.record);
    return true;
  }

  #send(record: StoredRecord): void {
    const { port, outbox, open } = this.#parts;
    const replayed = record.place < this.#lanes.replayedBefore || record.attempts > 0;
    const publish = (): void => {
      let request;
      try {
        request = markedRequest(record, replayed, outbox.mark, outbox.tellOldest ? (open.latest().depth.oldest ?? Infinity) : undefined);
      } catch (error) {
        this.#setAside(record, error instanceof Error ? error : new Error(String(error)));
        this.#pump();
        return;
      }
      workOn(publishedOnce(port, request), this.#watching, {
        next: outcome => this.#onOutcome(record, replayed, outcome),
        error: error => this.#fail(error),
        complete: () => undefined,
      });
    };
    if (!record.suspect) {
      publish();
      return;
    }
    this.#alone.send(record, publish);
  }

  #onOutcome(record: StoredRecord, replayed: boolean, outcome: Either<PublishError, Accepted>): void {
    if (this.#ended) return;
    if (record.suspect) this.#alone.answered();
    if (outcome._tag === 'Right') {
      this.#pace.taken();
      this.#lanes.leave(record);
      this.#outcomes.taken(record, outcome.right.by, replayed);
    } else if (isTerminalError(outcome.left)) {
      this.#lanes.giveBack(record);
      this.#end(left(outcome.left));
      return;
    } else if (mayPass(outcome.left)) {
      this.#lanes.giveBack({ ...record, attempts: record.attempts + 1, suspect: false });
      if (record.suspect) this.#alone.survived(record);
      // Last, since it may be told: who hears of it may leave, or store more.
      this.#pace.refused(outcome.left);
    } else this.#setAside(record, outcome.left);
    this.#pump();
    // With the next, if that is a suspect, too; else now.
    if (record.suspect) this.#settling.flush();
  }

  #setAside(record: StoredRecord, cause: Error): void {
    if (record.suspect) this.#alone.answered();
    this.#lanes.leave(record);
    this.#outcomes.setAside(record, cause);
  }

  #onTaken(taken: Taken): void {
    this.#telling.lostOnTheWay(taken);
    if (taken.records.length > 0) this.#pump();
  }

  /** One timer: for whatever comes first. */
  #wakeIn(milliseconds: number): void {
    const at = this.#parts.now() + Math.max(0, milliseconds);
    // Who was just told something may have left.
    if (this.#ended || at >= this.#wakesAt) return;
    this.#wakesAt = at;
    this.#timer?.unsubscribe();
    this.#timer = wait(Math.max(0, milliseconds), this.#parts.scheduler, () => this.#pump());
  }

  /** A canary or sample could not be sent, or its topic not be subscribed to. */
  #onFailed(error: PublishError | SubscribeError): void {
    if (isTerminalError(error)) this.#end(left(error));
    else this.#telling.failed(error);
  }

  #fileFailed(error: OutboxUnavailable<'message'>): void {
    this.#end(left(new OutboxUnavailable('terminal', error.path, error.reason, error)));
  }

  /** At a drain what is under way is waited for; what is stored stays for the next start. */
  #completeWhenDrained(): void {
    if (!this.#draining || this.#ended || this.#pumping || this.#lanes.sending > 0) return;
    this.#settling.flush();
    if (this.#settling.isDone) this.#end(undefined);
  }

  #end(last: Either<ForwardFailure, Forwarded> | undefined): void {
    if (this.#ended) return;
    this.#stop();
    if (last !== undefined) this.#parts.destination.next(last);
    this.#parts.destination.complete();
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    this.#stop();
    this.#parts.destination.error(error);
  }

  /** A method, so that the compiler does not take it for unchanged: what is called in between may change it. */
  #hasMore(): boolean {
    return this.#pumpAgain && !this.#ended;
  }

  #isOver(): boolean {
    return this.#ended;
  }

  /** Gives back to the store what was handed out and not sent. */
  #stop(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#watching.unsubscribe();
    this.#reading.end();
    this.#timer?.unsubscribe();
    this.#alone.answered();
    const { sending, waiting } = this.#lanes.clear();
    const unknown = [...sending, ...this.#outcomes.clear()];
    this.#settling.end([
      ...unknown.map(({ place }): Fate => ({ place, fate: 'released' })),
      ...waiting.map(({ place, attempts }): Fate => ({ place, fate: attempts > 0 ? 'released' : 'handedBack' })),
    ]);
  }
}
