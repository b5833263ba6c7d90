import { Subscription } from 'rxjs';
import { ledger as ledgerOfAll } from '../flow/ledger.js';
import { VirtualDisk, withVirtualDisk } from '../outbox/virtual-disk.js';
import { linesKeptBy } from '../sinks/dead-letter-file.js';
import { KitNucleus } from './kit-nucleus.js';
import type { MarbleKit, MarbleOptions } from './kit.js';
import { MarbleFailure, MarbleRun } from './lane.js';
import { LedgerSince } from './ledger-since.js';
import { MarbleLanes } from './marble-lanes.js';
import { type AwaitedPromise, MAX_AT_ONCE, VirtualTime, VirtualTimeStopped, watchPromises } from './virtual-time.js';

const LINGER = 60_000;

const EXPECTS_NOTHING =
  "The marble test expects nothing, so that it would pass whatever happens. Give it an expectation, such as expectPublished('out').toBeMarble('-a-|'); or pass { expectations: 'outside' } if they are made elsewhere.";

/**
 * A test in virtual time, for the `test` of any framework: `test('…', marbles(({ nucleus, run, expectPublished }) => { … }))`.
 *
 * The function is given a nucleus in memory and what draws on it; nothing happens while it runs, and all expectations are checked when
 * virtual time has passed. A test that expects nothing fails; so does one whose time stands still. One frame is a millisecond. Must not
 * be asynchronous: virtual time does not wait for promises, and a test that awaits one fails with the place where it did.
 *
 * @throws MarbleFailure from the function returned, with a picture of what differs.
 *
 * @example
 * ```ts
 * import { publishTo, QOS, type MqttProxy } from 'greengrass-rx';
 * import { onRights } from 'greengrass-rx';
 * import { marbles } from 'greengrass-rx/testing';
 * import { map } from 'rxjs';
 *
 * const echo = (proxy: MqttProxy) =>
 *   proxy.subscribe({ topicName: 'in', qos: QOS.AT_LEAST_ONCE }).pipe(
 *     onRights(message$ => message$.pipe(
 *       map(({ payload }) => payload),
 *       publishTo(proxy, payload => ({ topicName: 'out', payload, qos: QOS.AT_LEAST_ONCE })),
 *     )),
 *   );
 *
 * const test = marbles(({ nucleus, run, expectPublished }) => {
 *   nucleus.messages('in', '-a-b-|');
 *   run(echo(nucleus.proxy));
 *   expectPublished('out').toBeMarble('-a-b-|');
 * });
 * test(); // a test framework does this
 * ```
 */
export function marbles(test: (kit: MarbleKit) => unknown, options: MarbleOptions = {}): () => void {
  const noteCalled = noteMade(marbles);
  return () => {
    noteCalled();
    const scheduler = new VirtualTime({ atOnce: MAX_AT_ONCE, altogether: Infinity });
    const disk = new VirtualDisk();
    withVirtualDisk(disk, () => scheduler.run(({ flush }) => runTest(test, options, scheduler, disk, flush)));
  };
}

function runTest(
  test: (kit: MarbleKit) => unknown,
  options: MarbleOptions,
  scheduler: VirtualTime,
  disk: VirtualDisk,
  flush: () => void,
): void {
  const { connect, until, promises, expectations, ledger = ledgerOfAll, ...nucleusOptions } = options;
  const run = new MarbleRun();
  const nucleus = new KitNucleus(run, { ...nucleusOptions, scheduler }, disk, connect);
  const subscriptions = new Subscription();
  const lanes = new MarbleLanes(run, nucleus, scheduler, subscriptions, new LedgerSince(ledger));
  try {
    const returned = test(lanes.kit());
    if (returned instanceof Promise) {
      returned.catch(() => undefined);
      throw new MarbleFailure(
        'The function given to marbles() is asynchronous. Virtual time does not wait for promises: make it synchronous.',
      );
    }
    const expectsNothing = run.expectsNothing && expectations !== 'outside';
    const limit = until ?? run.lastFrame + LINGER;
    scheduler.maxFrames = limit;
    nucleus.begin(scheduler, limit);
    const keep = (path: string, line: string): void => lanes.wrote(path, line);
    const awaited = linesKeptBy(keep, () => watchPromises(flush, () => scheduler.frame));
    if (awaited !== undefined && promises !== 'ignored') run.atEnd(() => awaitedText(awaited), new MarbleFailure(''));
    run.atEnd(() => (run.failureDrawn ? undefined : lanes.failureOfPipelines()), new MarbleFailure(''));
    const failure = run.check() ?? (expectsNothing ? new MarbleFailure(EXPECTS_NOTHING) : undefined);
    if (failure !== undefined) throw failure;
  } catch (error) {
    throw error instanceof VirtualTimeStopped ? new MarbleFailure(error.message) : error;
  } finally {
    run.isOver = true;
    subscriptions.unsubscribe();
    nucleus.end();
  }
}

function awaitedText({ at, place }: AwaitedPromise): string {
  return [
    `At frame ${at} a promise was awaited${place === undefined ? '' : ` (${place})`}.`,
    'Virtual time does not wait for promises: what comes of it comes after the test. Use Observables all the way, such as publish$ in the',
    "place of publish and timer in the place of a sleep; or pass { promises: 'ignored' } if nothing in the test depends on it.",
  ].join('\n');
}

/** Where marble tests were made that have not been called. `undefined` where no hooks of a test framework look after them. */
let made: Set<MarbleFailure> | undefined;

/** Notes that a marble test was made. Returns what is to be called when it is. */
function noteMade(by: (...args: never[]) => unknown): () => void {
  const origin = new MarbleFailure('', by);
  made?.add(origin);
  return () => void made?.delete(origin);
}

/** A test of the framework begins: what was made before may belong to another. */
export function beginTest(): void {
  made = new Set();
}

/** Ends a test of the framework. Throws if it has made a marble test and not called it, which is none. */
export function endTest(): void {
  const [first] = made ?? [];
  made = undefined;
  if (first !== undefined)
    throw first.saying(
      'marbles() gives a test that was never called, so that nothing was tested. Hand it to test(), or call it: marbles(…)().',
    );
}
