import { defer, Subscription } from 'rxjs';
import { type BranchEvent, branchEvents, namedBranches } from '../component/branches.js';
import { type Component, runContext } from '../component/component.js';
import { CONFIG_KEY, Followed } from '../component/configuration.js';
import { silentLog } from '../component/log.js';
import { recordedBy, type SharedReading } from '../flow/ledger.js';
import { withoutReading } from '../flow/pull-through.js';
import { VirtualDisk, withVirtualDisk } from '../outbox/virtual-disk.js';
import { linesKeptBy } from '../sinks/dead-letter-file.js';
import { plural } from '../shared/visible.js';
import type { FeedAccount } from '../stream/feed.js';
import { MemoryNucleus } from '../testing/memory-nucleus.js';
import {
  type AwaitedPromise,
  MAX_AT_ONCE,
  MAX_VALUES_AT_ONCE,
  movesOn,
  VirtualTime,
  VirtualTimeStopped,
  watchPromises,
} from '../testing/virtual-time.js';
import {
  type PayloadSample,
  PayloadSamples,
  type RecordedLocalPublish,
  type RecordedLocalSubscription,
  type RecordedNews,
  type RecordedPublish,
  type RecordedStage,
  type RecordedSubscription,
  RecordingLedger,
  recordingNucleus,
  recordingProxy,
  type Refusals,
} from './recording-nucleus.js';

/** What there was to see of a component that was subscribed, got no message, and was told to stop. */
export interface DryRecord {
  readonly branches: readonly BranchRecord[];
  readonly subscriptions: readonly RecordedSubscription[];
  readonly stages: readonly RecordedStage[];
  readonly feeds: readonly FeedAccount[];
  readonly publishes: readonly RecordedPublish[];
  readonly localSubscriptions: readonly RecordedLocalSubscription[];
  readonly localPublishes: readonly RecordedLocalPublish[];
  readonly news: readonly RecordedNews[];
  /** A sentence for each reason for which publishes, on both, would not be sent to any nucleus. */
  readonly refusals: readonly string[];
  /** How those who share a subscription read its messages. */
  readonly readings: readonly SharedReading[];
  /** Of what it published by itself, on both services, the first payloads of each topic. */
  readonly samples: readonly PayloadSample[];
  /** Virtual milliseconds it ran before it was told to stop. */
  readonly horizon: number;
  /** A promise it waited for: what comes after it was not seen. */
  readonly awaited: AwaitedPromise | undefined;
}

/** How a branch fared. */
export interface BranchRecord {
  readonly name: string;
  /** How it ended by itself, before anybody told it to. */
  readonly end: Exclude<BranchEvent, { readonly kind: 'left' }> | undefined;
  /** Whether it completed when it was told to stop. */
  readonly drains: boolean;
}

/** Timers that may fire: enough for a component that publishes every millisecond, and worked off in a few seconds. */
const TIMERS = { atOnce: MAX_AT_ONCE, altogether: 1_000_000 };

/** Virtual milliseconds that branches are given to end, as on a device. */
const DRAIN = 10_000;

/**
 * Runs the component in virtual time on a nucleus in memory that allows everything and sends nothing.
 *
 * Everything on RxJS' schedulers is virtual. What the component does besides, at its subscription (a file, a socket), it does.
 *
 * @param config what `run` is called with.
 * @param written the same as JSON: what the nucleus has.
 *
 * Throws a VirtualTimeStopped where timers have no end.
 */
