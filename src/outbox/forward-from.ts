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
   * The most messages to send in a second. Default 50: a device may send 100, and other components publish too. While it is not known
   * whether the device is online, at most 100.
   */
  readonly messagesPerSecond?: number | undefined;
  /**
   * Milliseconds within which a message, or a sample, has to come back where `deleteWhen` is `confirmed`. If it does not, it is sent again.
   * Default 30 000.
   */
  readonly confirmWithin?: number | undefined;
  /**
   * The name of a topic that the component may both publish and subscribe to. The forwarder sends small messages there, which come back if
   * the device is online. They matter where the nucleus does not say whether the device is online (`cloud$` is `unknown`: a classic
   * nucleus from before mid-2026). There no more than `unseen` messages are sent beyond the last that came back; otherwise a backlog would
   * fill the nucleus' spool, in front of live messages. Not needed where messages are `'confirmed'`: they come back themselves.
   */
  readonly canaryTopicName?: string | undefined;
  /**
   * With `canaryTopicName` or `'confirmed'`, while it is not known whether the device is online: how many messages may be sent beyond the
   * last that came back. Default 100.
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
 * Sends the messages of an outbox, and emits what became of each. Run it as a branch of a component, beside the stages that store. An
 * outbox has one forwarder: a second ends with `Left(OutboxUnavailable)` (`forwarding`).
 *
 * - *Live goes first.* A message is live if it was stored while the device was online. What was stored before is the backlog: it is marked
 *   as `replayed`, and has at least a fifth of the rate. If nothing waits at the start, messages that are stored before the device is
 *   online are live as well, provided that this takes less than two seconds. With `live: 'inTurn'` nothing overtakes.
 * - *Where the nucleus does not say whether the device is online*, it counts as offline after two seconds in which every publish was
 *   refused, or in which no more than `unseen` could be sent (`canaryTopicName`). What waits then is the backlog.
 * - *Order* holds for each key (the topic, unless `storeIn` was told another) within what is live and within the backlog; with `'inTurn'`,
 *   over all.
 * - *Paced*: at most `messagesPerSecond`, of the 100 that a device has. While the device is offline (`cloud$`) nothing is sent: it would
 *   fill the spool of a classic nucleus, in front of live messages.
 * - *A refusal that may pass* is tried again by `retry`, for ever. So is one of a nucleus that takes no message at all, since it has not
 *   been provisioned or does not know the operation: that is told once, as a `Left`. A message that is refused for good is set aside, with
 *   the reason. So is one that was sent alone twice in a row, where the process ended each time within a second and before the answer. An
 *   end of the whole machine, as when the power goes, does not count on Linux; elsewhere it looks like an end of the process.
 *
 * Emits `Right(Forwarded)` for each message the nucleus took (or, with `deleteWhen: 'confirmed'`, that came back), `Left(SetAside)`, and
 * `Left(StoredMessagesLost)` for those that were too old, gave way or were damaged. Completes when the proxy drains, as soon as the
 * publishes under way have their answers; what is still stored is sent after the next start. Ends with a terminal `Left` when the token was
 * refused, the proxy was closed, the file cannot be used, or, with `deleteWhen: 'confirmed'`, the nucleus turns out to be a Greengrass Lite
 * and the mark would not come back from it.
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
    // A forwarder that is refused, since there is another, has no say in how large a message may be.
    const ofAnother = outbox.atLargest;
    outbox.atLargest ??= port.atLargest;
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
          outbox.atLargest = ofAnother;
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
        outbox.atLargest = port.atLargest;
        run.add(release);
        run.add(open.stored$.subscribe(dropped => forwarder.onStored(dropped)));
        forwarder.begin();
      }),
    );
    return run;
  }).pipe(noted('forwardFrom', 'forwardFrom', { inFlight, topics }));
}
