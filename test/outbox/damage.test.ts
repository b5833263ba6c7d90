import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { salvage } from '../../src/outbox/sqlite/salvage.js';
import { crc32, InProcess, sqlite } from './in-process.js';
import { at } from './samples.js';
import { ownFolder } from './stores.js';

/** So many places in each file, spread over it. `DAMAGE=1000` takes more. */
const MOST = Number(process.env['DAMAGE'] ?? 40);
const FILES = ['', '-wal', '-mark'] as const;
const PAGE = 4_096;
const TEXTS = Array.from({ length: 40 }, (_, i) => `message ${i} ${'x'.repeat((i * 37) % 300)}`);

/** Files as a power cut leaves them: 20 messages in the database, of which 4 are done, 20 in the log. */
const original = new Map<string, Buffer>();
/** Files as a component leaves them that has ended: 20 messages in the database, and no log. */
const closed = new Map<string, Buffer>();

beforeAll(async () => {
  const folder = ownFolderOfSuite();
  const path = join(folder, 'outbox.sqlite');
  const before = new InProcess(path);
  await before.open('first');
  await before.put(TEXTS.slice(0, 20));
  await before.close();
  for (const file of ['', '-mark']) closed.set(file, readFileSync(path + file));
  const store = new InProcess(path);
  await store.open('unused');
  for (let i = 20; i < 40; i += 5) await store.put(TEXTS.slice(i, i + 5));
  const { places } = await store.takeAll();
  await store.settle(places.slice(0, 4).map(place => ({ place, fate: 'forwarded' })));
  for (const file of FILES) original.set(file, readFileSync(path + file));
  await store.close();
  rmSync(folder, { recursive: true });
});

