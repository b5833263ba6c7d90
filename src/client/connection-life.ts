import type { Observable } from 'rxjs';
import type { ConnectError } from '../errors/errors.js';
import type { Capabilities, ConnectionState, DrainReport, RunnableTask, RunnableTaskEither } from '../ports/mqtt-proxy.js';
import type { NucleusLink } from './nucleus-link.js';

/** The life of a connection, for those who have it in hand: from its start over its state to its drain and its end. */
export class ConnectionLife implements AsyncDisposable {
  readonly #link: NucleusLink;

  constructor(link: NucleusLink) {
    this.#link = link;
  }

  get state$(): Observable<ConnectionState> {
    return this.#link.state$;
  }

  get draining$(): Observable<void> {
    return this.#link.draining$;
  }

  ready(): RunnableTaskEither<ConnectError, Capabilities> {
    return this.#link.ready();
  }

  drain(deadline: number): RunnableTask<DrainReport> {
    return this.#link.drain(deadline);
  }

  holdDrain(): () => void {
    return this.#link.holdDrain();
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
