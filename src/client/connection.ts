import { isLeft } from 'fp-ts/lib/Either.js';
import { noop, type Observable } from 'rxjs';
import { type ConnectError, ConnectionLost, ProxyClosed, SocketUnavailable } from '../errors/errors.js';
import type { Transport } from '../ipc/transport.js';
import type { Clock } from '../shared/clock.js';
import { Session, type SessionEnd } from '../ipc/session.js';
import { socketTransport } from '../ipc/socket/socket-transport.js';
import type { Capabilities, ConnectionState, Profile } from '../ports/mqtt-proxy.js';
import { type RetrySeries, startSeries } from '../schedule/schedule.js';
import type { ResolvedOptions } from './connect-options.js';
import { connectErrorOf } from './failures.js';
import { capabilitiesOf, detectProfile } from './nucleus-profile.js';
import { type ConnectionUser, type RequestsUser, type RestoredUser, StateNews } from './state-news.js';

/**
 * A server that closes without a ConnectAck may refuse the token, since Greengrass Lite never says more than that, or may be dying. Only so
 * many in a row count as a refusal, which is final.
 */
const SILENT_REFUSALS = 3;

/** The wait between them, in milliseconds. */
const SILENT_REFUSAL_DELAY = 100;

/** Milliseconds before a nucleus that may be full is tried again, if there has never been a connection. */
const FULL_PAUSE = 1_000;

/** How long queued requests wait at most for the subscriptions to be restored before them, in milliseconds. */
const RESTORE_PATIENCE = 5_000;

/**
 * The one connection of a proxy, over all its sessions: begins it when something first needs it, and after a break begins
 * another, until it is closed or fails for good. Before it was ever up, the first failure is passed on at once.
 */
export class Connection {
  readonly #options: ResolvedOptions;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #news = new StateNews();
  readonly #subscriptions = new Set<RestoredUser>();
  readonly #queues: readonly RequestsUser[];
  readonly #series: RetrySeries;
  #profile: Profile | undefined;
  #session: Session | undefined;
  #acceptedBefore = false;
  #drained = false;
  #attempt = 0;
  #silentRefusals = 0;
  #fullSince: number | undefined;
  #cancelTimer: () => void = noop;
  #ended: Promise<void> = Promise.resolve();

  /** @param queues are given a session after the subscriptions. They live as long as this connection. */
  constructor(options: ResolvedOptions, transport: Transport, clock: Clock, queues: readonly RequestsUser[]) {
    this.#options = options;
    this.#transport = transport;
    this.#clock = clock;
    this.#queues = queues;
    this.#profile = options.profile === 'auto' ? undefined : options.profile;
    this.#series = startSeries(options.reconnect, { now: clock.now });
  }

  get state$(): Observable<ConnectionState> {
    return this.#news.state$;
  }

  get state(): ConnectionState {
    return this.#news.state;
  }

  /**
   * Makes sure that there is a connection, or that one is being made. If there cannot be one, returns why. A failure that another try may
   * overcome is forgotten.
   */
  demand(): ConnectError | undefined {
    const state = this.state;
    if (state.status === 'idle' || (state.status === 'failed' && state.error.retryable)) this.#open();
    return this.#failure();
  }