const ownFolderOfSuite = (): string => {
  const folder = join(tmpdir(), `outbox-damage-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  return folder;
};

const restore = (path: string, files: ReadonlyMap<string, Buffer>): void => {
  for (const file of [...FILES, '.damaged', '.damaged-wal', '-shm']) rmSync(path + file, { force: true });
  for (const [file, bytes] of files) writeFileSync(path + file, bytes);
};

/** One bit of this byte. */
const flip = (path: string, offset: number, bit = offset % 8): void => {
  const bytes = readFileSync(path);
  bytes[offset] = (bytes[offset] ?? 0) ^ (1 << bit);
  writeFileSync(path, bytes);
};

/** Opens the files with this done to them: what is left, and what is told to be lost. */
const after = async (folder: string, damage: (path: string) => void, files: ReadonlyMap<string, Buffer> = original) => {
  const path = join(folder, 'outbox.sqlite');
  restore(path, files);
  damage(path);
  const store = new InProcess(path);
  const { lostToDamage, movedTo } = await store.open('second', at(1));
  const { texts: taken, attempts, damaged, counts } = await store.takeAll(at(2));
  const texts = [...new Set(taken)];
  // It goes on: a number is never given twice, and what is stored now is kept.
  const { numbers } = await store.put(['afterwards'], at(3));
  const rest = await store.takeAll(at(3));
  await store.close();
  const { stored, forwarded, expired, dropped, setAside, damaged: allDamaged, inside } = rest.counts;
  expect(stored).toBe(forwarded + expired + dropped + setAside + allDamaged + inside);
  expect(rest.texts.at(-1)).toBe('afterwards');
  // What was handed out before is handed out again only where the damage was found since: the new file does not know of it.
  const again = rest.texts.slice(0, -1);
  expect(again.filter((text, i) => !texts.includes(text) || rest.attempts[i] === 0)).toEqual([]);
  const foundSince = movedTo === undefined && existsSync(`${path}.damaged`);
  if (!foundSince) expect(again).toEqual([]);
  expect(numbers[0]).toBeGreaterThan(0);
  // Nothing but what was stored; none of it twice but what was handed out before the damage was found, and that says so.
  expect(texts.filter(text => !TEXTS.includes(text))).toEqual([]);
  if (!foundSince) expect(taken).toEqual(texts);
  expect(taken.filter((text, i) => taken.indexOf(text) < i && attempts[i] === 0)).toEqual([]);
  const done = files === original ? texts.filter(text => TEXTS.indexOf(text) < 4).length : 0;
  return { texts, left: texts.length - done, told: lostToDamage + damaged, counts };
};

/** What is left of these bytes in the place of the database, without a log, and what is told, where nothing comes in between. */
const uninterrupted = async (database: Buffer): Promise<readonly [number, number]> => {
  const { left, told } = await after(ownFolder(), path => {
    writeFileSync(path, database);
    rmSync(`${path}-wal`);
  });
  return [left, told];
};

/** Where in the file the page is that a table of few rows has. */
const pageOf = (path: string, table: string): { readonly from: number; readonly to: number } => {
  const database = new (sqlite().DatabaseSync)(path);
  const page = Number(database.prepare(`SELECT rootpage FROM sqlite_master WHERE name='${table}'`).get()?.['rootpage']);
  database.close();
  return { from: (page - 1) * PAGE, to: page * PAGE };
};
const spread = (bytes: number): readonly number[] => {
  const step = Math.max(1, Math.floor(bytes / MOST));
  return Array.from({ length: Math.floor(bytes / step) }, (_, i) => i * step + ((i * 7) % step));
};

describe('damage', () => {
  it.each(FILES)('of one byte in outbox.sqlite%s loses what it must, and every loss is told', async file => {
    const folder = ownFolder();
    const size = original.get(file)?.length ?? 0;
    expect(size).toBeGreaterThan(0);
    const losses: number[] = [];
    for (const offset of spread(size)) {
      const { left, told } = await after(folder, path => flip(path + file, offset));
      losses.push(36 - left);
      expect(`byte ${offset}: ${36 - left} lost, ${told >= 36 - left ? 'all told' : `${told} told`}`).toBe(
        `byte ${offset}: ${36 - left} lost, all told`,
      );
    }
    const average = losses.reduce((sum, lost) => sum + lost, 0) / losses.length;
    // A page of the database holds a handful; what follows a flipped byte in the log is gone.
    expect(average).toBeLessThan(file === '-wal' ? 20 : file === '-mark' ? 0.1 : 4);
  });

  it('of one byte in a database without a log loses at most what its page holds, and every loss is told', async () => {
    const folder = ownFolder();
    const sound = closed.get('') ?? Buffer.alloc(0);
    const pages = TEXTS.slice(0, 20).map(text => Math.floor(sound.indexOf(text) / PAGE));
    for (const offset of spread(sound.length)) {
      const { texts, left, told } = await after(folder, path => flip(path, offset), closed);
      const elsewhere = TEXTS.slice(0, 20).filter((text, i) => !texts.includes(text) && pages[i] !== Math.floor(offset / PAGE));
      expect({ offset, elsewhere, told: Math.min(told, 20 - left) }).toEqual({ offset, elsewhere: [], told: 20 - left });
    }
  });

  it.each([
    ['with a log', 'who may write to it', () => original, 36, 18],
    ['without one', 'who may write to it', () => closed, 20, 18],
    ['with a log', 'which format it has', () => original, 36, 47],
    ['without one', 'which format it has', () => closed, 20, 47],
  ] as const)('of the byte in a database %s that says %s loses none', async (_, what, files, inside, offset) => {
    for (let bit = 0; bit < 8; bit++) {
      const { left, told } = await after(ownFolder(), path => flip(path, offset, bit), files());
      expect({ what, bit, left, told }).toEqual({ what, bit, left: inside, told: 0 });
    }
  });

  it('that hides messages in the middle of a page has those repeated that were handed out before it was found, and says so', async () => {
    const sound = closed.get('') ?? Buffer.alloc(0);
    const page = Math.floor(sound.indexOf(TEXTS[0] ?? '') / PAGE) * PAGE;
    // How many cells the page has.
    const { left, told } = await after(ownFolder(), path => flip(path, page + 4, 4), closed);
    expect({ left, told }).toEqual({ left: 4, told: 16 });
  });

  describe('of one byte of what leads to', () => {
    /** Many messages, a few of them longer than a page; of what was before them, and has been forwarded, pages are free. */
    const texts = Array.from({ length: 150 }, (_, i) => `message ${i} ${'x'.repeat(i % 60 === 0 ? 9_000 : 150)}`);
    const many = async (path: string): Promise<ReadonlyMap<string, Buffer>> => {
      const store = new InProcess(path);
      await store.open('first');
      await store.put([...texts.map(text => `was ${text}`), ...texts]);
      const { places } = await store.takeAll();
      await store.settle(places.map((place, i) => ({ place, fate: i < 2 ? 'setAside' : i < texts.length ? 'forwarded' : 'handedBack' })));
      await store.close();
      return new Map(['', '-mark'].map(file => [file, readFileSync(path + file)]));
    };
    /** What comes out until nothing does any more, how much of it again without saying so, and what is told to be lost. */
    const found = async (path: string) => {
      const store = new InProcess(path);
      let { lostToDamage: told } = await store.open('second', at(1));
      const seen = new Set<string>();
      const lost = new Set<number>();
      const unmarked: string[] = [];
      for (let taken = -1, round = 0; taken !== 0 && round < 5; round++) {
        const { texts: some, places, attempts, lost: ranges, damaged } = await store.takeAll(at(2));
        taken = some.length;
        told += damaged;
        for (const number of ranges.flat()) lost.add(number);
        unmarked.push(...some.filter((text, i) => attempts[i] === 0 && (seen.has(text) || some.indexOf(text) < i)));
        for (const text of some) seen.add(text);
        await store.settle(places.map(place => ({ place, fate: 'forwarded' })));
      }
      const { stored, forwarded, setAside, damaged, inside } = (await store.close()).counts;
      const database = new (sqlite().DatabaseSync)(path);
      const aside = database.prepare('SELECT place FROM aside').all().length;
      database.close();
      return { left: [...seen].sort(), unmarked, told, lost: [...lost], aside, stored, forwarded, setAside, damaged, inside };
    };
    const allOf = {
      left: texts.toSorted(),
      unmarked: [],
      told: 0,
      lost: [1, 2],
      aside: 2,
      stored: 300,
      forwarded: 298,
      setAside: 2,
      damaged: 0,
      inside: 0,
    };

    it('many messages loses none, and repeats none without saying so', async () => {
      const path = join(ownFolder(), 'outbox.sqlite');
      const files = await many(path);
      const { from, to } = pageOf(path, 'message');
      const tree = (files.get('') ?? Buffer.alloc(0)).subarray(from, to);
      // A page of branches: its head, and where each leads to.
      expect(tree[0]).toBe(5);
      const branches = 12 + 2 * tree.readUInt16BE(3);
      const content = tree.readUInt16BE(5);
      const places = [...Array(branches).keys(), ...Array.from({ length: PAGE - content }, (_, i) => content + i)];
      const step = Math.max(1, Math.floor(places.length / MOST));
      for (const place of places.filter((offset, i) => offset < 12 || i % step === 0)) {
        restore(path, files);
        flip(path, from + place);
        expect({ place, ...(await found(path)) }).toEqual({ place, ...allOf });
      }
      // What flips of one bit do only in other trees: two branches that lead to the same leaf, and a branch that is not counted. And one
      // that the map of the pages calls free, where something else is damaged as well.
      const leaf = tree.readUInt32BE(tree.readUInt16BE(12));
      for (const damage of [
        (bytes: Buffer) => bytes.copy(bytes, from + 14, from + 12, from + 14),
        (bytes: Buffer) => bytes.writeUInt16BE(tree.readUInt16BE(3) - 1, from + 3),
        (bytes: Buffer) => {
          bytes[PAGE + (leaf - 3) * 5] = 2;
          bytes[bytes.indexOf('CREATE TABLE aside(') - 1] = 0;
        },
      ]) {
        restore(path, files);
        const bytes = readFileSync(path);
        damage(bytes);
        writeFileSync(path, bytes);
        expect(await found(path)).toEqual(allOf);
      }
    });

    it('the oldest message does not have the next one wait for its room for ever', async () => {
      const path = join(ownFolder(), 'outbox.sqlite');
      const settings = { maxBytes: 300_000 };
      const before = new InProcess(path, settings);
      await before.open('first');
      for (let i = 0; i < 4; i++) await before.put(Array.from({ length: 100 }, (_, j) => `${i} ${j} ${'x'.repeat(700)}`));
      await before.close();
      const { from } = pageOf(path, 'message');
      const bytes = readFileSync(path);
      // The first branch is for places up to this one, and is passed over.
      bytes[from + bytes.readUInt16BE(from + 12) + 4] = 1;
      writeFileSync(path, bytes);
      const store = new InProcess(path, settings);
      await store.open('second', at(1));
      const { taken, dropped } = await store.put(
        Array.from({ length: 100 }, (_, j) => `4 ${j} ${'x'.repeat(700)}`),
        at(1),
      );
      const { texts: left, counts } = await store.takeAll(at(1));
      await store.close();
      expect(taken).toBe(100);
      expect(dropped).toBeGreaterThan(50);
      expect(left.at(-1)).toMatch(/^4 99 /);
      expect(counts.stored).toBe(counts.dropped + counts.damaged + counts.inside);
    });

    it('the messages of many streams has the receivers of each told what it lost before', async () => {
      const path = join(ownFolder(), 'outbox.sqlite');
      const before = new InProcess(path);
      await before.open('first');
      // More than a page holds: the others are behind what was lost of them.
      for (let i = 0; i < 100; i++) await before.put(['is lost', 'is kept'], at(0), { stream: `meters/${i} ${'x'.repeat(60)}` });
      const { places } = await before.takeAll();
      await before.settle(places.map((place, i) => ({ place, fate: i % 2 === 0 ? 'setAside' : 'handedBack' })));
      await before.close();
      flip(path, readFileSync(path).indexOf('CREATE TABLE message(') - 1, 0);
      const store = new InProcess(path);
      const { movedTo } = await store.open('second', at(1));
      const { lost } = await store.takeAll(at(1));
      await store.close();
      expect(movedTo).toBe(`${path}.damaged`);
      expect(lost).toEqual(Array.from({ length: 100 }, () => [1, 1]));
    });

    it('messages by their priority, which is no number then, loses none, and does not look for the next for ever', async () => {
      const path = join(ownFolder(), 'outbox.sqlite');
      const before = new InProcess(path);
      await before.open('first');
      for (const priority of [5, 3, 0]) await before.put([`${priority}`], at(0), { priority });
      await before.close();
      const sound = readFileSync(path);
      const { from } = pageOf(path, 'message_order');
      for (const cell of [0, 1, 2]) {
        restore(path, new Map([['', sound]]));
        const bytes = Buffer.from(sound);
        // Behind the length of the entry and that of its head: what type the priority is of.
        bytes[from + bytes.readUInt16BE(from + 8 + 2 * cell) + 2] = 0;
        writeFileSync(path, bytes);
        const store = new InProcess(path);
        const { lostToDamage } = await store.open('second', at(1));
        const { texts, damaged } = await store.takeAll(at(1));
        await store.close();
        expect({ cell, texts: texts.toSorted(), told: lostToDamage + damaged }).toEqual({ cell, texts: ['0', '3', '5'], told: 0 });
      }
    });

    it('messages of no bytes loses none, though the zlib of Node 22 begins a checksum anew with what SQLite gives for them', async () => {
      const path = join(ownFolder(), 'outbox.sqlite');
      const asNode22: typeof crc32 = (bytes, start) =>
        typeof bytes !== 'string' && bytes.buffer.byteLength === 0 ? 0 : crc32(bytes, start);
      const before = new InProcess(path, {}, { crc32: asNode22 });
      await before.open('first');
      await before.put(['', 'not empty', '']);
      await before.close();
      flip(path, readFileSync(path).indexOf('CREATE TABLE message(') - 1, 0);
      const store = new InProcess(path, {}, { crc32: asNode22 });
      const { lostToDamage, movedTo } = await store.open('second', at(1));
      const { texts, damaged } = await store.takeAll(at(1));
      await store.close();
      expect(movedTo).toBe(`${path}.damaged`);
      expect({ texts, told: lostToDamage + damaged }).toEqual({ texts: ['', 'not empty', ''], told: 0 });
    });

    it.each(['stream', 'message', 'claim', 'attempt', 'loss', 'aside', 'state'])('the table %s loses nothing', async table => {
      const path = join(ownFolder(), 'outbox.sqlite');
      const files = await many(path);
      // Where the first page says that its tree begins.
      const offset = (files.get('')?.indexOf(`CREATE TABLE ${table}(`) ?? 0) - 1;
      for (let bit = 0; bit < 8; bit++) {
        restore(path, files);
        flip(path, offset, bit);
        expect({ bit, ...(await found(path)) }).toEqual({ bit, ...allOf });
      }
    });
  });

  it.each(['claim', 'attempt', 'loss'])(
    'of one byte of what is known of sent messages, in the table %s, loses none, has none repeated without saying so, and tells no other number as lost',
    async table => {
      const path = join(ownFolder(), 'outbox.sqlite');
      const before = new InProcess(path);
      await before.open('first');
      await before.put(TEXTS.slice(0, 20));
      const { places } = await before.takeAll();
      const fates = ['setAside', 'setAside', 'released', 'sent', 'sending', undefined] as const;
      await before.settle(
        places.flatMap((place, i) => (fates[i] === undefined && i < 6 ? [] : [{ place, fate: fates[i] ?? 'handedBack' }])),
      );
      await before.close();
      const sound = readFileSync(path);
      const { from, to } = pageOf(path, table);
      for (let offset = from; offset < to; offset++) {
        // Between its head and its rows it is empty.
        if (offset > from + 24 && sound[offset] === 0) continue;
        restore(path, new Map([['', sound]]));
        flip(path, offset);
        const store = new InProcess(path);
        const { lostToDamage } = await store.open('second', at(1));
        const { texts, attempts, lost, damaged } = await store.takeAll(at(2));
        await store.close();
        const unmarked = TEXTS.slice(2, 6).filter(text => attempts[texts.indexOf(text)] === 0);
        expect({ offset, left: texts.length, told: lostToDamage + damaged, unmarked }).toEqual({ offset, left: 18, told: 0, unmarked: [] });
        if (table !== 'loss' || lost.flat().length > 0) expect({ offset, lost: lost.flat() }).toEqual({ offset, lost: [1, 2] });
      }
    },
  );

  it.each(FILES)('that cuts outbox.sqlite%s off loses what it must, and every loss is told', async file => {
    const folder = ownFolder();
    const size = original.get(file)?.length ?? 0;
    for (const length of spread(size)) {
      const { left, told } = await after(folder, path => truncateSync(path + file, length));
      expect(`cut at ${length}: ${36 - left} lost, ${told >= 36 - left ? 'all told' : `${told} told`}`).toBe(
        `cut at ${length}: ${36 - left} lost, all told`,
      );
    }
  });

  it('of nothing: nothing is lost, and nothing told', async () => {
    expect(await after(ownFolder(), () => undefined)).toMatchObject({ left: 36, told: 0 });
  });

  it('that takes the log away is told', async () => {
    const { left, told } = await after(ownFolder(), path => rmSync(`${path}-wal`));
    expect([left, told]).toEqual([16, 20]);
  });

  it('that takes the log away has what was before it come as what may have been sent: what was noted of that is gone', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    restore(path, original);
    rmSync(`${path}-wal`);
    const store = new InProcess(path);
    await store.open('second', at(1));
    const { texts, attempts } = await store.takeAll(at(1));
    await store.close();
    expect(texts).toEqual(TEXTS.slice(0, 20));
    expect(attempts).toEqual(texts.map(() => 1));
  });

  it('that is found while the file is open, with its counters gone too, counts what was stored since it was opened', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    restore(path, closed);
    const page = Math.floor(readFileSync(path).indexOf(TEXTS[0] ?? '') / PAGE) * PAGE;
    const { from } = pageOf(path, 'state');
    // How many cells a page of messages has.
    flip(path, page + 4, 4);
    const store = new InProcess(
      path,
      {},
      {
        salvage: (file, parts, damaged, mark) => {
          const bytes = readFileSync(damaged);
          bytes.fill(0, from, from + PAGE);
          writeFileSync(damaged, bytes);
          return salvage(file, parts, damaged, mark);
        },
      },
    );
    const { nextPlace } = await store.open('second', at(1));
    const since = await store.put(['stored', 'since', 'then'], at(1));
    const { texts, damaged, counts } = await store.takeAll(at(1));
    const next = await store.put(['afterwards'], at(1));
    await store.close();
    expect([nextPlace, since.place]).toEqual([21, 21]);
    expect({ next: next.place, told: damaged, inside: counts.inside }).toEqual({
      next: 24,
      told: 23 - new Set(texts).size,
      inside: new Set(texts).size,
    });
  });

  it.each(['before anything was taken over', 'after some of it was'])(
    'whose mending was cut short, %s, as by a full disk, is mended at the next start, and loses no more for that',
    async when => {
      const path = join(ownFolder(), 'outbox.sqlite');
      for (const file of ['', '-mark']) writeFileSync(path + file, original.get(file) ?? Buffer.alloc(0));
      const bytes = readFileSync(path);
      bytes.fill(0, 0, 100);
      writeFileSync(path, bytes);
      const cutShort = new InProcess(
        path,
        {},
        {
          salvage: (...given) => {
            if (when.startsWith('after')) salvage(...given);
            throw Object.assign(new Error('ENOSPC: as asked'), { code: 'ENOSPC' });
          },
        },
      );
      await expect(cutShort.open('second', at(1))).rejects.toMatchObject({ reason: 'disk-full' });
      const next = new InProcess(path);
      const { lostToDamage, movedTo } = await next.open('third', at(2));
      const { texts, damaged } = await next.takeAll(at(2));
      await next.close();
      const left = texts.filter(text => TEXTS.indexOf(text) >= 4).length;
      expect([left, lostToDamage + damaged]).toEqual(await uninterrupted(bytes));
      expect(left).toBeGreaterThan(0);
      expect(movedTo).toBe(`${path}.damaged`);
      expect(readdirSync(join(path, '..')).sort()).toEqual(expect.not.arrayContaining([expect.stringContaining('.salvage')]));
    },
  );

  it('keeps the damaged file beside the new one', async () => {
    const folder = ownFolder();
    await after(folder, path => {
      const bytes = readFileSync(path);
      bytes.fill(0x55, 0, 8_192);
      writeFileSync(path, bytes);
      rmSync(`${path}-wal`);
    });
    expect(existsSync(join(folder, 'outbox.sqlite.damaged'))).toBe(true);
  });
});