export function record(component: Pick<Component, 'run'>, config: unknown, written: unknown, horizon: number): DryRecord {
  const ledger = new RecordingLedger();
  const subscriptions: RecordedSubscription[] = [];
  const publishes: RecordedPublish[] = [];
  const localSubscriptions: RecordedLocalSubscription[] = [];
  const localPublishes: RecordedLocalPublish[] = [];
  const news: RecordedNews[] = [];
  const refusals: Refusals = new Map();
  const samples = new PayloadSamples();
  const ends = new Map<string, { readonly at: number; readonly event: BranchRecord['end'] }>();
  let awaited: AwaitedPromise | undefined;
  let stopped: VirtualTimeStopped | undefined;
  let names: readonly string[] = [];
  const scheduler = new VirtualTime(TIMERS);
  const recorded = (work: () => void): void => withVirtualDisk(new VirtualDisk(), () => recordedBy(ledger, work));
  recorded(() => {
    scheduler.run(({ flush }) => {
      const memory = new MemoryNucleus({ scheduler, connectionStatus: true, configuration: { [CONFIG_KEY]: written } });
      const services = memory.connectNucleus();
      const branch = (): string | undefined => ledger.branch;
      const proxy = recordingProxy(services.mqtt, { branch, subscriptions, publishes, refusals, samples });
      const nucleus = recordingNucleus(services, proxy, { branch, localSubscriptions, localPublishes, news, refusals, samples });
      const config$ = defer(() => {
        news.push({ branch: branch(), kind: 'configuration', name: `/${CONFIG_KEY}` });
        return new Followed(config, proxy.draining$).config$;
      });
      const running = new Subscription();
      try {
        const branches = namedBranches(component.run(proxy, config, runContext(silentLog, config$, nucleus)));
        names = [...branches.keys()];
        scheduler.schedule(() => {
          for (const [name, branch] of branches) {
            ledger.branch = name;
            running.add(
              branchEvents(name, branch.pipe(movesOn(scheduler, MAX_VALUES_AT_ONCE))).subscribe(event => {
                if (event.kind === 'defect' && event.error instanceof VirtualTimeStopped) stopped = event.error;
                if (event.kind !== 'left') ends.set(name, { at: scheduler.frame, event });
              }),
            );
            ledger.branch = undefined;
          }
          memory.settle();
        });
        scheduler.schedule(() => {
          void proxy.drain(DRAIN)();
          memory.settle();
        }, horizon);
        scheduler.maxFrames = horizon + DRAIN;
        awaited = linesKeptBy(
          () => undefined,
          () => withoutReading(() => watchPromises(flush, () => scheduler.frame)),
        );
        if (stopped !== undefined) throw stopped;
      } finally {
        running.unsubscribe();
        void proxy.close();
        memory.settle();
      }
    });
  });
  /** The subscription of a shared one has no codec of its own. */
  const readBy = <S extends Pick<RecordedSubscription, 'filter' | 'codec'>>(isLocal: boolean, subscription: S): S => {
    const { filter, codec } = subscription;
    const shared = ledger.readings.find(reading => reading.isLocal === isLocal && reading.filter === filter);
    return { ...subscription, codec: codec ?? shared?.codec };
  };
  return {
    branches: names.map(name => {
      const end = ends.get(name);
      return { name, end: end !== undefined && end.at < horizon ? end.event : undefined, drains: end !== undefined };
    }),
    subscriptions: subscriptions.map(subscription => readBy(false, subscription)),
    stages: ledger.opened,
    feeds: ledger.snapshot().feeds,
    publishes,
    localSubscriptions: localSubscriptions.map(subscription => readBy(true, subscription)),
    localPublishes,
    news,
    readings: ledger.readings,
    refusals: [...refusals.values()].map(({ message, topics }) => `What it publishes to ${fewOf([...topics])} is refused: ${message}`),
    samples: samples.all,
    horizon,
    awaited,
  };
}

/** The first of these topics, and how many more there are. */
export function fewOf(topics: readonly string[]): string {
  const first = topics.slice(0, NAMED).map(topic => JSON.stringify(topic));
  return `${first.join(', ')}${topics.length > NAMED ? ` and ${plural(topics.length - NAMED, 'more topic')}` : ''}`;
}

/** Topics that a finding names. */
const NAMED = 3;

/** Something a dry run found. `error`: it will not work. `warning`: it is likely not what was meant. `note`: worth knowing. */
export interface Finding {
  readonly severity: 'error' | 'warning' | 'note';
  readonly about: 'branches' | 'topics' | 'policies' | 'quotas' | 'memory' | 'codecs' | 'loops' | 'configuration' | 'cloud';
  /** What it is and what to do about it. */
  readonly message: string;
}
