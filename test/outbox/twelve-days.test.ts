import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { right } from 'fp-ts/lib/Either.js';
import { BehaviorSubject, map, type Observable, Subject, tap, timer } from 'rxjs';
import { expect, it } from 'vitest';
import { Ledger } from '../../src/flow/ledger.js';
import { type ForwardPort, markOf, openOutbox } from '../../src/outbox/index.js';
import { forwardFrom } from '../../src/outbox/forward-from.js';
import { FileOutbox } from '../../src/outbox/file-outbox.js';
import { sqliteStore } from '../../src/outbox/sqlite/sqlite-store.js';
import type { Store } from '../../src/outbox/store.js';
import { storeIn } from '../../src/outbox/store-in.js';
import { QOS } from '../../src/shared/qos.js';
import type { CloudStatus, PublishRequest } from '../../src/ports/mqtt-proxy.js';
import { connected } from '../kit/nucleus/fake-proxy.js';
import { VirtualTime } from '../kit/time/virtual-time.js';
import { ownFolder } from './stores.js';
import { timeLimit } from '../../scripts/time-limit.js';

/** Days without a connection, a reading a second. A long run has 12: `DAYS=12`. */
const DAYS = Number(process.env['DAYS'] ?? 0.03);
const IS_LONG = process.env['DAYS'] !== undefined;
const READINGS = Math.round(DAYS * 86_400);
const RATE = 50;
const SECOND = 1_000;
/** Virtual milliseconds that go by at once: fewer messages than are read ahead are sent in them. */
const STEP = 250;
/** Megabytes that the second half of storing, and of sending, may take more than the first: by then all code is compiled. */
const FLAT = 32;

/** A store on a real disk, for a clock that stands while it is asked. */
class Quiet {
  private underWay = 0;
  private onQuiet: () => void = () => undefined;

  /** Resolves when nothing is asked of it any more, what its answers have led to included. */
  async quiet(): Promise<void> {
    while (this.underWay > 0) await new Promise<void>(resolve => (this.onQuiet = resolve));
  }

  store(store: Store): Store {
    const counted = <A>(answer$: Observable<A>): Observable<A> => {
      this.underWay++;
      return answer$.pipe(
        tap({
          finalize: () => {
            if (--this.underWay === 0) this.onQuiet();
          },
        }),
      );
    };
    return {
      open: now => counted(store.open(now)),
      put: (records, now) => counted(store.put(records, now)),
      take: (request, now) => counted(store.take(request, now)),
      settle: (fates, now) => counted(store.settle(fates, now)),
      close: () => store.close(),
    };
  }
}

const sizeOfEmpty = async (): Promise<number> => {
  const path = join(ownFolder(), 'outbox.sqlite');
  const outbox = openOutbox({ path });
  const using = outbox.use().subscribe();
  await outbox.close();
  using.unsubscribe();
  return statSync(path).size;
};

/** Of the process, the worker and SQLite included, without what this thread has done with. */
const megabytes = (): number => {
  if (IS_LONG) {
    setFlagsFromString('--expose-gc');
    (runInNewContext('gc') as () => void)();
  }
  return process.memoryUsage.rss() / 2 ** 20;
};

const growth = (samples: readonly number[]): number => {
  const half = Math.ceil(samples.length / 2);
  return Math.max(...samples.slice(half)) - Math.max(...samples.slice(0, half));
};
const rounded = (samples: readonly number[]): string => samples.map(at => at.toFixed(0)).join(' ');

