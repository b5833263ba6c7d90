import { BehaviorSubject, defer, type Observable, of, skipWhile } from 'rxjs';
import type { ConnectError, Operation } from '../errors/errors.js';
import type { Session } from '../ipc/session.js';
import type { Capabilities, ConnectionState } from '../ports/mqtt-proxy.js';

/** The state of a connection, and its news in one order for all, though whoever hears of a state may cause the next. */
export class StateNews {
  /** What listeners have heard; runs behind {@link state} while one of them does something. */
  readonly #told = new BehaviorSubject<ConnectionState>({ status: 'idle' });
  readonly #untold: ConnectionState[] = [];
  #state: ConnectionState = this.#told.value;

  get state(): ConnectionState {
    return this.#state;
  }

  /** From the current state on; completes after `closed`. */
  get state$(): Observable<ConnectionState> {
    return defer(() => {
      // A subject that has completed gives latecomers no value. And what is being told may be the past already.
      const state = this.#state;
      return this.#told.value.status === 'closed' ? of(state) : this.#told.pipe(skipWhile(told => told !== state));
    });
  }

  /** All hear of this state after the one that is being told. */
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

/** Something that lives on whatever connection there is: a subscription, or all requests of a port together. */
export interface ConnectionUser {
  /** There is a session. `settled` is to be called once, when what this user had to restore has been answered. */
  readonly onSession: (session: Session, capabilities: Capabilities, settled: () => void) => void;
  /** The session is gone and another is due. */
  readonly onInterrupted: (error: ConnectError) => void;
  /** There is none, and none is due. */
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
  /** Whether what it sends may provoke messages of subscriptions of this operation: it has its session when these have been answered. */
  readonly provokes: (operation: Operation) => boolean;
}
