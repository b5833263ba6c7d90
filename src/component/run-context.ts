import type { Either } from 'fp-ts/lib/Either.js';
import { defer, merge, of, Subject, type Observable } from 'rxjs';
import { right } from 'fp-ts/lib/Either.js';
import type { Nucleus } from '../client/connect-nucleus.js';
import type { LocalTopics } from '../client/local-topics.js';
import type { ConfigurationInvalid } from '../errors/errors.js';
import type { ObservableEither } from '../stream/observable-either.js';
import type { Log } from './log.js';

/** What `run` gets besides the proxy and its configuration. */
export interface RunContext<A = unknown> {
  readonly log: Log;
  /** All services of the nucleus, on the connection of the proxy. Throws where the component runs on a proxy alone. */
  readonly nucleus: Nucleus;
  /** `nucleus.local`. */
  readonly local: LocalTopics;
  /**
   * The configuration `run` was called with, and again after each change. One that does not fit is a `Left(ConfigurationInvalid)` of kind `message`, while
   * the last good one stands. Where the configuration comes from the variable, it never changes, and this completes after it.
   */
  readonly config$: ObservableEither<ConfigurationInvalid, A>;
}

/** Throws when a service is used that is not there: a component on a proxy alone does not need it. */
export const runContext = <A>(log: Log, config$: RunContext<A>['config$'], nucleus: Nucleus | undefined): RunContext<A> => {
  const there = (): Nucleus => {
    if (nucleus !== undefined) return nucleus;
    throw new Error(
      'This component runs on an MQTT proxy alone, which has no other service of the nucleus. Run it by runComponent, or give run a context whose nucleus is a connectNucleus().',
    );
  };
  return {
    log,
    config$,
    get nucleus() {
      return there();
    },
    get local() {
      return there().local;
    },
  };
};

/** A value that changes: the latest good one first for each subscriber, then what follows. */
export class Followed<A> {
  readonly #changes = new Subject<Either<ConfigurationInvalid, A>>();
  #latest: A;

  constructor(first: A) {
    this.#latest = first;
  }

  get config$(): Observable<Either<ConfigurationInvalid, A>> {
    return defer(() => merge(of(right(this.#latest)), this.#changes));
  }

  next(change: Either<ConfigurationInvalid, A>): void {
    if (change._tag === 'Right') this.#latest = change.right;
    this.#changes.next(change);
  }

  complete(): void {
    this.#changes.complete();
  }
}
