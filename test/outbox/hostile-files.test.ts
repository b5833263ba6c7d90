import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readOutboxFile } from '../../src/outbox/sqlite/read-file.js';
import { readRows } from '../../src/outbox/sqlite/read-rows.js';
import { crc32, InProcess, sqlite } from './in-process.js';
import { at } from './samples.js';
import { IS_WINDOWS } from '../kit/process/platform.js';
import { ownFolder } from './stores.js';

/** So many files with some of their pages changed by chance. `DAMAGE=10000` takes more. */
const FILES = Math.min(10_000, Number(process.env['DAMAGE'] ?? 60));
const PAGE = 4_096;
const STREAMS = ['', 'meters/1', 'meters/2', 'meters/3'];

/** The text of a message says what id it has. */
const textOf = (id: string): string => `${id} ${'x'.repeat(id.endsWith('5') ? 9_000 : id.length * 7)}`;
const idOf = (text: string): string => text.slice(0, text.lastIndexOf(' '));

/** Files as a component leaves them that has ended: messages of four streams, some of them set aside, forwarded or tried before. */
const filesOf = async (epoch: string, messages: number, priorities: number): Promise<ReadonlyMap<string, Buffer>> => {
  const path = join(ownFolder(), 'outbox.sqlite');
  const store = new InProcess(path);
  await store.open(epoch);
  for (let i = 0; i < messages; i++) {
    const stream = STREAMS[i % STREAMS.length] ?? '';
    await store.put([textOf(`${epoch} ${stream} ${Math.floor(i / STREAMS.length) + 1}`)], at(0), { stream, priority: i % priorities });
  }
  const { places } = await store.takeAll();
  await store.settle(
    places.map((place, i) => ({
      place,
      fate: i < 4 ? 'setAside' : i < messages / 4 ? 'forwarded' : i % 7 === 0 ? 'released' : 'handedBack',
    })),
  );
  await store.close();
  return new Map(['', '-mark'].map(file => [file, fs.readFileSync(path + file)]));
};

/** Where a table or an index begins in a file. */
const pageOf = (path: string, name: string): number => {
  const database = new (sqlite().DatabaseSync)(path);
  const page = Number(database.prepare('SELECT rootpage FROM sqlite_master WHERE name=?').get(name)?.['rootpage']);
  database.close();
  return (page - 1) * PAGE;
};

/** Where the row begins that has this text in it. */
const rowIn = (bytes: Buffer, text: string): { readonly page: number; readonly row: number } => {
  for (let page = PAGE; page < bytes.length; page += PAGE)
    for (let i = 0; bytes[page] === 13 && i < bytes.readUInt16BE(page + 3); i++) {
      const row = page + bytes.readUInt16BE(page + 8 + 2 * i);
      if (bytes.subarray(row, row + 100).includes(text)) return { page, row };
    }
  throw new Error(`No row has ${text}.`);
};

const write = (path: string, files: ReadonlyMap<string, Buffer>): void => {
  for (const file of fs.readdirSync(join(path, '..'))) fs.rmSync(join(path, '..', file));
  for (const [file, bytes] of files) fs.writeFileSync(path + file, bytes, { mode: 0o600 });
};