  /** Lets a subscription live on this connection until the returned function is called. */
  attach(subscription: RestoredUser): () => void {
    const error = this.demand();
    const state = this.state;
    if (error !== undefined) subscription.onFailed(error);
    else {
      this.#subscriptions.add(subscription);
      if (state.status === 'connected' && this.#session !== undefined) subscription.onSession(this.#session, state.capabilities, noop);
    }
    return () => {
      this.#subscriptions.delete(subscription);
    };
  }

  /** Gives up the present connection, which has been found to be dead, and makes another. */
  giveUp(error: ConnectError): void {
    if (this.#session !== undefined) this.#lose(error);
  }

  /** Ends everything. `drained`: what was under way was waited for first. Resolves when the transport has closed its socket. */
  close(drained: boolean): Promise<void> {
    if (this.state.status !== 'closed') {
      this.#cancelTimer();
      const session = this.#session;
      this.#session = undefined;
      this.#drained = drained;
      const error = new ProxyClosed(drained);
      this.#endUsers({ status: 'closed' }, user => user.onFailed(error));
      session?.close();
    }
    return this.#ended;
  }

  #open(): void {
    const { address, connectTimeout } = this.#options;
    if (isLeft(address)) {
      this.#fail(address.left);
      return;
    }
    this.#attempt++;
    this.#news.become({ status: 'connecting', attempt: this.#attempt });
    // A listener of the state may have closed the proxy meanwhile.
    if (this.state.status !== 'connecting') return;
    const { socketPath, authToken } = address.right;
    let ended: () => void = noop;
    this.#ended = new Promise(resolve => {
      ended = resolve;
    });
    const inDoubt = this.#silentRefusals >= SILENT_REFUSALS;
    const session = new Session(
      { transport: inDoubt ? socketTransport : this.#transport, socketPath, authToken, connectTimeout, clock: this.#clock },
      {
        onAccepted: () => {
          if (this.#session !== session) return;
          if (inDoubt) this.#turnedAway(session, new SocketUnavailable(socketPath, 'full'));
          else this.#onAccepted(session);
        },
        onEnd: end => {
          if (this.#session === session) this.#onEnd(end, socketPath);
          ended();
        },
      },
    );
    this.#session = session;
  }

  #onAccepted(session: Session): void {
    this.#silentRefusals = 0;
    if (this.#profile !== undefined) {
      this.#onConnected(session, this.#profile);
      return;
    }
    const { connectTimeout } = this.#options;
    detectProfile(session, this.#clock, connectTimeout, found => {
      if (this.#session !== session) return;
      if (isLeft(found)) this.#lose(found.left);
      else {
        this.#profile = found.right;
        this.#onConnected(session, found.right);
      }
    });
  }

  #onConnected(session: Session, profile: Profile): void {
    this.#acceptedBefore = true;
    this.#attempt = 0;
    this.#series.succeeded();
    const capabilities = capabilitiesOf(profile, this.#options.transport, this.#options.inFlight);
    // What is subscribed while listeners are told the state finds the session there, and asks by itself.
    const subscriptions = [...this.#subscriptions];
    this.#news.become({ status: 'connected', capabilities });
    if (this.#session !== session) return;
    this.#restore(
      session,
      capabilities,
      subscriptions.filter(subscription => this.#subscriptions.has(subscription)),
    );
  }

  /**
   * Subscriptions come first, so that messages that requests cause are not missed. The requests of a queue follow when the subscriptions
   * that get such messages have been answered.
   */
  #restore(session: Session, capabilities: Capabilities, subscriptions: readonly RestoredUser[]): void {
    const unanswered = new Set(subscriptions);
    const held = new Set(this.#queues);
    const release = (may: (queue: RequestsUser) => boolean): void => {
      // A subscription also settles when the session breaks; the timer is then that of reconnecting.
      if (this.#session !== session || held.size === 0) return;
      const released = [...held].filter(may);
      for (const queue of released) held.delete(queue);
      if (held.size === 0) {
        this.#cancelTimer();
        this.#cancelTimer = noop;
      }
      for (const queue of released) queue.onSession(session, capabilities, noop);
    };
    const isFree = (queue: RequestsUser): boolean => ![...unanswered].some(({ operation }) => queue.provokes(operation));
    if (unanswered.size > 0) this.#cancelTimer = this.#clock.after(RESTORE_PATIENCE, () => release(() => true));
    for (const subscription of subscriptions) {
      subscription.onSession(session, capabilities, () => {
        if (unanswered.delete(subscription)) release(isFree);
      });
    }
    release(isFree);
  }

  #onEnd(end: SessionEnd, socketPath: string): void {
    this.#session = undefined;
    this.#cancelTimer();
    this.#cancelTimer = noop;
    this.#silentRefusals = end.reason === 'refused' && end.silently ? this.#silentRefusals + 1 : 0;
    // aws-crt cannot tell a nucleus that is full from one that refuses the token; one attempt with the other transport can.
    const enough = this.#transport.name === 'crt' ? SILENT_REFUSALS + 1 : SILENT_REFUSALS;
    if (this.#silentRefusals > 0 && this.#silentRefusals < enough) {
      this.#retryIn(
        SILENT_REFUSAL_DELAY,
        new ConnectionLost('terminal', false, new Error('The connection was closed before the nucleus answered.')),
      );
      return;
    }
    const error = connectErrorOf(end, socketPath, this.#options.connectTimeout, this.#acceptedBefore);
    if (end.reason === 'turned-away') this.#turnedAway(undefined, error);
    else this.#afterLoss(error);
  }

  /**
   * The nucleus may be full until another component's connection ends: it is tried again for a while, even if there was no connection
   * before.
   */
  #turnedAway(session: Session | undefined, error: ConnectError): void {
    this.#silentRefusals = 0;
    this.#session = undefined;
    session?.close();
    const since = (this.#fullSince ??= this.#clock.now());
    if (!this.#acceptedBefore && this.#clock.now() - since < this.#options.refusalPatience) this.#retryIn(FULL_PAUSE, error);
    else this.#afterLoss(error);
  }

  #lose(error: ConnectError): void {
    const session = this.#session;
    this.#session = undefined;
    session?.close();
    this.#afterLoss(error);
  }

  #afterLoss(error: ConnectError): void {
    let delay: number | undefined;
    try {
      delay = this.#acceptedBefore && error.retryable ? this.#series.next() : undefined;
    } catch (defect) {
      this.#fail(error, user => user.onDefect(defect));
      return;
    }
    if (delay === undefined) this.#fail(error);
    else this.#retryIn(delay, error);
  }

  #retryIn(delay: number, error: ConnectError): void {
    this.#cancelTimer = this.#clock.after(delay, () => {
      this.#cancelTimer = noop;
      this.#open();
    });
    this.#news.become({ status: 'interrupted', error, retryIn: delay });
    for (const user of this.#users()) user.onInterrupted(error);
  }

  #fail(error: ConnectError, tell: (user: ConnectionUser) => void = user => user.onFailed(error)): void {
    this.#attempt = 0;
    this.#silentRefusals = 0;
    this.#fullSince = undefined;
    this.#endUsers({ status: 'failed', error }, tell);
  }

  /** Tells the users that were there when it ended. Those that come while these are told begin anew. */
  #endUsers(state: ConnectionState, tell: (user: ConnectionUser) => void): void {
    const users = this.#users();
    this.#subscriptions.clear();
    this.#news.become(state);
    for (const user of users) tell(user);
  }

  #failure(): ConnectError | undefined {
    const state = this.state;
    if (state.status === 'failed') return state.error;
    return state.status === 'closed' ? new ProxyClosed(this.#drained) : undefined;
  }

  #users(): ConnectionUser[] {
    return [...this.#subscriptions, ...this.#queues];
  }
}
