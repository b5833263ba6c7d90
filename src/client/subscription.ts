import { type Either, left } from 'fp-ts/lib/Either.js';
import type { Subscriber } from 'rxjs';
import {
  type ConnectError,
  ConnectionLost,
  Interrupted,
  type InvalidRequest,
  type Operation,
  ProtocolViolated,
  Silent,
  type SubscribeError,
  TimedOut,
} from '../errors/errors.js';
import type { Clock } from '../shared/clock.js';
import type { Session, SubscriptionExchange, SubscriptionListener } from '../ipc/session.js';
import type { RpcMessage } from '../ipc/wire/rpc-message.js';
import type { Capabilities, SilenceWatch, SubscriptionStatus } from '../ports/mqtt-proxy.js';
import { type RetrySeries, type Schedule, startSeries } from '../schedule/schedule.js';
import type { Connection } from './connection.js';
import type { RestoredUser } from './state-news.js';
import { replyError } from './failures.js';
import { SilenceTimer } from './silence-timer.js';

/** What is subscribed to: one of the service's streaming operations. */
export interface EventStream<M> {
  readonly operation: Operation;
  /** The topic or filter, for errors; empty where there is none. */
  readonly topicName: string;
  /** The request's JSON. */
  readonly payload: string;
  /** Reads an event's JSON; the left side says what is wrong with it. */
  readonly read: (body: string) => Either<string, M>;
  readonly isCanary: (message: M) => boolean;
  readonly silence: SilenceWatch | undefined;
  readonly onStatus: ((status: SubscriptionStatus) => void) | undefined;
  /** The subscription is about to be made, for the first time or again: nothing that was sent before will come any more. */
  readonly onAsking?: (() => void) | undefined;
  /** What is wrong with the request for the nucleus of a new connection, before it is sent there. */
  readonly problem?: ((capabilities: Capabilities) => InvalidRequest<'terminal'> | undefined) | undefined;
}

/** What a subscription needs besides its connection. */
export interface SubscriptionContext {
  readonly clock: Clock;
  /** Milliseconds from the request to its answer. */
  readonly timeout: number;
  /** When to ask again after the subscription broke while the connection did not. */
  readonly resubscribe: Schedule;
  /** Milliseconds for which Greengrass Lite is asked again for what it calls unauthorized. */
  readonly refusalPatience: number;
  readonly publishCanary: (topicName: string) => void;
  /** Called with a terminal error once it has gone down the stream. */
  readonly reportUnhandled: (error: SubscribeError) => void;
}

/** The wait before Greengrass Lite is asked again for what it called unauthorized, in milliseconds. */
const REFUSAL_PAUSE = 1_000;

/** A failure that is final for a subscription that was never active, and otherwise may be only a gap. */
type Setback = Exclude<SubscribeError, Interrupted | Silent>;

/**
 * One subscription over all sessions of its connection. It is made again on each, passes messages on as they arrive, and reports every gap.
 * A refusal ends it, unless it was active before and trying again may help.
 */
export class LastingSubscription<M> implements RestoredUser, SubscriptionListener {
  readonly #stream: EventStream<M>;
  readonly #context: SubscriptionContext;
  readonly #subscriber: Subscriber<Either<SubscribeError, M>>;
  readonly #series: RetrySeries;
  readonly #detach: () => void;
  #session: Session | undefined;
  #exchange: SubscriptionExchange | undefined;
  #settled: () => void = nothing;
  #cancelTimer: () => void = nothing;
  #watch: SilenceTimer | undefined;
  #wasActive = false;
  #onLite = false;
  #refusedSince: number | undefined;
  #gapSince: number | undefined;
  #told: SubscriptionStatus['status'] | undefined;

  constructor(
    connection: Connection,
    stream: EventStream<M>,
    context: SubscriptionContext,
    subscriber: Subscriber<Either<SubscribeError, M>>,
  ) {
    this.#stream = stream;
    this.#context = context;
    this.#subscriber = subscriber;
    this.#series = startSeries(context.resubscribe, { now: context.clock.now });
    this.#tell({ status: 'subscribing' });
    this.#detach = subscriber.closed ? nothing : connection.attach(this);
  }

  get operation(): Operation {
    return this.#stream.operation;
  }

  /** Ends the subscription at the nucleus. */
  stop(): void {
    this.#detach();
    this.#leave();
    this.#tell({ status: 'ended' });
  }

  onSession(session: Session, capabilities: Capabilities, settled: () => void): void {
    this.#session = session;
    this.#onLite = capabilities.profile === 'lite';
    this.#settled = settled;
    const problem = this.#stream.problem?.(capabilities);
    if (problem === undefined) this.#ask();
    else this.#setBack(problem);
  }