/** Opens it, takes all, stores two more, and says what is wrong with what came. */
const wrongWith = async (path: string): Promise<readonly string[]> => {
  const wrong: string[] = [];
  const store = new InProcess(path);
  const { lostToDamage } = await store.open('second', at(1));
  const first = await store.takeAll(at(2));
  for (const stream of ['', 'meters/1']) await store.put([`after ${stream}`], at(3), { stream });
  const rest = await store.takeAll(at(3));
  await store.close();
  const ids = new Map<string, string>();
  const seen = new Set<string>();
  const told = new Set<string>();
  for (const { texts, ids: idsOfTexts, attempts, lost } of [first, rest])
    for (const [i, text] of texts.entries()) {
      const id = idsOfTexts[i] ?? '';
      // One id is for one message: a receiver takes a second for the first, and leaves it out.
      if ((ids.get(id) ?? text) !== text) wrong.push(`${id} is the id of two messages`);
      ids.set(id, text);
      if (!text.startsWith('after ') && id.startsWith('epoch-') && id !== idOf(text)) wrong.push(`${idOf(text)} comes as ${id}`);
      if (seen.has(text) && attempts[i] === 0) wrong.push(`${id} comes again and does not say so`);
      seen.add(text);
      const stream = id.slice(0, id.lastIndexOf(' '));
      const ends = lost[i] ?? [];
      for (let j = 0; j < ends.length; j += 2) {
        const [from = 1, to = 0] = ends.slice(j, j + 2);
        if (from < 1 || to < from) wrong.push(`${id} tells ${from} to ${to} as lost`);
        for (let number = from; number <= Math.min(to, from + 1_000); number++) told.add(`${stream} ${number}`);
      }
    }
  for (const id of ids.keys()) if (told.has(id)) wrong.push(`${id} is told as lost, and comes`);
  for (const stream of ['', 'meters/1']) if (!seen.has(`after ${stream}`)) wrong.push('What was stored afterwards is not there.');
  const { stored, forwarded, expired, dropped, setAside, damaged, inside } = rest.counts;
  if (stored !== forwarded + expired + dropped + setAside + damaged + inside) wrong.push('The account does not add up.');
  if (lostToDamage < 0 || Object.values(rest.counts).some(count => !Number.isSafeInteger(count) || count < 0))
    wrong.push('A count is none.');
  const again = new InProcess(path);
  const { movedTo, lostToDamage: lostAgain } = await again.open('third', at(4));
  await again.close();
  if (movedTo !== undefined || lostAgain > 0) wrong.push('It is damaged again.');
  for (const file of fs.readdirSync(join(path, '..'))) {
    if (!/^outbox\.sqlite(-mark|\.damaged|\.damaged-wal|)$/.test(file)) wrong.push(`${file} is left`);
    if (!IS_WINDOWS && (fs.statSync(join(path, '..', file)).mode & 0o777) !== 0o600) wrong.push(`${file} can be read by others`);
  }
  return wrong;
};

/** The same of files with one bit flipped at a place of the database. */
const wrongWithFlipped = (path: string, files: ReadonlyMap<string, Buffer>, place: number, bit: number): Promise<readonly string[]> => {
  const bytes = Buffer.from(files.get('') ?? []);
  bytes.writeUInt8((bytes[place] ?? 0) ^ (1 << bit), place);
  write(path, new Map([...files, ['', bytes]]));
  return wrongWith(path);
};

/** A number as SQLite writes it in a row. */
const varint = (value: number): readonly number[] =>
  value < 128 ? [value] : [...varint(Math.floor(value / 128)).map(byte => byte | 128), value % 128];

/** How many rows are found where they lie, and how often the file is read for that. */
const readAll = (path: string): { readonly rows: number; readonly reads: number } => {
  let reads = 0;
  const counted = {
    ...fs,
    readSync: (...given: Parameters<typeof fs.readSync>) => {
      reads++;
      return fs.readSync(...given);
    },
  };
  let rows = 0;
  readRows(counted as typeof fs, path, ({ cells }) => {
    if (cells.length > 0) rows++;
    return false;
  });
  return { rows, reads };
};

