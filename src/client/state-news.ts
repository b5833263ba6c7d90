import { BehaviorSubject, defer, type Observable, of, skipWhile } from 'rxjs';
import type { ConnectionState } from '../ports/mqtt-proxy.js';

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
