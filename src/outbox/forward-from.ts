import { type Either, isLeft, left } from 'fp-ts/lib/Either.js';
import { asyncScheduler, Observable, type SchedulerLike, Subscription } from 'rxjs';
import { publishProblem } from '../client/mqtt-request.js';
import { OutboxUnavailable } from '../errors/errors.js';
import { noted } from '../flow/counted.js';
import { steadyNow } from '../schedule/clock.js';
import { capped, exponential, fullJitter, type Schedule } from '../schedule/schedule.js';
import { checkBound, checkPositive, checkPositiveTime, checkShare } from '../shared/check-argument.js';
import { QOS } from '../shared/qos.js';
import type { ObservableEither } from '../stream/observable-either.js';
import { parseBasicIngest } from '../topic/prefixed-topics.js';
import type { Forwarded, ForwardFailure, ForwardPort } from './outcomes.js';
import { Forwarder } from './forwarder.js';
import type { Outbox } from './outbox.js';
import { seenOn } from './seen-back.js';

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
  /**
   * At most. Default 50: a device has 100, and others on it publish too. While nobody says whether the device is online, never over 100.
   */
  readonly messagesPerSecond?: number | undefined;
  /**
   * Milliseconds within which a message, or a sample, has to be seen back where `deleteWhen` is `confirmed`; else it is sent again. Default
   * 30 000.
   */
  readonly confirmWithin?: number | undefined;
  /**
   * The name of a topic that the component may publish and subscribe to, for small messages that come back if the device is online. Where
   * nobody says whether it is (`cloud$` is `unknown`: a classic nucleus from before mid-2026), no more than `unseen` messages are sent
   * beyond the last that came back; else a backlog would fill the nucleus' spool in front of what is live. Not needed where messages are
   * `'confirmed'`, and come back themselves.
   */
  readonly canaryTopicName?: string | undefined;
  /**
   * With `canaryTopicName` or `'confirmed'`: messages that may be sent beyond the last that was seen back while nobody says whether the
   * device is online. Default 100.
   */
  readonly unseen?: number | undefined;
  /** When to try again after a refusal that may pass. Default: 200 ms doubling to 30 s, full jitter, for ever. */
  readonly retry?: Schedule | undefined;
  /** Random numbers for the schedule's jitter. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** The clock. Default `asyncScheduler`, which is virtual inside `TestScheduler.run`. */
  readonly scheduler?: SchedulerLike | undefined;
}

const RETRY: Schedule = fullJitter(capped(30_000)(exponential(200)));

/**
 * Sends what an outbox holds, and says what became of each message. Run it as a branch of a component, beside the stages that store. One
 * for an outbox: a second ends with `Left(OutboxUnavailable)` (`forwarding`).
 *
 * - *Live goes first.* Live is what was stored since the device is online, and at a start that finds nothing waiting also what is stored
 *   until then, if that takes no two seconds; what was stored before is the backlog, is marked as `replayed`, and has at least a fifth of
 *   the rate. With `live: 'inTurn'` nothing overtakes.
 * - *Where nobody says whether the device is online*, it counts as having been offline when for two seconds publishes were only refused, or
 *   no more was to be sent (`canaryTopicName`): what waits then is the backlog.
 * - *Order* holds for each key (the topic, unless `storeIn` was told another) within what is live and within the backlog; with `'inTurn'`,
 *   over all.
 * - *Paced*: at most `messagesPerSecond`, of the 100 that a device has. While the device is offline (`cloud$`) nothing is sent: a classic
 *   nucleus would fill its spool with it, in front of what is live.
 * - *A refusal that may pass* is tried again by `retry`, for ever. What is refused for good is set aside, with its reason, and so is a
 *   message whose sending, alone, ended the process twice.
 *
 * Emits `Right(Forwarded)` for each message the nucleus took (or, with `deleteWhen: 'confirmed'`, that came back), `Left(SetAside)`, and
 * `Left(StoredMessagesLost)` for those that were too old, gave way or were damaged. Completes when the proxy drains, as soon as what is
 * under way has its answer: what is stored stays for the next start. Ends with a terminal `Left` when the token was refused, the proxy was
 * closed, the file cannot be used, or, with `deleteWhen: 'confirmed'`, the nucleus turns out to be a Greengrass Lite and the mark would not
 * come back from it.
 *
 * Memory: 128 messages that are read ahead, at most 512 KiB of them.
 *
 * @throws RangeError for options out of range.
 *
 * @example
 * ```ts
 * import { connect, QOS } from 'greengrass-rx';
 * import { forwardFrom, openOutbox, storeIn } from 'greengrass-rx/outbox';
 * import { of, take, tap } from 'rxjs';
 *
 * const proxy = connect();
 * const outbox = openOutbox({ path: ':memory:', commit: { within: 0 } });
 * of(1, 2).pipe(storeIn(outbox, n => ({ topicName: 'meters/7', payload: `${n}`, qos: QOS.AT_LEAST_ONCE }))).subscribe();
 * forwardFrom(outbox, proxy, { messagesPerSecond: 20, live: { share: 0.9 } })
 *   .pipe(take(2), tap({ complete: () => void outbox.close().then(() => proxy.close()) }))
 *   .subscribe(outcome => console.log(outcome)); // Right, number 1; Right, number 2
 * ```
 */