  onInterrupted(error: ConnectError): void {
    this.#session = undefined;
    // A Lite that is back refuses while it starts, however long it refused before it went.
    this.#refusedSince = undefined;
    this.#exchange?.takeEventsForReply();
    this.#leave();
    // If a nucleus stays away, listeners are told so once, and not at each attempt to reach it.
    if (this.#told !== 'interrupted') this.#beginGap(new Interrupted(this.#stream.topicName, error));
  }

  onFailed(error: ConnectError): void {
    this.#session = undefined;
    if (error._tag !== 'ProxyClosed') this.#exchange?.takeEventsForReply();
    this.#leave();
    if (error._tag === 'ProxyClosed') this.#subscriber.complete();
    else this.#fail(error);
  }

  onDefect(defect: unknown): void {
    this.#session = undefined;
    this.#leave();
    this.#subscriber.error(defect);
  }

  onReply(): void {
    const { clock } = this.#context;
    this.#cancelTimer();
    this.#wasActive = true;
    this.#refusedSince = undefined;
    this.#series.succeeded();
    this.#watch = this.#startWatch();
    const resumedAfter = this.#gapSince === undefined ? undefined : clock.now() - this.#gapSince;
    this.#gapSince = undefined;
    this.#tell({ status: 'active', resumedAfter });
    this.#settled();
  }

  onEvent(event: RpcMessage): void {
    const message = this.#stream.read(event.payload);
    if (message._tag === 'Left') this.#setBack(new ProtocolViolated('terminal', message.left));
    else {
      this.#watch?.heard();
      if (!this.#stream.isCanary(message.right)) this.#subscriber.next(message);
    }
  }

  onError(reply: RpcMessage): void {
    const error = replyError('terminal', this.#stream.operation, this.#stream.topicName, reply);
    if (error._tag === 'Unauthorized' && this.#mayPass()) this.#waitOut(error);
    else this.#setBack(error);
  }

  onViolation(detail: string): void {
    this.#setBack(new ProtocolViolated('terminal', detail));
  }

  onComplete(): void {
    this.#setBack(new ConnectionLost('terminal', true, new Error('The nucleus ended the subscription.')));
  }

  onLost(): void {
    // The connection says when all its exchanges have ended, and whether there will be another.
    this.#exchange = undefined;
  }

  #ask(): void {
    const { operation, payload, onAsking } = this.#stream;
    const { clock, timeout } = this.#context;
    if (this.#session === undefined) return;
    onAsking?.();
    this.#cancelTimer = clock.after(timeout, () => {
      if (this.#exchange?.takeEventsForReply() !== true) this.#setBack(new TimedOut('terminal', operation, timeout, true));
    });
    this.#exchange = this.#session.subscribe(operation, payload, this);
  }

  /** Greengrass Lite also refuses what it allows while its configuration daemon, which has the policies, starts or is away. */
  #mayPass(): boolean {
    const { clock, refusalPatience } = this.#context;
    this.#refusedSince ??= clock.now();
    return this.#onLite && clock.now() - this.#refusedSince < refusalPatience;
  }

  #waitOut(error: Setback): void {
    this.#leave();
    if (this.#subscriber.closed) return;
    this.#cancelTimer = this.#context.clock.after(REFUSAL_PAUSE, () => {
      this.#ask();
    });
    const gap = new Interrupted(this.#stream.topicName, error);
    this.#tell({ status: 'interrupted', error: gap });
    this.#tellGap(gap);
  }

  #startWatch(): SilenceTimer | undefined {
    const { silence, topicName } = this.#stream;
    if (silence === undefined) return undefined;
    return new SilenceTimer(silence, this.#context, () => {
      this.#leave();
      this.#tell({ status: 'silent' });
      const error = new Silent(topicName, silence.maximum);
      this.#askAgain(error, new ConnectionLost('terminal', true, error));
    });
  }

  #setBack(error: Setback): void {
    this.#leave();
    if (this.#wasActive && error.retryable) this.#askAgain(new Interrupted(this.#stream.topicName, error), error);
    else this.#fail(error);
  }

  /** The subscription broke and its connection did not: makes it again there when the schedule says so. */
  #askAgain(gap: Interrupted | Silent, final: Setback): void {
    // A listener that was told of the silence may have unsubscribed: nobody would end what is subscribed now.
    if (this.#subscriber.closed) return;
    let delay: number | undefined;
    try {
      delay = this.#series.next();
    } catch (defect) {
      this.onDefect(defect);
      return;
    }
    if (delay === undefined) {
      this.#fail(final);
      return;
    }
    // Set before the gap is reported, since the subscriber may then unsubscribe.
    this.#cancelTimer = this.#context.clock.after(delay, () => {
      this.#ask();
    });
    this.#beginGap(gap);
  }

  /**
   * Reports a gap once, however many attempts it takes to end it. Before the subscription was active for the first time there is no gap.
   */
  #beginGap(gap: Interrupted | Silent): void {
    this.#tell({ status: 'interrupted', error: gap });
    if (this.#wasActive) this.#tellGap(gap);
  }

  #tellGap(gap: Interrupted | Silent): void {
    if (this.#gapSince !== undefined) return;
    this.#gapSince = this.#context.clock.now();
    this.#subscriber.next(left(gap));
  }

  #fail(error: Setback): void {
    this.#subscriber.next(left(error));
    this.#subscriber.complete();
    this.#context.reportUnhandled(error);
  }

  /** Lets go of the exchange under way and of its timers. */
  #leave(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#watch?.stop();
    this.#watch = undefined;
    this.#cancelTimer();
    this.#cancelTimer = nothing;
    exchange?.abandon();
    this.#settled();
  }

  /** Nothing is told after the end; and during an interruption, a failed attempt is no news. */
  #tell(status: SubscriptionStatus): void {
    if (this.#told === 'ended' || (this.#told === 'interrupted' && status.status === 'interrupted')) return;
    this.#told = status.status;
    try {
      this.#stream.onStatus?.(status);
    } catch (thrown) {
      // A defect of the listener, and not of the connection.
      this.#subscriber.error(thrown);
    }
  }
}

function nothing(): void {
  // There is nothing to cancel and nobody to tell.
}
