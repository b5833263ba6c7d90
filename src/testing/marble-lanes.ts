import { resolve } from 'node:path';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { isObservable, type Observable, type Subscription } from 'rxjs';
import type { TestScheduler } from 'rxjs/testing';
import { type RunContext, runContext } from '../component/component.js';
import { Followed } from '../component/configuration.js';
import { silentLog } from '../component/log.js';
import { topicMatches } from '../topic/topic-matches.js';
import { lengthOf, parseDiagram, parseSpan } from './diagram.js';
import { describeValue } from './equal.js';
import {
  checkNowOrLater,
  expectLane,
  expectSame,
  expectSpans,
  spansAtNucleus,
  spansOfSource,
  type StreamExpectation,
} from './expectations.js';
import type { KitNucleus } from './kit-nucleus.js';
import type { MarbleKit } from './kit.js';
import type { LedgerSince } from './ledger-since.js';
import { lane, type Lane, type LaneEvent, type MarbleRun } from './lane.js';
import { type Expected, meanwhileLines } from './meanwhile.js';
import { type ArrivedMessage, COMPONENT, type PublishedMessage } from './memory-record.js';
import { payloadContent } from './messages.js';
import { MAX_VALUES_AT_ONCE, movesOn, VirtualTimeStopped } from './virtual-time.js';

type Table = Readonly<Record<string, unknown>>;

/** Sources that are drawn. A symbol that is in no table is refused; with RxJS it would be `undefined`. */
function sourcesOf(scheduler: TestScheduler, run: MarbleRun): Pick<MarbleKit, 'cold' | 'hot' | 'coldEither' | 'hotEither'> {
  const read = (diagram: string, values: Table | undefined, lefts: Table = {}): readonly string[] => {
    const drawn = parseDiagram(diagram);
    for (const { at } of drawn) run.reaches(at);
    const symbols = [...new Set(drawn.flatMap(one => (one.kind === 'N' ? [one.symbol] : [])))];
    const unknown = symbols.find(symbol => values !== undefined && !Object.hasOwn(values, symbol) && !Object.hasOwn(lefts, symbol));
    if (unknown === undefined) return symbols;
    throw new TypeError(`The symbol "${unknown}" of the source "${diagram}" is in no table.`);
  };
  const eithers = <E, A>(
    diagram: string,
    values?: Readonly<Record<string, A>>,
    lefts?: Readonly<Record<string, E>>,
  ): Record<string, Either<E, A>> =>
    Object.fromEntries(
      read(diagram, values, lefts).map(symbol => {
        if (lefts !== undefined && Object.hasOwn(lefts, symbol)) return [symbol, left(lefts[symbol] as E)];
        // Without a table A is the type of the symbols.
        return [symbol, right((values === undefined ? symbol : values[symbol]) as A)];
      }),
    );
  return {
    cold: (diagram, values, error: unknown) => {
      read(diagram, values);
      return scheduler.createColdObservable(diagram, values, error);
    },
    hot: (diagram, values, error: unknown) => {
      read(diagram, values);
      return scheduler.createHotObservable(diagram, values, error);
    },
    coldEither: (diagram, values, lefts) => scheduler.createColdObservable(diagram, eithers(diagram, values, lefts)),
    hotEither: (diagram, values, lefts) => scheduler.createHotObservable(diagram, eithers(diagram, values, lefts)),
  };
}

/** A message of the component on a local topic. */
interface LocallyPublished {
  readonly topicName: string;
  readonly payload: Uint8Array;
  readonly at: number;
}

/** The lanes of one marble test: what was drawn, what was looked at, and what is expected of it. */
export class MarbleLanes {
  readonly #run: MarbleRun;
  readonly #nucleus: KitNucleus;
  readonly #scheduler: TestScheduler;
  readonly #subscriptions: Subscription;
  readonly #ledger: LedgerSince;
  readonly #pipelines: LaneEvent[][] = [];
  readonly #files = new Map<string, LaneEvent[]>();
  readonly #expected: Expected[] = [];

