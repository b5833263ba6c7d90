import { statSync } from 'node:fs';
import { join } from 'node:path';
import { right } from 'fp-ts/lib/Either.js';
import { BehaviorSubject, map, type Observable, Subject, tap, timer } from 'rxjs';
import { expect, it } from 'vitest';
import { type ForwardPort, markOf, openOutbox } from '../../src/outbox/index.js';
import { forwardFrom } from '../../src/outbox/forward-from.js';
import { FileOutbox } from '../../src/outbox/outbox.js';
import { sqliteStore } from '../../src/outbox/sqlite/sqlite-store.js';
import type { Store } from '../../src/outbox/store.js';
import { storeIn } from '../../src/outbox/store-in.js';
import { QOS } from '../../src/shared/qos.js';
import type { PublishRequest } from '../../src/ports/mqtt-message.js';
import type { CloudStatus } from '../../src/ports/mqtt-proxy.js';
import { connected } from '../kit/nucleus/fake-proxy.js';
import { VirtualTime } from '../kit/time/virtual-time.js';
import { ownFolder } from './stores.js';

/** Days without a connection, a reading a second. A long run has 12: `DAYS=12`. */
const DAYS = Number(process.env['DAYS'] ?? 0.03);
const READINGS = Math.round(DAYS * 86_400);
const RATE = 50;
const SECOND = 1_000;
/** Virtual milliseconds that go by at once: fewer messages than are read ahead are sent in them. */
const STEP = 250;
/** Megabytes that the process may grow by from the first tenth on. */
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

const megabytes = (): number => process.memoryUsage.rss() / 2 ** 20;

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
      topics: undefined,
      deleteWhen: 'accepted',
      profile: undefined,
      scheduler: time,
      commit: { messages: 100, within: 100 },
      staysOpen: false,
      make: () => disk.store(sqliteStore({ ...settings, path }, () => 'epoch')),
    });
    const rss: number[] = [];
    const arrived = new Uint8Array(READINGS + 10 * SECOND);
    const sentAt: number[] = [];
    let [live, latest, longest, outOfOrder, lastBacklog] = [0, 0, 0, 0, 0];
    let firstLive: number | undefined;
    const cloud$ = new BehaviorSubject<CloudStatus>('disconnected');
    const onSent = ({ topicName, payload }: PublishRequest): void => {
      const mark = markOf({ topicName, payload: Buffer.from(payload) });
      if (mark === undefined) throw new Error('It has no mark.');
      arrived[mark.number] = (arrived[mark.number] ?? 0) + 1;
      sentAt.push(time.now());
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
    running.add(forwardFrom(outbox, port, { rate: RATE, scheduler: time }).subscribe());
    await disk.quiet();

    for (let n = 0; n < READINGS; n++) {
      readings$.next(n);
      time.advance(SECOND);
      if (n % 500 !== 499) continue;
      await disk.quiet();
      if (n % Math.ceil(READINGS / 10) < 500) rss.push(megabytes());
    }
    await disk.quiet();
    expect([stored, refused, sentAt.length]).toEqual([READINGS, 0, 0]);
    const full = statSync(path).size;

    const online = time.now();
    cloud$.next('connected');
    let readings = READINGS;
    // Until nothing waits; the device goes on measuring.
    for (let step = 0; sentAt.length < readings; step++) {
      if (step % (SECOND / STEP) === 0) readings$.next(readings++);
      time.advance(STEP);
      await disk.quiet();
      if (step % Math.ceil((READINGS / RATE / 10) * (SECOND / STEP)) === 0) rss.push(megabytes());
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
    expect(sentAt.findIndex((at, i) => at - (sentAt[i - RATE * 1.2] ?? -Infinity) < SECOND)).toBe(-1);
    expect(statSync(path).size).toBe(await sizeOfEmpty());
    const grown = Math.max(...rss) - (rss[1] ?? Infinity);
    if (process.env['DAYS'] === undefined) return;
    console.log(
      `${READINGS} readings, ${(full / 2 ** 20).toFixed(0)} MB on the disk; first live after ${(firstLive ?? NaN) - online} ms, longest live delay ${longest} ms; ` +
        `drained in ${(took / SECOND).toFixed(0)} s (${(READINGS / (took / SECOND)).toFixed(1)}/s beside 1/s live); memory grew by ${grown.toFixed(0)} MB, from ${rss.map(at => at.toFixed(0)).join(' ')}`,
    );
    expect(grown).toBeLessThan(FLAT);
  },
  60_000 + READINGS * 5,
);
