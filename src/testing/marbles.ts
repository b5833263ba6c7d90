import { deepStrictEqual } from 'node:assert';
import { Subscription, type Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { ledger as ledgerOfAll, type Ledger } from '../flow/ledger.js';
import { topicMatches } from '../topic/index.js';
import { watchPromises, type AwaitedPromise } from './awaited-promises.js';
import { describeValue } from './describe-value.js';
import { lengthOf, parseSpan } from './diagram.js';
import { checkNowOrLater, expectLane, type LaneExpectation } from './expect-lane.js';
import { KitNucleus, type TestConnectOptions } from './kit-nucleus.js';
import { lane, type Lane, type LaneEvent } from './lane.js';
import { LedgerSince, type StageCounts } from './ledger-checks.js';
import { MarbleFailure } from './marble-failure.js';
import type { ArrivedMessage, MemoryNucleusOptions, PublishedMessage } from './memory-nucleus.js';
import { MarbleRun } from './run.js';
import { expectSpans, type SubscriptionsExpectation } from './subscription-spans.js';

/** How a marble test runs. */
export interface MarbleOptions extends Omit<MemoryNucleusOptions, 'scheduler'> {
  /** How the component connects: timeouts, windows, the schedule of reconnecting. Default of that: after one millisecond, each time. */
  readonly connect?: TestConnectOptions | undefined;
  /** When the test ends, in virtual milliseconds. Default: a minute after the last frame drawn. Later timers do not run. */
  readonly until?: number | undefined;
  /** `'ignored'`: a promise that is awaited is no failure. What comes of it still comes after the test. */
  readonly promises?: 'ignored' | undefined;
  /** The ledger that `expectNothingDropped` asks. Default: the one of all stages. */
  readonly ledger?: Ledger | undefined;
}

/** What a marble test is given. */
export interface MarbleKit {
  /** A nucleus in memory. `nucleus.proxy` is what the component is given; `nucleus.messages(…)` draws what comes from the cloud. */
  readonly nucleus: KitNucleus;
  /**
   * Subscribes to the component's pipeline at the first frame, or as the diagram (`^`, `!`) says, to the end of the test. The result is the lane
   * of its values.
   */
  readonly run: (pipeline$: Observable<unknown>, subscription?: string) => Lane;
  /** Subscribes, and expects of the values. */
  readonly expectStream: (stream$: Observable<unknown>, subscription?: string) => LaneExpectation;
  /** Of a lane, such as the one `run` returns. */
  readonly expectLane: (lane: Lane) => LaneExpectation;
  /**
   * Of what the nucleus accepted on a topic, or on the topics of a filter. The values are payloads: JSON as its value, other text as text, else
   * bytes. The lane completes when all that was given to `run` has completed.
   */
  readonly expectPublished: (topicFilter: string) => LaneExpectation;
  /** Of what reached the cloud on a topic, or on the topics of a filter: of what was accepted while the device was offline, later. */
  readonly expectArrived: (topicFilter: string) => LaneExpectation;
  /** The lane of {@link MarbleKit.expectPublished}, for matchers of a test framework. */
  readonly published: (topicFilter: string) => Lane;
  /** Of the subscriptions at the nucleus, of one filter or of all. */
  readonly expectSubscriptions: (topicFilter?: string) => SubscriptionsExpectation;
  /** Of the connection: `idle`, `connecting`, `connected`, `interrupted`, `failed`, `closed`. */
  readonly expectState: () => LaneExpectation;
  /** No stage dropped anything, nor had anything left when it ended. */
  readonly expectNothingDropped: () => void;
  /** The ledger's account of a stage, by its name: what it received, emitted, dropped… in this test. */
  readonly expectStage: (name: string, counts: StageCounts) => void;
  /** The frames a diagram takes: `time('--|')` is 2. */
  readonly time: (diagram: string) => number;
  /** RxJS' cold Observables. */
  readonly cold: TestScheduler['createColdObservable'];
  /** RxJS' hot Observables. */
  readonly hot: TestScheduler['createHotObservable'];
  readonly scheduler: TestScheduler;
}

const LINGER = 60_000;

/**
 * A test in virtual time, for the `test` of any framework: `test('…', marbles(({ nucleus, run, expectPublished }) => { … }))`.
 *
 * The function is given a nucleus in memory and what draws on it; nothing happens while it runs, and all expectations are checked when
 * virtual time has. One frame is a millisecond. Must not be asynchronous: virtual time does not wait for promises, and a test that awaits one
 * fails with the place where it did.
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
  return () => {
    const scheduler = new TestScheduler(deepStrictEqual);
    scheduler.run(({ flush }) => {
      runTest(test, options, scheduler, flush);
    });
  };
}

function runTest(test: (kit: MarbleKit) => unknown, options: MarbleOptions, scheduler: TestScheduler, flush: () => void): void {
  const { connect, until, promises, ledger = ledgerOfAll, ...nucleusOptions } = options;
  const run = new MarbleRun();
  const nucleus = new KitNucleus(run, { ...nucleusOptions, scheduler }, connect);
  const subscriptions = new Subscription();
  const session = new Session(run, nucleus, scheduler, subscriptions, new LedgerSince(ledger));
  try {
    const returned = test(session.kit());
    if (returned instanceof Promise) {
      returned.catch(() => undefined);
      throw new MarbleFailure(
        'The function given to marbles() is asynchronous. Virtual time does not wait for promises: make it synchronous.',
      );
    }
    const limit = until ?? run.lastFrame + LINGER;
    scheduler.maxFrames = limit;
    nucleus.begin(scheduler, limit);
    const awaited = watchPromises(flush, () => scheduler.frame);
    if (awaited !== undefined && promises !== 'ignored') run.atEnd(() => awaitedText(awaited), new MarbleFailure(''));
    run.atEnd(() => (run.failureDrawn ? undefined : session.failureOfPipelines()), new MarbleFailure(''));
    const failure = run.check();
    if (failure !== undefined) throw failure;
  } finally {
    run.isOver = true;
    subscriptions.unsubscribe();
    nucleus.end();
  }
}

/** One test's lanes. */
class Session {
  readonly #run: MarbleRun;
  readonly #nucleus: KitNucleus;
  readonly #scheduler: TestScheduler;
  readonly #subscriptions: Subscription;
  readonly #ledger: LedgerSince;
  readonly #pipelines: LaneEvent[][] = [];

  constructor(run: MarbleRun, nucleus: KitNucleus, scheduler: TestScheduler, subscriptions: Subscription, ledger: LedgerSince) {
    this.#run = run;
    this.#nucleus = nucleus;
    this.#scheduler = scheduler;
    this.#subscriptions = subscriptions;
    this.#ledger = ledger;
  }

  kit(): MarbleKit {
    const scheduler = this.#scheduler;
    const run = this.#run;
    const drawn = (diagram: string): string => {
      run.reaches(lengthOf(diagram));
      return diagram;
    };
    const published = (topicFilter: string): Lane => this.#messages('What was published', topicFilter, () => this.#nucleus.published);
    const expectNothingDropped = (): void => checkNowOrLater(run, () => this.#ledger.dropped(), expectNothingDropped);
    const expectStage: MarbleKit['expectStage'] = (name, counts) =>
      checkNowOrLater(run, () => this.#ledger.stage(name, counts), expectStage);
    return {
      nucleus: this.#nucleus,
      run: (pipeline$, subscription) => this.#pipeline(pipeline$, subscription),
      expectStream: (stream$, subscription) => expectLane(this.#watch('The stream', stream$, subscription).lane),
      expectLane,
      expectPublished: topicFilter => expectLane(published(topicFilter)),
      published,
      expectArrived: topicFilter => expectLane(this.#messages('What arrived', topicFilter, () => this.#nucleus.arrived)),
      expectSubscriptions: topicFilter => expectSpans(run, topicFilter, () => this.#nucleus.events),
      expectState: () => expectLane(this.#states()),
      expectNothingDropped,
      expectStage,
      time: diagram => scheduler.createTime(drawn(diagram)),
      cold: (diagram: string, ...tables: never[]) => scheduler.createColdObservable(drawn(diagram), ...tables),
      hot: (diagram: string, ...tables: never[]) => scheduler.createHotObservable(drawn(diagram), ...tables),
      scheduler,
    };
  }

  /** What is wrong if a pipeline failed, which no diagram expects. */
  failureOfPipelines(): string | undefined {
    const end = this.#end()[0];
    if (end?.kind !== 'E') return undefined;
    return `The pipeline failed at frame ${end.at}, which no diagram expects: ${describeValue(end.error)}`;
  }

  #pipeline(pipeline$: Observable<unknown>, subscription: string | undefined): Lane {
    const { events, lane } = this.#watch('The pipeline', pipeline$, subscription);
    this.#pipelines.push(events);
    return lane;
  }

  #messages(what: string, topicFilter: string, messages: () => readonly (PublishedMessage | ArrivedMessage)[]): Lane {
    return lane({
      label: `${what} on ${topicFilter}`,
      run: this.#run,
      events: () => [
        ...messages()
          .filter(({ topicName }) => topicMatches(topicFilter, topicName))
          .map(({ at, ...value }): LaneEvent => ({ at, kind: 'N', value })),
        ...this.#end(),
      ],
    });
  }

  /** How the component ended: when all its pipelines have, or one has failed. */
  #end(): readonly LaneEvent[] {
    const ends = this.#pipelines.map(events => events.find(({ kind }) => kind !== 'N'));
    const failed = ends.find(end => end?.kind === 'E');
    if (failed !== undefined) return [failed];
    const last = ends.reduce((latest, end) => ((end?.at ?? 0) >= (latest?.at ?? 0) ? end : latest), ends[0]);
    return last === undefined || ends.includes(undefined) ? [] : [last];
  }

  /** Watched from before the first pipeline is subscribed. */
  #states(): Lane {
    const events: LaneEvent[] = [];
    this.#subscriptions.add(
      this.#nucleus.proxy.state$.subscribe({
        next: ({ status }) => events.push({ at: this.#scheduler.frame, kind: 'N', value: status }),
        complete: () => events.push({ at: this.#scheduler.frame, kind: 'C' }),
      }),
    );
    return lane({ label: 'The state of the connection', run: this.#run, events: () => events });
  }

  #watch(
    label: string,
    stream$: Observable<unknown>,
    subscription: string | undefined,
  ): { readonly events: LaneEvent[]; readonly lane: Lane } {
    const events: LaneEvent[] = [];
    const scheduler = this.#scheduler;
    const { from, to } = subscription === undefined ? { from: 0, to: Infinity } : parseSpan(subscription);
    this.#run.reaches(from);
    this.#run.reaches(to);
    const begin = (): void => {
      const watching = stream$.subscribe({
        next: value => events.push({ at: scheduler.frame, kind: 'N', value }),
        error: (error: unknown) => events.push({ at: scheduler.frame, kind: 'E', error }),
        complete: () => events.push({ at: scheduler.frame, kind: 'C' }),
      });
      this.#subscriptions.add(watching);
      this.#nucleus.settle();
      if (to !== Infinity) scheduler.schedule(() => watching.unsubscribe(), to - from);
    };
    scheduler.schedule(begin, from);
    return { events, lane: lane({ label, run: this.#run, events: () => events }) };
  }
}

function awaitedText({ at, place }: AwaitedPromise): string {
  return [
    `At frame ${at} a promise was awaited${place === undefined ? '' : ` (${place})`}.`,
    'Virtual time does not wait for promises: what comes of it comes after the test. Use Observables all the way, such as publish$ in the',
    "place of publish and timer in the place of a sleep; or pass { promises: 'ignored' } if nothing in the test depends on it.",
  ].join('\n');
}