export function forwardFrom(outbox: Outbox, port: ForwardPort, options: ForwardOptions = {}): ObservableEither<ForwardFailure, Forwarded> {
  const { live = { share: 0.8 }, inFlight = 8, messagesPerSecond: rate = 50, confirmWithin = 30_000, unseen = 100 } = options;
  const { retry = RETRY, random = Math.random, scheduler = asyncScheduler, canaryTopicName } = options;
  if (live !== 'inTurn') checkShare(live.share, 'live.share');
  checkBound(inFlight, 'inFlight');
  checkPositive(rate, 'messagesPerSecond');
  checkPositiveTime(confirmWithin, 'confirmWithin');
  checkBound(unseen, 'unseen');
  const problem =
    canaryTopicName === undefined ? undefined : publishProblem({ topicName: canaryTopicName, payload: '', qos: QOS.AT_LEAST_ONCE });
  if (problem !== undefined) throw new RangeError(`canaryTopicName: ${problem.message}`);
  if (canaryTopicName !== undefined && parseBasicIngest(canaryTopicName) !== undefined)
    throw new RangeError(
      `canaryTopicName: nothing comes back on ${JSON.stringify(canaryTopicName)}, since Basic Ingest passes the broker by. Name another topic.`,
    );
  if (canaryTopicName !== undefined && port.subscribe === undefined) throw new TypeError('canaryTopicName needs a proxy that subscribes.');
  if (seenOn(outbox).length > 0 && port.subscribe === undefined)
    throw new TypeError('deleteWhen: confirmed needs a proxy that subscribes.');
  // Who derives a recipe of it has to allow that.
  const topics =
    outbox.topics === undefined
      ? undefined
      : [...new Set([...outbox.topics, ...seenOn(outbox), ...(canaryTopicName === undefined ? [] : [canaryTopicName])])];
  return new Observable<Either<ForwardFailure, Forwarded>>(destination => {
    const run = new Subscription();
    let told: string | undefined;
    let hasBegun = false;
    // While the file cannot be used there is nothing to wait for; later the forwarder looks after that.
    if (port.draining$ !== undefined)
      run.add(
        port.draining$.subscribe(() => {
          if (!hasBegun) destination.complete();
        }),
      );
    if (destination.closed) return run;
    run.add(
      outbox.use().subscribe(answer => {
        if (isLeft(answer)) {
          // It is asked for again, until it can be used.
          if (answer.left.retryable) {
            if (told !== answer.left.reason) destination.next(answer);
            told = answer.left.reason;
            return;
          }
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
          outbox,
          open,
          port,
          destination,
          confirmWithin,
          unseen,
          inFlight,
          rate,
          canaryTopicName,
          live: live === 'inTurn' ? live : live.share,
          retry,
          random,
          scheduler,
          now: steadyNow(scheduler),
        });
        hasBegun = true;
        run.add(release);
        run.add(open.stored$.subscribe(dropped => forwarder.onStored(dropped)));
        forwarder.begin();
      }),
    );
    return run;
  }).pipe(noted('forwardFrom', 'forwardFrom', { inFlight, topics }));
}
