import { BehaviorSubject, defer, type Observable, of, skipWhile } from 'rxjs';
import type { ConnectError, Operation } from '../errors/errors.js';
import type { Session } from '../ipc/session.js';
import type { Capabilities, ConnectionState } from '../ports/mqtt-proxy.js';

/** The state of a connection. All listeners are told its changes in the same order, even if one of them causes the next change. */
export class StateNews {
  /** The state that listeners have been told. It is behind {@link state} while one of them causes further changes. */
  readonly #told = new BehaviorSubject<ConnectionState>({ status: 'idle' });
  readonly #untold: ConnectionState[] = [];
  #state: ConnectionState = this.#told.value;

  get state(): ConnectionState {
    return this.#state;
  }

  /** From the current state on; completes after `closed`. */
  get state$(): Observable<ConnectionState> {
    return defer(() => {
      // A subject that has completed gives no value to those who subscribe later. And the state that is being told may be outdated already.
      const state = this.#state;
      return this.#told.value.status === 'closed' ? of(state) : this.#told.pipe(skipWhile(told => told !== state));
    });
  }

  /** Everyone is told this state after the one that is being told now. */
  become(state: ConnectionState): void {
    this.#state = state;
    if (this.#untold.push(state) > 1) return;
    for (const next of this.#untold) {
      this.#told.next(next);
      if (next.status === 'closed') this.#told.complete();
    }
    this.#untold.length = 0;
  }
}

/** A user of whatever connection there is: a subscription, or all requests of a port together. */
export interface ConnectionUser {
  /** There is a session. `settled` is to be called once, when the nucleus has answered what this user had to restore. */
  readonly onSession: (session: Session, capabilities: Capabilities, settled: () => void) => void;
  /** The session is gone and another is due. */
  readonly onInterrupted: (error: ConnectError) => void;
  /** There is no session, and there will be none. */
  readonly onFailed: (error: ConnectError) => void;
  /** As `onFailed`, since the schedule threw instead of saying when to connect again: a mistake of the program. */
  readonly onDefect: (defect: unknown) => void;
}

/** A subscription, which is restored in each session. */
export interface RestoredUser extends ConnectionUser {
  readonly operation: Operation;
}

/** All requests of a port together. */
export interface RequestsUser extends ConnectionUser {
  /**
   * Whether what it sends may cause messages on subscriptions of this operation: then it is given its session when these have been
   * answered.
   */
  readonly provokes: (operation: Operation) => boolean;
}
