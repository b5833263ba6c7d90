import fs from 'node:fs';
import { join } from 'node:path';
import { asyncScheduler, delay } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it } from 'vitest';
import { AgeClock } from '../../src/outbox/store.js';
import { openDatabase, type Row, type Statement } from '../../src/outbox/sqlite/database.js';
import { VirtualTime } from '../kit/time/virtual-time.js';
import { InProcess, sqlite } from './in-process.js';
import { at } from './samples.js';
import { IS_WINDOWS } from '../kit/process/platform.js';
import { ownFolder } from './stores.js';
import { inStore } from './virtual.js';

const failing = (code: string): never => {
  throw Object.assign(new Error(`${code}: as asked`), { code });
};

/** Why a file is not for us, what makes it so, and what is said of it. */
const NOT_OURS = [
  ['is a database of something else', 'CREATE TABLE other(a)', 'a database of something else'],
  ['was written by a newer version', 'ALTER TABLE message ADD COLUMN colour; PRAGMA user_version=2', 'a newer version'],
  ['was written by a newer version with the same tables', 'PRAGMA user_version=2; UPDATE state SET version=2', 'a newer version'],
  ['was written by an older version', 'PRAGMA user_version=0; UPDATE state SET version=0', 'an older version'],
] as const;

describe('an outbox in trouble', () => {
  it('with no room on the disk stores nothing and says so, keeps what it had, and goes on when there is room', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    let database: ReturnType<typeof openDatabase>['database'] | undefined;
    const store = new InProcess(
      path,
      {},
      {
        openDatabase: (...given) => {
          const tables = openDatabase(...given);
          ({ database } = tables);
          return tables;
        },
      },
    );
    await store.open('first');
    await store.put(['kept']);
    database?.exec('PRAGMA max_page_count=20');
    await expect(store.put(['x'.repeat(200_000)])).rejects.toMatchObject({ reason: 'disk-full' });
    // A message for which there is room is stored, also beside one for which there is none.
    const [large, small] = await Promise.allSettled([store.put(['y'.repeat(200_000)]), store.put(['small'])]);
    expect([large.status, small.status]).toEqual(['rejected', 'fulfilled']);
    database?.exec('PRAGMA max_page_count=100000');
    await store.put(['later']);
    const { texts, counts } = await store.takeAll();
    expect(texts).toEqual(['kept', 'small', 'later']);
    expect(counts).toMatchObject({ stored: 3, inside: 3 });
    await store.close();
  });

  it.each(['EIO', 'ENOSPC'])('acknowledges nothing of a file any more once a sync has failed with %s', async code => {
    const path = join(ownFolder(), 'outbox.sqlite');
    let fails = false;
    const store = new InProcess(path, {}, { fs: { ...fs, fdatasyncSync: handle => (fails ? failing(code) : fs.fdatasyncSync(handle)) } });
    await store.open('first');
    await store.put(['kept']);
    fails = true;
    await expect(store.put(['unknown'])).rejects.toMatchObject({ reason: 'sync-failed' });
    fails = false;
    await expect(store.put(['later'])).rejects.toMatchObject({ reason: 'sync-failed' });
    await store.close();
    const next = new InProcess(path);
    await next.open('second');
    expect((await next.takeAll()).texts[0]).toBe('kept');
    await next.close();
  });

  it.each([
    ['its mark cannot be read', 'readSync', '-mark'],
    ['a damaged file cannot be mended in its place', 'writeSync', '.salvage'],
  ] as const)('leaves no file open where %s', async (_, call, suffix) => {
    const path = join(ownFolder(), 'outbox.sqlite');
    const before = new InProcess(path);
    await before.open('first');
    await before.put(['kept']);
    await before.close();
    if (suffix === '.salvage') fs.writeFileSync(path, fs.readFileSync(path).fill(0x55, 0, 100));
    const open = new Map<number, string>();
    const watched = {
      ...fs,
      openSync: (...given: Parameters<typeof fs.openSync>) => {
        const handle = fs.openSync(...given);
        open.set(handle, String(given[0]));
        return handle;
      },
      closeSync: (handle: number) => {
        open.delete(handle);
        fs.closeSync(handle);
      },
      [call]: (handle: number) => (open.get(handle)?.endsWith(suffix) === true ? failing('EIO') : 0),
    };
    const store = new InProcess(path, {}, { fs: watched });
    await store.open('second').catch(() => undefined);
    await store.close();
    expect([...open.values()]).toEqual([]);
  });

  // Files of Windows have no modes.
  it.skipIf(IS_WINDOWS)('can be read by its own user alone: its payloads may be nobody else’s business', async () => {
    const folder = ownFolder();
    const path = join(folder, 'outbox.sqlite');
    const store = new InProcess(path);
    await store.open('first');
    await store.put(['secret']);
    const files = fs.readdirSync(folder).sort();
    expect(files).toEqual(['outbox.sqlite', 'outbox.sqlite-mark', 'outbox.sqlite-wal']);
    expect(files.map(file => fs.statSync(join(folder, file)).mode & 0o077)).toEqual([0, 0, 0]);
    await store.close();
  });

  it('that may not be written says so', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    const store = new InProcess(path, {}, { fs: { ...fs, openSync: () => failing('EROFS') } });
    await expect(store.open('first')).rejects.toMatchObject({ reason: 'read-only' });
  });

  it.each(NOT_OURS)('whose file %s is left as it is', async (what, sql, says) => {
    const path = join(ownFolder(), 'outbox.sqlite');
    if (what.startsWith('was')) {
      const store = new InProcess(path);
      await store.open('first');
      await store.close();
    }
    const { DatabaseSync } = sqlite();
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
    const before = fs.readFileSync(path);
    const store = new InProcess(path);
    await expect(store.open('second')).rejects.toThrow(says);
    await expect(store.open('third')).rejects.toMatchObject({ reason: 'unusable' });
    expect(fs.existsSync(`${path}.damaged`)).toBe(false);
    expect(fs.readFileSync(path).equals(before)).toBe(true);
  });

  it.each(['PRAGMA user_version=0', 'PRAGMA user_version=3', `PRAGMA user_version=${(1 << 30) + 1}`, 'UPDATE state SET version=3'])(
    'in whose file one of the two places of its version is damaged is used as it is: %s',
    async damage => {
      const path = join(ownFolder(), 'outbox.sqlite');
      const before = new InProcess(path);
      await before.open('first');
      await before.put(['kept']);
      await before.close();
      const database = new (sqlite().DatabaseSync)(path);
      database.exec(damage);
      database.close();
      const store = new InProcess(path);
      const { movedTo, lostToDamage } = await store.open('second');
      const { texts, damaged } = await store.takeAll();
      await store.close();
      expect({ texts, movedTo, told: lostToDamage + damaged }).toEqual({ texts: ['kept'], movedTo: undefined, told: 0 });
    },
  );

  it('keeps a damaged file beside it until its room is needed: all files together have their bound, and no message gives way for it', async () => {
    const folder = ownFolder();
    const path = join(folder, 'outbox.sqlite');
    const maxBytes = 1 << 20;
    const messages = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `${i} ${'x'.repeat(2_000)}`);
    const before = new InProcess(path, { maxBytes });
    await before.open('first');
    await before.put(messages(100));
    await before.close();
    fs.writeFileSync(path, fs.readFileSync(path).fill(0x55, 0, 16));
    const store = new InProcess(path, { maxBytes });
    await store.open('second');
    const stored: { readonly isKept: boolean; readonly dropped: number; readonly isBounded: boolean }[] = [];
    for (let i = 0; i < 20; i++) {
      const { dropped } = await store.put(messages(20));
      const bytes = fs.readdirSync(folder).reduce((sum, name) => sum + fs.statSync(join(folder, name)).size, 0);
      stored.push({ isKept: fs.existsSync(`${path}.damaged`), dropped, isBounded: bytes <= maxBytes });
    }
    await store.close();
    const forgotten = stored.findIndex(({ isKept }) => !isKept);
    expect(forgotten).toBeGreaterThan(0);
    expect(stored[forgotten]).toMatchObject({ dropped: 0 });
    expect(stored.at(-1)?.dropped).toBeGreaterThan(0);
    expect(stored.filter(({ isBounded }) => !isBounded)).toEqual([]);
  });

  it('that is open already says so', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    const first = new InProcess(path);
    await first.open('first');
    await expect(new InProcess(path).open('second')).rejects.toMatchObject({ reason: 'busy' });
    await first.close();
  });

  it('keeps messages whose key and stream have U+0000 in them, at which Node 22 ends a text', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    const cut = (row: Row): Row =>
      Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, typeof cell === 'string' ? (cell.split('\0')[0] ?? '') : cell]));
    const asNode22 = (...given: Parameters<typeof openDatabase>): ReturnType<typeof openDatabase> => {
      const tables = openDatabase(...given);
      const statement = (sql: string): Statement => {
        const made = tables.statement(sql);
        return {
          run: (...values) => made.run(...values),
          get: (...values) => {
            const row = made.get(...values);
            return row === undefined ? undefined : cut(row);
          },
          all: (...values) => made.all(...values).map(cut),
        };
      };
      return { ...tables, statement };
    };
    const before = new InProcess(path, {}, { openDatabase: asNode22 });
    await before.open('first');
    await before.put(['kept'], at(0), { stream: 'line\0one', key: 'key\0of it' });
    await before.close();
    const store = new InProcess(path, {}, { openDatabase: asNode22 });
    const { movedTo } = await store.open('unused', at(1));
    const { texts, damaged } = await store.takeAll(at(1));
    await store.close();
    expect({ movedTo, texts, damaged }).toEqual({ movedTo: undefined, texts: ['kept'], damaged: 0 });
  });

  it('with a clock that was set back by years, and forward, keeps what is not too old', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    const year = 365 * 24 * 3_600_000;
    const store = new InProcess(path, { maxAge: 1_000 });
    await store.open('first', { timeOfDay: 50 * year, age: 0 });
    await store.put(['one'], { timeOfDay: 50 * year, age: 0 });
    await store.put(['two'], { timeOfDay: 20 * year, age: 500 });
    await store.put(['three'], { timeOfDay: 90 * year, age: 999 });
    expect((await store.takeAll({ timeOfDay: 90 * year, age: 1_200 })).texts).toEqual(['two', 'three']);
    await store.close();
  });

  it('whose disk takes longer than there is for a last commit is closed then, and one whose disk answers is not', async () => {
    const time = new VirtualTime();
    const outboxes = [0, 600].map(takes =>
      inStore(
        store => ({
          open: now => store.open(now).pipe(delay(takes, time)),
          settle: (fates, now) => store.settle(fates, now).pipe(delay(takes, time)),
        }),
        time,
      ),
    );
    const told: string[][] = outboxes.map(() => []);
    outboxes.forEach((outbox, i) => outbox.use().subscribe(answer => told[i]?.push(answer._tag === 'Left' ? answer.left.reason : 'open')));
    const committed = outboxes.map(outbox => outbox.commit(1_000));
    time.advance(1_000);
    await Promise.all(committed);
    expect(told).toEqual([['open'], ['open', 'closed']]);
  });

  it('counts ages on from where the file left off, over the time between only forwards', () => {
    new TestScheduler(() => undefined).run(({ flush }) => {
      const clock = new AgeClock(asyncScheduler);
      const begun = asyncScheduler.now();
      clock.resume(10_000, begun - 500);
      expect(clock.now().age).toBe(10_500);
      clock.resume(10_000, begun + 1_000_000);
      expect(clock.now().age).toBe(10_000);
      asyncScheduler.schedule(() => expect(clock.now().age).toBe(10_070), 70);
      flush();
    });
  });

  it('counts no age from a time of day that nobody had set to one that somebody has', () => {
    const since = (begun: number, passed: number): number => {
      const time = new VirtualTime();
      time.advance(begun + passed);
      const clock = new AgeClock(time);
      clock.resume(10_000, begun);
      return clock.now().age - 10_000;
    };
    const [hour, set] = [3_600_000, Date.UTC(2026, 5)];
    expect(since(hour, hour)).toBe(hour);
    expect(since(hour, set - hour)).toBe(0);
    expect(since(set, hour)).toBe(hour);
    expect(since(set, hour - set)).toBe(0);
  });

  it('gives the space back on the disk when it is empty again', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    const store = new InProcess(path);
    await store.open('first');
    const empty = fs.statSync(path).size;
    for (let i = 0; i < 50; i++)
      await store.put(
        Array.from({ length: 20 }, () => 'x'.repeat(2_000)),
        at(i),
      );
    const { places } = await store.takeAll();
    for (let i = 0; i < places.length; i += 100) await store.settle(places.slice(i, i + 100).map(place => ({ place, fate: 'forwarded' })));
    await store.close();
    expect(places).toHaveLength(1_000);
    expect(fs.statSync(path).size).toBeLessThan(Math.max(empty, 1) + 100_000);
  });
});
