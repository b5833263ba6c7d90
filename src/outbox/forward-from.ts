import { isLeft, left, type Either } from 'fp-ts/lib/Either.js';
import { asyncScheduler, Observable, type SchedulerLike, Subscription } from 'rxjs';
import { OutboxUnavailable } from '../errors/errors.js';
import { capped, exponential, fullJitter, type Schedule } from '../schedule/index.js';
import { steadyNow } from '../schedule/steady-now.js';
import type { ObservableEither } from '../stream/observable-either.js';
import { Forwarder, type Forwarded, type ForwardFailure, type ForwardPort } from './forwarder.js';
import type { Outbox } from './open-outbox.js';

/** How {@link forwardFrom} sends. */
export interface ForwardOptions {
  /**
   * Which goes first, of what is stored now (live) and of what waited for a connection (backlog):
   * - `{ share: 0.8 }` (default): live, with at most that part of the rate while a backlog waits. Each key keeps its order within live and
   *   within backlog; what is replayed says so.
   * - `'inTurn'`: neither; one order for each key, nothing overtakes.
   */
  readonly live?: { readonly share: number } | 'inTurn' | undefined;
  /** Messages under way at once. Default 8. */
  readonly inFlight?: number | undefined;
  /** Messages a second, at most. Default 50: a device has 100, and others on it publish too. */
  readonly rate?: number | undefined;
  /** When to try again after a refusal that may pass. Default: 200 ms doubling to 30 s, full jitter, for ever. */
  readonly retry?: Schedule | undefined;
  /** Random numbers for the schedule's jitter. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** The clock. Default `asyncScheduler`, which is virtual inside `TestScheduler.run`. */
  readonly scheduler?: SchedulerLike | undefined;
}

const RETRY: Schedule = fullJitter(capped(30_000)(exponential(200)));

/** Sends what an outbox holds. */
export const forwardFrom = (
  outbox: Outbox,
  port: ForwardPort,
  options: ForwardOptions = {},
): ObservableEither<ForwardFailure, Forwarded> => {
  const { live = { share: 0.8 }, inFlight = 8, rate = 50, retry = RETRY, random = Math.random, scheduler = asyncScheduler } = options;
  if (live !== 'inTurn' && !(live.share > 0 && live.share <= 1))
    throw new RangeError(`live.share must be above 0 and at most 1, not ${live.share}.`);
  if (!(inFlight >= 1)) throw new RangeError(`inFlight must be a number from 1 on, not ${inFlight}.`);
  if (!(rate > 0)) throw new RangeError(`rate must be a number of messages a second above 0, not ${rate}.`);
  return new Observable<Either<ForwardFailure, Forwarded>>(destination => {
    const run = new Subscription();
    run.add(
      outbox.use().subscribe(answer => {
        if (isLeft(answer)) {
          destination.next(left(new OutboxUnavailable('terminal', outbox.path, answer.left.reason, answer.left)));
          destination.complete();
          return;
        }
        const open = answer.right;
        const release = open.claimForwarding();
        if (release === undefined) {
          destination.next(left(new OutboxUnavailable('terminal', outbox.path, 'forwarding')));
          destination.complete();
          return;
        }
        const forwarder = new Forwarder({
          open,
          port,
          destination,
          markWith: outbox.mark,
          inFlight,
          rate,
          live: live === 'inTurn' ? live : live.share,
          retry,
          random,
          scheduler,
          now: steadyNow(scheduler),
        });
        run.add(release);
        run.add(open.stored$.subscribe(() => forwarder.onStored()));
        forwarder.begin();
      }),
    );
    return run;
  });
};