  constructor(run: MarbleRun, nucleus: KitNucleus, scheduler: TestScheduler, subscriptions: Subscription, ledger: LedgerSince) {
    this.#run = run;
    this.#nucleus = nucleus;
    this.#scheduler = scheduler;
    this.#subscriptions = subscriptions;
    this.#ledger = ledger;
    run.explainBy(told => this.#meanwhile(told));
  }

  kit(): MarbleKit {
    const scheduler = this.#scheduler;
    const run = this.#run;
    const published = (topicFilter: string): Lane => this.#messages('What was published', topicFilter, () => this.#nucleus.published);
    const expectNothingDropped = (): void => checkNowOrLater(run, () => this.#ledger.dropped(), expectNothingDropped);
    const expectStage: MarbleKit['expectStage'] = (name, counts) =>
      checkNowOrLater(run, () => this.#ledger.stage(name, counts), expectStage);
    const expectStream: MarbleKit['expectStream'] = (stream$, subscription) => {
      const watched = this.#watch('The stream', stream$, subscription).lane;
      const toEqual: StreamExpectation['toEqual'] = other$ =>
        expectSame(watched, this.#watch('The other stream', other$, subscription).lane, toEqual);
      return { ...expectLane(watched), toEqual };
    };
    return {
      nucleus: this.#nucleus,
      run: (pipeline$, subscription) => this.#pipeline(pipeline$, subscription),
      expectStream,
      expectLane,
      expectPublished: topicFilter => expectLane(published(topicFilter)),
      published,
      expectPublishedLocally: topicFilter =>
        expectLane(this.#messages('What was published locally', topicFilter, () => this.#publishedLocally())),
      context: <A>(config?: A) => this.#context(config as A),
      expectArrived: topicFilter => expectLane(this.#messages('What arrived', topicFilter, () => this.#nucleus.arrived)),
      expectFile: path => expectLane(this.#file(path)),
      expectSubscriptions: to => {
        if (typeof to === 'object') return expectSpans(run, 'The subscriptions', () => spansOfSource(to));
        if (to !== undefined) this.#expected.push({ topic: to, of: 'subscribed' });
        return expectSpans(run, `The subscriptions${to === undefined ? '' : ` to ${to}`}`, () => spansAtNucleus(this.#nucleus.events, to));
      },
      expectState: () => expectLane(this.#states()),
      expectNothingDropped,
      expectStage,
      time: diagram => lengthOf(diagram),
      ...sourcesOf(scheduler, run),
      scheduler,
    };
  }

  #publishedLocally(): readonly LocallyPublished[] {
    return this.#nucleus.events.flatMap(event =>
      event.kind === 'localPublished' && event.component === COMPONENT
        ? [{ topicName: event.topicName, payload: event.payload, at: event.at }]
        : [],
    );
  }

  #context<A>(config: A): RunContext<A> {
    const { services, drawnConfigurations$ } = this.#nucleus;
    const followed = new Followed(config, services.draining$);
    // A lane has what its table says, and that is what the component's configuration is.
    this.#subscriptions.add(drawnConfigurations$.subscribe(next => followed.next(right(next as A))));
    return runContext(silentLog, followed.config$, services);
  }

  /** Keeps what would have been appended to a file. */
  wrote(path: string, line: string): void {
    const event: LaneEvent = { at: this.#scheduler.frame, kind: 'N', value: payloadContent(Buffer.from(line.trimEnd())) };
    const file = this.#files.get(resolve(path));
    if (file === undefined) this.#files.set(resolve(path), [event]);
    else file.push(event);
  }

  /** What is wrong if a pipeline failed, which no diagram expects. */
  failureOfPipelines(): string | undefined {
    const end = this.#end()[0];
    if (end?.kind !== 'E') return undefined;
    return `The pipeline failed at frame ${end.at}, which no diagram expects: ${describeValue(end.error)}`;
  }

  #meanwhile(told: string): readonly string[] {
    const { events, unheard } = this.#nucleus;
    const emitted = this.#pipelines.flat();
    const hasResults = this.#pipelines.length === 0 || emitted.some(({ kind }) => kind !== 'C');
    const lost = [
      ...this.#ledger.lost(),
      ...this.#ledger.absorbed(),
      ...(hasResults ? [] : this.#ledger.withoutResult()),
      ...(this.#isUnending(told) ? ['no lane of the nucleus has a |, at which the component would be told to end'] : []),
    ];
    return meanwhileLines({ runsNothing: this.#runsNothing(), emitted, events, unheard, lost, expected: this.#expected }, told);
  }

  /** Whether it runs no component, though there are messages for one. */
  #runsNothing(): boolean {
    return this.#nucleus.processes.length === 0 && this.#nucleus.unheard.length > 0;
  }

  /** Whether an end is missing since nothing tells the component to end. */
  #isUnending(told: string): boolean {
    return told.includes('expected |') && this.#pipelines.length > 0 && this.#end().length === 0 && !this.#nucleus.hasEnd;
  }

  #pipeline(pipeline$: Observable<unknown>, subscription: string | undefined): Lane {
    const { events, lane } = this.#watch('The pipeline', pipeline$, subscription);
    this.#pipelines.push(events);
    return lane;
  }

  #file(path: string): Lane {
    const events = (): readonly LaneEvent[] => [...(this.#files.get(resolve(path)) ?? []), ...this.#end()];
    return lane({ label: `What was written to ${path}`, run: this.#run, events });
  }

  #messages(what: string, topicFilter: string, messages: () => readonly (PublishedMessage | ArrivedMessage | LocallyPublished)[]): Lane {
    this.#expected.push({ topic: topicFilter, of: 'published' });
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
    if (!isObservable(stream$)) throw new TypeError(noStream(stream$));
    const events: LaneEvent[] = [];
    const scheduler = this.#scheduler;
    const { from, to } = subscription === undefined ? { from: 0, to: Infinity } : parseSpan(subscription);
    this.#run.reaches(from);
    this.#run.reaches(to);
    let watching: Subscription | undefined;
    const begin = (): void => {
      watching = stream$.pipe(movesOn(scheduler, MAX_VALUES_AT_ONCE)).subscribe({
        next: value => events.push({ at: scheduler.frame, kind: 'N', value }),
        error: (error: unknown) => {
          events.push({ at: scheduler.frame, kind: 'E', error });
          if (error instanceof VirtualTimeStopped) scheduler.schedule(() => stop(error));
        },
        complete: () => events.push({ at: scheduler.frame, kind: 'C' }),
      });
      this.#subscriptions.add(watching);
      this.#nucleus.settle();
    };
    scheduler.schedule(() => {
      begin();
      if (to !== Infinity) scheduler.schedule(() => watching?.unsubscribe(), to - from);
    }, from);
    this.#nucleus.processes.push({
      end: () => {
        if (watching === undefined || watching.closed) return () => undefined;
        watching.unsubscribe();
        return begin;
      },
    });
    return { events, lane: lane({ label, run: this.#run, events: () => events }) };
  }
}

/** Of what is given for a stream: most often the branches of a component, each by its name. */
function noStream(given: unknown): string {
  const names = typeof given === 'object' && given !== null ? Object.keys(given).join(', ') : '';
  return names === ''
    ? `A stream belongs here, and not ${describeValue(given)}.`
    : `A stream belongs here, and not several by their names (${names}): merge them, as in run(mergeBranches(component.run(…))).`;
}

function stop(reason: VirtualTimeStopped): never {
  throw reason;
}