it(
  `a device that was offline for days sends what is live within a second, and what waited at its rate`,
  async () => {
    const time = new VirtualTime();
    const path = join(ownFolder(), 'outbox.sqlite');
    const disk = new Quiet();
    const settings = { maxBytes: 1 << 30, maxAge: Infinity, onFull: 'refuse' } as const;
    const outbox = new FileOutbox({
      settings,
      isInMemory: false,
      path,
      mark: 'wrap',
      tellOldest: false,
      topics: undefined,
      deleteWhen: 'accepted',
      profile: undefined,
      scheduler: time,
      ledger: new Ledger(),
      commit: { messages: 100, within: 100 },
      staysOpen: false,
      make: () => disk.store(sqliteStore({ ...settings, path }, () => 'epoch')),
    });
    const rss = { storing: [] as number[], sending: [] as number[] };
    const arrived = new Uint8Array(Math.ceil(READINGS * 1.1) + 1_000);
    const sentAt = new Float64Array(arrived.length);
    let [sent, live, latest, longest, outOfOrder, lastBacklog] = [0, 0, 0, 0, 0, 0];
    let firstLive: number | undefined;
    const cloud$ = new BehaviorSubject<CloudStatus>('disconnected');
    const onSent = ({ topicName, payload }: PublishRequest): void => {
      const mark = markOf({ topicName, payload: Buffer.from(payload) });
      if (mark === undefined) throw new Error('It has no mark.');
      arrived[mark.number] = (arrived[mark.number] ?? 0) + 1;
      sentAt[sent++] = time.now();
      if (mark.replayed) {
        if (mark.number < lastBacklog) outOfOrder++;
        lastBacklog = mark.number;
        return;
      }
      live++;
      firstLive ??= time.now();
      if (mark.number < latest) outOfOrder++;
      latest = mark.number;
      longest = Math.max(longest, time.now() - mark.storedAt);
    };
    const port: ForwardPort = {
      state$: new BehaviorSubject(connected(8)),
      cloud$,
      publish$: request => {
        onSent(request);
        return timer(1, time).pipe(map(() => right({ by: 'spooler' as const })));
      },
    };
    const readings$ = new Subject<number>();
    let [stored, refused] = [0, 0];
    const running = readings$
      .pipe(storeIn(outbox, n => ({ topicName: 'meters/7', payload: `{"kWh":${n},"note":"${'n'.repeat(96)}"}`, qos: QOS.AT_LEAST_ONCE })))
      .subscribe(({ _tag }) => (_tag === 'Right' ? stored++ : refused++));
    running.add(forwardFrom(outbox, port, { messagesPerSecond: RATE, scheduler: time }).subscribe());
    await disk.quiet();

    for (let n = 0; n < READINGS; n++) {
      readings$.next(n);
      time.advance(SECOND);
      if (n % 500 !== 499) continue;
      await disk.quiet();
      if (n % Math.ceil(READINGS / 10) < 500) rss.storing.push(megabytes());
    }
    await disk.quiet();
    expect([stored, refused, sent]).toEqual([READINGS, 0, 0]);
    const full = statSync(path).size;

    const online = time.now();
    cloud$.next('connected');
    let readings = READINGS;
    // Until nothing waits; the device goes on measuring.
    for (let step = 0; sent < readings; step++) {
      if (step % (SECOND / STEP) === 0) readings$.next(readings++);
      time.advance(STEP);
      await disk.quiet();
      if (step % Math.ceil((READINGS / RATE / 10) * (SECOND / STEP)) === 0) rss.sending.push(megabytes());
    }
    const took = time.now() - online;
    time.advance(SECOND);
    await disk.quiet();
    running.unsubscribe();
    await outbox.close();

    expect((firstLive ?? Infinity) - online).toBeLessThanOrEqual(SECOND);
    expect(longest).toBeLessThanOrEqual(SECOND);
    // All of them, once, in their order within live and within backlog.
    expect([live, outOfOrder]).toEqual([readings - READINGS, 0]);
    expect(arrived.subarray(1, readings + 1).every(times => times === 1)).toBe(true);
    // At the governed rate, and no faster.
    const expected = (READINGS / (RATE - 1)) * SECOND;
    expect(took).toBeGreaterThan(expected * 0.95 - SECOND);
    expect(took).toBeLessThan(expected * 1.05 + SECOND);
    expect(sentAt.subarray(0, sent).findIndex((at, i) => at - (sentAt[i - RATE * 1.2] ?? -Infinity) < SECOND)).toBe(-1);
    expect(statSync(path).size).toBe(await sizeOfEmpty());
    const grown = Math.max(...Object.values(rss).map(growth));
    if (!IS_LONG) return;
    console.log(
      `${READINGS} readings, ${(full / 2 ** 20).toFixed(0)} MB on the disk; first live after ${(firstLive ?? NaN) - online} ms, longest live delay ${longest} ms; ` +
        `drained in ${(took / SECOND).toFixed(0)} s (${(READINGS / (took / SECOND)).toFixed(1)}/s beside 1/s live); memory, MB: storing ${rounded(rss.storing)}, sending ${rounded(rss.sending)}`,
    );
    expect(grown).toBeLessThan(FLAT);
  },
  timeLimit(READINGS * 5),
);
