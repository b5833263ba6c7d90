import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { right } from 'fp-ts/lib/Either.js';
import { BehaviorSubject, firstValueFrom, lastValueFrom, map, of, Subject } from 'rxjs';
import { pullThrough } from '../../../src/flow/index.js';
import { forwardFrom, type ForwardPort, openOutbox, type Outbox, storeIn } from '../../../src/outbox/index.js';
import type { Sqlite } from '../../../src/outbox/sqlite/database.js';
import { QOS } from '../../../src/shared/qos.js';
import { connected } from '../../kit/nucleus/fake-proxy.js';
import { jsonPayload } from '../payload.js';
import { rssMegabytes } from './stopwatch.js';

/** What storing took. */
export interface StoringResult {
  readonly perSecond: number;
  /** Processor time for a record on the main thread, and on all others together: the worker, and what V8 has for itself. */
  readonly mainMicroseconds: number;
  readonly otherMicroseconds: number;
}

export interface StoringJob {
  readonly records: number;
  readonly warmUp: number;
  /** Records that share a commit. */
  readonly group: number;
}

/** Bytes of a record's payload. */
const SIZE = 128;
/** Room for what is measured. */
const MAX_BYTES = 4 * 2 ** 30;

/** Node 24 tells what the thread has used; the types of Node 20 do not know of it. */
const { threadCpuUsage } = process as unknown as { readonly threadCpuUsage: () => NodeJS.CpuUsage };
const sum = ({ user, system }: NodeJS.CpuUsage): number => user + system;

const temporary = async <A>(work: (path: string) => Promise<A>): Promise<A> => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-outbox-'));
  try {
    return await work(join(folder, 'outbox.sqlite'));
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** Both threads, from here to where it is called. */
const stopwatch = (records: number): (() => StoringResult) => {
  const begun = { at: performance.now(), main: sum(threadCpuUsage()), all: sum(process.cpuUsage()) };
  return () => {
    const main = sum(threadCpuUsage()) - begun.main;
    return {
      perSecond: (records * 1_000) / (performance.now() - begun.at),
      mainMicroseconds: main / records,
      otherMicroseconds: (sum(process.cpuUsage()) - begun.all - main) / records,
    };
  };
};

const store = async (outbox: Outbox, records: number): Promise<void> => {
  const payload = jsonPayload(SIZE);
  let stored = 0;
  const count = function* (): Iterable<number> {
    for (let n = 0; n < records; n++) yield n;
  };
  const outcomes$ = pullThrough(
    count(),
    storeIn(outbox, () => ({ topicName: 'bench/outbox', payload, qos: QOS.AT_LEAST_ONCE })),
  );
  await lastValueFrom(
    outcomes$.pipe(
      map(outcome => {
        if (outcome._tag === 'Left') throw outcome.left;
        stored++;
      }),
    ),
  );
  if (stored !== records) throw new Error(`${stored} of ${records} records were stored.`);
};

/** Through `storeIn`, as fast as it takes them. */
export const measureOutboxStoring = ({ records, warmUp, group }: StoringJob): Promise<StoringResult> =>
  temporary(async path => {
    await using outbox = openOutbox({ path, maxBytes: MAX_BYTES, commit: { messages: group, within: 100 } });
    await store(outbox, warmUp);
    const stop = stopwatch(records);
    await store(outbox, records);
    return stop();
  });

/** The same bytes into the same file by `node:sqlite` alone: a row, and nothing told of it. */
export const measureBareSqlite = ({ records, warmUp, group }: StoringJob): Promise<StoringResult> =>
  temporary(path => {
    const { DatabaseSync } = createRequire(import.meta.url)('node:sqlite') as Sqlite;
    const database = new DatabaseSync(path);
    database.exec('PRAGMA locking_mode=EXCLUSIVE; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL');
    database.exec('CREATE TABLE message(place INTEGER PRIMARY KEY, topicName TEXT NOT NULL, payload BLOB NOT NULL)');
    const insert = database.prepare('INSERT INTO message(topicName, payload) VALUES(?, ?)');
    const payload = jsonPayload(SIZE);
    const insertAll = (count: number): void => {
      for (let done = 0; done < count; done += group) {
        database.exec('BEGIN IMMEDIATE');
        for (let i = 0; i < group; i++) insert.run('bench/outbox', payload);
        database.exec('COMMIT');
      }
    };
    insertAll(warmUp);
    const stop = stopwatch(records);
    insertAll(records);
    const result = stop();
    database.close();
    return Promise.resolve(result);
  });

/** Fills a file for {@link measureOutboxLife}. */
export const fillOutbox = async ({ path, records }: { readonly path: string; readonly records: number }): Promise<number> => {
  await using outbox = openOutbox({ path, maxBytes: MAX_BYTES, commit: { messages: 1_000, within: 100 } });
  await store(outbox, records);
  return records;
};

export interface LifeJob {
  /** A file with something in it. `undefined`: the same load, without a store. */
  readonly path: string | undefined;
  readonly perSecond: number;
  readonly seconds: number;
  readonly idle: number;
}

export interface LifeResult {
  /** From opening to the first message that was forwarded, in milliseconds. */
  readonly firstForwarded: number;
  /** The process' memory over that before the outbox was opened, in MB: with nothing to do, and the most under load. */
  readonly idleMegabytes: number;
  readonly loadMegabytes: number;
  /** How late the event loop was under load, p99, in milliseconds. */
  readonly delayP99: number;
}

const passed = (milliseconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, milliseconds));

