import type { Observable } from 'rxjs';
import type { TestScheduler } from 'rxjs/testing';
import type { RunContext } from '../component/component.js';
import type { Ledger } from '../flow/ledger.js';
import type { ObservableEither } from '../stream/observable-either.js';
import type { LaneExpectation, StreamExpectation, SubscriptionLogs, SubscriptionsExpectation } from './expectations.js';
import type { StageCounts } from './ledger-since.js';
import type { KitNucleus, TestConnectOptions } from './kit-nucleus.js';
import type { Lane } from './lane.js';
import type { MemoryNucleusOptions } from './memory-nucleus.js';

/** How a marble test runs. */
export interface MarbleOptions extends Omit<MemoryNucleusOptions, 'scheduler'> {
  /** How the component connects: timeouts, windows, the schedule of reconnecting. Default of that: after one millisecond, each time. */
  readonly connect?: TestConnectOptions | undefined;
  /** When the test ends, in virtual milliseconds. Default: a minute after the last frame drawn. Later timers do not run. */
  readonly until?: number | undefined;
  /** `'ignored'`: a promise that is awaited is no failure. What comes of it still comes after the test. */
  readonly promises?: 'ignored' | undefined;
  /** `'outside'`: a test that expects nothing does not fail, since what comes of it is looked at elsewhere. */
  readonly expectations?: 'outside' | undefined;
  /** The ledger that `expectNothingDropped` asks. Default: the one of all stages. */
  readonly ledger?: Ledger | undefined;
}

/** What a marble test is given. */
export interface MarbleKit {
  /** A nucleus in memory. `nucleus.proxy` is what the component is given; `nucleus.messages(…)` draws what comes from the cloud. */
  readonly nucleus: KitNucleus;
  /**
   * Subscribes to the component's pipeline at the first frame, or as the diagram (`^`, `!`) says, to the end of the test. The result is the
   * lane of its values.
   */
  readonly run: (pipeline$: Observable<unknown>, subscription?: string) => Lane;
  /** Subscribes at the first frame, or as the diagram (`^`, `!`) says, and expects of the values. For an operator this is all you need. */
  readonly expectStream: (stream$: Observable<unknown>, subscription?: string) => StreamExpectation;
  /** Of a lane, such as the one `run` returns. */
  readonly expectLane: (lane: Lane) => LaneExpectation;
  /**
   * Of what the nucleus accepted on a topic, or on the topics of a filter. The values are payloads: JSON as its value, other text as text,
   * else bytes. The lane completes when all that was given to `run` has completed.
   */
  readonly expectPublished: (topicFilter: string) => LaneExpectation;
  /** Of what the component published on a local topic, or on the local topics of a filter, as {@link MarbleKit.expectPublished} is. */
  readonly expectPublishedLocally: (topicFilter: string) => LaneExpectation;
  /**
   * What a component's `run` is given besides the proxy and its configuration: `component.run(nucleus.proxy, config, context(config))`,
   * and `run(nucleus.proxy, undefined, context())` where it has no configuration.
   * All services are on the nucleus in memory; `config$` begins with this configuration and goes on with what `nucleus.configuration(…)`
   * draws; the log goes nowhere.
   */
  readonly context: { (): RunContext<undefined>; <A>(config: A): RunContext<A> };
  /**
   * Of what reached the cloud on a topic, or on the topics of a filter. What was accepted while the device was offline reaches it later.
   */
  readonly expectArrived: (topicFilter: string) => LaneExpectation;
  /**
   * Of what `deadLetterFile` appended to the file of this path: JSON as its value. In a marble test nothing is written to disk. The lane
   * completes as that of `expectPublished` does.
   */
  readonly expectFile: (path: string) => LaneExpectation;
  /** The lane of {@link MarbleKit.expectPublished}, for matchers of a test framework. */
  readonly published: (topicFilter: string) => Lane;
  /** Of the subscriptions at the nucleus, of one filter or of all; or of those to a source that `cold` or `hot` made. */
  readonly expectSubscriptions: (to?: string | SubscriptionLogs) => SubscriptionsExpectation;
  /** Of the connection: `idle`, `connecting`, `connected`, `interrupted`, `failed`, `closed`. */
  readonly expectState: () => LaneExpectation;
  /** No stage dropped anything, nor had anything left when it ended. */
  readonly expectNothingDropped: () => void;
  /** The ledger's account of a stage, by its name: what it received, emitted, dropped… in this test. */
  readonly expectStage: (name: string, counts: StageCounts) => void;
  /** The frames a diagram takes: `time('--|')` is 2. */
  readonly time: (diagram: string) => number;
  /** RxJS' cold Observables. Without a table each symbol is its own value. */
  readonly cold: TestScheduler['createColdObservable'];
  /** RxJS' hot Observables. */
  readonly hot: TestScheduler['createHotObservable'];
  /**
   * The same of Eithers: `values` are the `Right`s, `lefts` the errors of the `Left`s. Without tables each symbol is the `Right` of itself.
   */
  readonly coldEither: EitherSource;
  /** Hot Observables of Eithers. */
  readonly hotEither: EitherSource;
  /** For operators that take a scheduler. Those that are given none run in virtual time, too. */
  readonly scheduler: TestScheduler;
}

/** Draws a stream of Eithers. */
export type EitherSource = <A = string, E = never>(
  diagram: string,
  values?: Readonly<Record<string, A>>,
  lefts?: Readonly<Record<string, E>>,
) => ObservableEither<E, A> & SubscriptionLogs;