describe('a hostile file', () => {
  it('whose pages are changed, copied, taken from another or cut off by chance neither hangs nor fails, and has no message come as another or again without saying so', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    const shapes = [await filesOf('epoch-1', 24, 1), await filesOf('epoch-2', 24, 3), await filesOf('epoch-3', 160, 3)];
    let state = 1;
    const below = (limit: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    };
    const pick = <A>(all: readonly A[]): A => all[below(all.length)] as A;
    for (let run = 0; run < FILES; run++) {
      const before = state;
      const shape = pick(shapes);
      const bytes = Buffer.from(shape.get('') ?? []);
      const other = pick(shapes).get('') ?? bytes;
      const [from, to] = [below(bytes.length / PAGE) * PAGE, below(bytes.length / PAGE) * PAGE];
      const kind = pick(['bits', 'head', 'copied', 'overwritten', 'cells', 'pointers', 'map', 'header', 'cut', 'other'] as const);
      const many = 1 + below(12);
      let length = bytes.length;
      if (kind === 'copied') bytes.copy(bytes, to, from, from + PAGE);
      else if (kind === 'overwritten') bytes.fill(pick([0, 0xff, 0x0d, 0x05]), to, to + PAGE);
      else if (kind === 'cut') length = pick([to, below(bytes.length)]);
      // A page in another's place; in its own, it may be as sound as its owner's.
      else if (kind === 'other') other.copy(bytes, to, ((to / PAGE + 1 + below(3)) % (other.length / PAGE)) * PAGE);
      else
        for (let i = 0; i < many; i++) {
          const cells = bytes.readUInt16BE(to + 3) % 500;
          const place = to + below(PAGE);
          if (kind === 'bits') bytes.writeUInt8((bytes[place] ?? 0) ^ (1 << below(8)), place);
          else if (kind === 'head') bytes.writeUInt8(below(256), to + below(64));
          else if (kind === 'cells')
            bytes.writeUInt8(below(256), to + ((bytes.readUInt16BE(to + 8 + 2 * below(cells + 1)) + below(24)) % PAGE));
          else if (kind === 'pointers') bytes.writeUInt32BE(1 + below(bytes.length / PAGE), to + 4 * below(PAGE / 4));
          else if (kind === 'map') bytes.writeUInt8(below(6), PAGE + 5 * below(bytes.length / PAGE));
          else bytes.writeUInt8(below(256), below(100));
        }
      write(path, new Map([...shape, ['', bytes.subarray(0, length)]]));
      const isOthers = kind === 'other' && shape.get('') !== other;
      const wrong = (await wrongWith(path)).filter(sentence => !isOthers || !/comes as|told as lost/.test(sentence));
      expect({ run, before, kind, wrong }).toEqual({ run, before, kind, wrong: [] });
    }
  });

  it('with a bit flipped in the number that a stream is filed under has no two messages come with one id', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    const files = await filesOf('epoch-1', 24, 1);
    write(path, files);
    const from = pageOf(path, 'stream');
    const sound = fs.readFileSync(path);
    for (let cell = 0; cell < STREAMS.length; cell++)
      for (let bit = 0; bit < 7; bit++) {
        // Behind the length of the row, of one byte.
        const place = from + sound.readUInt16BE(from + 8 + 2 * cell) + 1;
        expect({ cell, bit, wrong: await wrongWithFlipped(path, files, place, bit) }).toEqual({ cell, bit, wrong: [] });
      }
  });

  it('with a bit flipped in what a message says of its number and its stream tells no number as lost that comes', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    const files = await filesOf('epoch-1', 24, 1);
    write(path, files);
    const sound = fs.readFileSync(path);
    for (const id of ['epoch-1 meters/1 3', 'epoch-1 meters/1 5']) {
      const { row } = rowIn(sound, `${id} x`);
      // Its lengths, the types of its columns, and the first of those.
      for (let offset = row; offset < row + 22; offset++)
        expect({ id, offset, wrong: await wrongWithFlipped(path, files, offset, 0) }).toEqual({ id, offset, wrong: [] });
    }
  });

  it('with a bit flipped in the index of the streams gives no number again', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    const files = await filesOf('epoch-1', 24, 1);
    write(path, files);
    const from = pageOf(path, 'sqlite_autoindex_stream_1');
    const sound = fs.readFileSync(path);
    const written = [...Array(PAGE).keys()].map(offset => from + offset).filter(offset => sound[offset] !== 0);
    const step = Math.ceil(written.length / FILES);
    for (const offset of written.filter((_, i) => i % step === 0))
      expect({ offset, wrong: await wrongWithFlipped(path, files, offset, offset % 8) }).toEqual({ offset, wrong: [] });
  });

  it('where what is known of attempts lies in the place of what is known of losses tells no number as lost that is not', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    const files = await filesOf('epoch-1', 24, 1);
    write(path, files);
    const [from, to] = [pageOf(path, 'attempt'), pageOf(path, 'loss')];
    const bytes = fs.readFileSync(path);
    bytes.copy(bytes, to, from, from + PAGE);
    write(path, new Map([...files, ['', bytes]]));
    expect(await wrongWith(path)).toEqual([]);
  });

  it('in which a damaged row of what was set aside goes on in the pages of a sound one costs that row alone, and it is told', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    const before = new InProcess(path);
    await before.open('first');
    await before.put(['a'.repeat(9_000), 'b'.repeat(9_000), 'kept']);
    const { places } = await before.takeAll();
    await before.settle(places.map((place, i) => ({ place, fate: i < 2 ? 'setAside' : 'handedBack' })));
    await before.close();
    const from = pageOf(path, 'aside');
    const bytes = fs.readFileSync(path);
    // What of a row has no room in its page goes on in another, whose number stands behind it.
    const [ofDamaged, ofSound] = ['aaaa', 'bbbb'].map(end => from + bytes.subarray(from, from + PAGE).lastIndexOf(end) + end.length);
    bytes.copy(bytes, ofDamaged, ofSound, (ofSound ?? 0) + 4);
    bytes.writeUInt8(0, 0);
    fs.writeFileSync(path, bytes);
    const store = new InProcess(path);
    const { lostToDamage, counts } = await store.open('second', at(1));
    await store.close();
    const setAside = readOutboxFile(path, file =>
      Array.from(file.messages('setAside', {}), ({ payload }) => Buffer.from(payload).toString()),
    );
    expect({ setAside, lostToDamage, counts }).toEqual({
      setAside: { _tag: 'Right', right: ['b'.repeat(9_000)] },
      lostToDamage: 1,
      counts: { stored: 3, forwarded: 0, expired: 0, dropped: 0, setAside: 1, damaged: 1, inside: 1 },
    });
  });

  it('in which a page of what was set aside is full of rows that are none costs what was in it, and no more is told', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    const before = new InProcess(path);
    await before.open('first');
    await before.put(Array.from({ length: 1_200 }, (_, i) => `${i} ${'x'.repeat(300)}`));
    const { places } = await before.takeAll();
    await before.settle(places.map(place => ({ place, fate: 'setAside' })));
    await before.close();
    const setAside = (): number => {
      const counted = readOutboxFile(path, file => file.count('setAside', {}));
      return counted._tag === 'Right' ? counted.right : Number.NaN;
    };
    // Of more, the oldest are forgotten.
    expect(setAside()).toBe(1_000);
    const bytes = fs.readFileSync(path);
    const { page } = rowIn(bytes, '700 xxx');
    bytes.writeUInt16BE(2_000, page + 3);
    for (let i = 0; i < 2_000; i++) bytes.writeUInt16BE(8 + 2 * i, page + 8 + 2 * i);
    bytes.writeUInt8(0, 0);
    fs.writeFileSync(path, bytes);
    const store = new InProcess(path);
    const { lostToDamage } = await store.open('second', at(1));
    await store.close();
    expect(lostToDamage).toBeGreaterThan(0);
    expect(lostToDamage).toBe(1_000 - setAside());
  });

  it('that ends before the last pages of a long message, with a log, loses that message alone, and goes on', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    const before = new InProcess(path);
    await before.open('first');
    await before.put(['short', 'long '.repeat(10_000)]);
    await before.close();
    const running = new InProcess(path);
    await running.open('unused');
    await running.put(['in the log']);
    const files = ['', '-wal', '-mark'].map(file => [file, fs.readFileSync(path + file)] as const);
    await running.close();
    write(path, new Map(files));
    fs.truncateSync(path, fs.statSync(path).size - PAGE);
    const store = new InProcess(path);
    const { lostToDamage } = await store.open('second', at(1));
    const { texts, damaged } = await store.takeAll(at(1));
    await store.put(['after'], at(1));
    const rest = await store.takeAll(at(1));
    await store.close();
    expect({ texts, rest: rest.texts, told: lostToDamage + damaged + rest.damaged }).toEqual({
      texts: ['short', 'in the log'],
      rest: ['after'],
      told: 1,
    });
  });

  it('whose number of free pages is wrong has no message give way for that, and none be stored without a bound', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    const files = await filesOf('epoch-1', 24, 1);
    const inside = 18;
    for (const bit of [0, 5, 10, 20, 30, 31]) {
      const bytes = Buffer.from(files.get('') ?? []);
      bytes.writeUInt32BE((bytes.readUInt32BE(36) ^ (1 << bit)) >>> 0, 36);
      write(path, new Map([...files, ['', bytes]]));
      const store = new InProcess(path, { maxBytes: 1 << 20, onFull: 'refuse' });
      const { movedTo } = await store.open('second', at(1));
      const { taken, dropped } = await store.put(['after'], at(1));
      const { counts } = await store.takeAll(at(1));
      let more = 0;
      while (
        more < 20 &&
        (
          await store.put(
            Array.from({ length: 100 }, () => 'x'.repeat(1_000)),
            at(1),
          )
        ).taken === 100
      )
        more++;
      await store.close();
      const bounded = fs.statSync(path).size <= 1 << 20;
      // More than there are pages, or less than none, is seen before anything is stored by it.
      expect({ bit, isSeen: movedTo !== undefined, taken, dropped, inside: counts.inside, bounded }).toEqual({
        bit,
        isSeen: bit > 0,
        taken: 1,
        dropped: 0,
        inside: inside + 1,
        bounded: true,
      });
    }
  });

  it.each([
    ['of a message', 'UPDATE message SET number = 1 << 60 WHERE place = 20', { texts: 17, told: 1 }],
    ['of a stream', 'UPDATE stream SET next = 1 << 60 WHERE id = 1', { texts: 18, told: 0 }],
    // Its counters are gone: six of the 24 that the mark knows of had been sent or set aside.
    ['of its counters', 'UPDATE state SET stored = 1 << 60', { texts: 18, told: 6 }],
    ['of attempts', 'INSERT OR REPLACE INTO attempt(place, attempts, crashes, suspect) VALUES(20, 1 << 60, 0, 0)', { texts: 18, told: 0 }],
    [
      'that a loss is filed under, and of a stream',
      'INSERT INTO loss(id, stream, first, last) VALUES(-1, 1, 1, 1); UPDATE stream SET next = 1 << 60 WHERE id = 1',
      { texts: 18, told: 0 },
    ],
  ])('with a number that no outbox has written is mended: %s', async (_, change, expected) => {
    const path = join(ownFolder(), 'outbox.sqlite');
    write(path, await filesOf('epoch-1', 24, 1));
    const database = new (sqlite().DatabaseSync)(path);
    database.exec(change);
    database.close();
    const files = new Map(['', '-mark'].map(file => [file, fs.readFileSync(path + file)]));
    const store = new InProcess(path);
    const { lostToDamage } = await store.open('second', at(1));
    const { texts, damaged } = await store.takeAll(at(1));
    await store.close();
    expect({ texts: new Set(texts).size, told: lostToDamage + damaged }).toEqual(expected);
    write(path, files);
    expect(await wrongWith(path)).toEqual([]);
  });

  it.each([1e300, 0.5, -1, Number.NaN, Infinity])(
    'whose mark says %d, with the right checksum, is opened as one without a mark',
    async value => {
      const path = join(ownFolder(), 'outbox.sqlite');
      const files = await filesOf('epoch-1', 24, 1);
      const mark = Buffer.alloc(64);
      for (const slot of [0, 32]) {
        for (const offset of [0, 8, 16]) mark.writeDoubleBE(offset === 0 ? slot : value, slot + offset);
        mark.writeUInt32BE(crc32(mark.subarray(slot, slot + 24)), slot + 24);
      }
      write(path, new Map([...files, ['-mark', mark]]));
      expect(await wrongWith(path)).toEqual([]);
    },
  );

  it('of which one page claims rows without end has each page read a few times at most', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    write(path, await filesOf('epoch-3', 160, 1));
    const bytes = fs.readFileSync(path);
    const { page, row } = rowIn(bytes, 'epoch-3 meters/3 35 x');
    // All its rows are the long one, and the page that this goes on with goes on with itself.
    const rows = Math.floor((row - page - 8) / 2);
    bytes.writeUInt16BE(rows, page + 3);
    for (let i = 0; i < rows; i++) bytes.writeUInt16BE(row - page, page + 8 + 2 * i);
    const end = bytes.indexOf('x'.repeat(PAGE - 4), row) - 4;
    bytes.writeUInt32BE(end / PAGE + 1, end);
    fs.writeFileSync(path, bytes);
    const { rows: found, reads } = readAll(path);
    expect(found).toBeGreaterThan(100);
    expect(reads).toBeLessThan((3 * bytes.length) / PAGE);
  });

  it('of which a row of 64 MB goes on in one page again and again has each page read a few times at most', async () => {
    const path = join(ownFolder(), 'outbox.sqlite');
    write(path, await filesOf('epoch-3', 160, 1));
    const bytes = fs.readFileSync(path);
    const { page, row } = rowIn(bytes, 'epoch-3 meters/3 35 x');
    const end = bytes.indexOf('x'.repeat(PAGE - 4), row) - 4;
    bytes.writeUInt32BE(end / PAGE + 1, end);
    // The only row of its page: 489 bytes of it are there, its head of five says one column.
    const length = 489 + 15_000 * (PAGE - 4);
    const begin = [...varint(length), 1];
    bytes.writeUInt16BE(1, page + 3);
    bytes.writeUInt16BE(100, page + 8);
    Buffer.from([...begin, 5, ...varint(2 * (length - 5) + 12)]).copy(bytes, page + 100);
    bytes.writeUInt32BE(end / PAGE + 1, page + 100 + begin.length + 489);
    fs.writeFileSync(path, bytes);
    expect(readAll(path).reads).toBeLessThan((3 * bytes.length) / PAGE);
  });
});