/** Opens a file with something in it, forwards, does nothing for a while, and then stores and forwards so many records a second. */
export async function measureOutboxLife({ path, perSecond, seconds, idle }: LifeJob): Promise<LifeResult> {
  const payload = jsonPayload(SIZE);
  const toRequest = (): Parameters<ForwardPort['publish$']>[0] => ({ topicName: 'bench/outbox', payload, qos: QOS.AT_LEAST_ONCE });
  const values$ = new Subject<number>();
  await passed(100);
  const before = rssMegabytes();
  const begun = performance.now();
  const outbox = path === undefined ? undefined : openOutbox({ path, maxBytes: MAX_BYTES });
  const port = portOf();
  let firstForwarded = 0;
  if (outbox === undefined) values$.pipe(map(toRequest)).subscribe();
  else {
    const forwarded$ = new Subject<unknown>();
    const first = firstValueFrom(forwarded$);
    forwardFrom(outbox, port).subscribe(forwarded$);
    await first;
    firstForwarded = performance.now() - begun;
    // On a busy machine the thread of the disk may have nothing of the processor for a while: that is late, and no failure.
    values$.pipe(storeIn(outbox, toRequest, { buffer: { messages: perSecond * seconds } })).subscribe(outcome => {
      if (outcome._tag === 'Left') throw outcome.left;
    });
  }
  await passed(idle);
  const idleMegabytes = rssMegabytes() - before;

  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let peak = 0;
  let emitted = 0;
  const from = performance.now();
  await new Promise<void>(resolve => {
    const ticking = setInterval(() => {
      const elapsed = performance.now() - from;
      for (const due = Math.min(elapsed / 1_000, seconds) * perSecond; emitted < due; emitted++) values$.next(emitted);
      peak = Math.max(peak, rssMegabytes());
      if (elapsed < seconds * 1_000) return;
      clearInterval(ticking);
      resolve();
    }, 1);
  });
  delay.disable();
  await outbox?.close();
  return { firstForwarded, idleMegabytes, loadMegabytes: peak - before, delayP99: delay.percentile(99) / 1e6 };
}

/** A nucleus that takes everything at once. */
const portOf = (): ForwardPort => ({ state$: new BehaviorSubject(connected(8)), publish$: () => of(right({ by: 'spooler' as const })) });
