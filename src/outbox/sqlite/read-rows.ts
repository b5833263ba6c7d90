import type { Cell } from './database.js';
import type { MarkFs } from './mark-file.js';

// Runs in the worker: see database.ts.

/** A row where it lies: the page that its table begins with, the number it is filed under, and its columns. */
export interface FoundRow {
  readonly root: number;
  readonly id: number;
  readonly cells: readonly Cell[];
}

/**
 * All rows of a database's tables, page by page, as far as they can be read. SQLite finds a row by its tree, and one byte that is flipped near the root
 * hides all of them, though each is where it was. The map of the pages (`auto_vacuum`) says which lead to which, the other way round, and which are free.
 *
 * Whether a row is as it was written, its checksum tells. The log is not looked at. The format is SQLite's, version 3
 * (https://www.sqlite.org/fileformat2.html), with pages of 4 096 bytes.
 */
export function* readRows(fs: MarkFs, path: string): Generator<FoundRow, void, undefined> {
  const PAGE = 4_096;
  /** Each page of the map tells of so many that follow it, five bytes each. */
  const MAPPED = Math.floor(PAGE / 5);
  /** It holds a lock, and nothing else. */
  const LOCK_PAGE = 0x4000_0000 / PAGE + 1;
  const [ROOT, BRANCH, LEAF] = [1, 5, 13];
  /** What is deeper is no tree, but damage; what is longer, no row. */
  const DEEPEST = 32;
  const LONGEST = 1 << 26;
  const file = fs.openSync(path, 'r');

  const pageOf = (number: number): Buffer | undefined => {
    const bytes = Buffer.alloc(PAGE);
    return number > 0 && fs.readSync(file, bytes, 0, PAGE, (number - 1) * PAGE) > 0 ? bytes : undefined;
  };

  const maps = new Map<number, Buffer | undefined>();
  /** `undefined`: it is in no tree. */
  const rootOf = (number: number): number | undefined => {
    let page = number;
    for (let depth = 0; depth < DEEPEST; depth++) {
      let mapNumber = 2 + Math.floor((page - 2) / (MAPPED + 1)) * (MAPPED + 1);
      if (mapNumber === LOCK_PAGE) mapNumber++;
      if (page <= mapNumber) return undefined;
      if (!maps.has(mapNumber)) maps.set(mapNumber, pageOf(mapNumber));
      const map = maps.get(mapNumber);
      const at = (page - mapNumber - 1) * 5;
      if (map?.[at] === ROOT) return page;
      if (map?.[at] !== BRANCH) return undefined;
      page = map.readUInt32BE(at + 1);
    }
    return undefined;
  };

  const varint = (bytes: Buffer, at: number): readonly [value: number, next: number] => {
    let value = 0;
    for (let i = 0; i < 8; i++) {
      const byte = bytes[at + i] ?? 0;
      value = value * 128 + (byte & 127);
      if (byte < 128) return [value, at + i + 1];
    }
    return [value * 256 + (bytes[at + 8] ?? 0), at + 9];
  };

  /** What is too long for its page goes on elsewhere. */
  const recordAt = (page: Buffer, at: number, length: number): Buffer | undefined => {
    const most = PAGE - 35;
    if (length <= most) return page.subarray(at, at + length);
    const least = Math.floor(((PAGE - 12) * 32) / 255) - 23;
    const rest = least + ((length - least) % (PAGE - 4));
    const here = rest <= most ? rest : least;
    if (length > LONGEST || at + here + 4 > PAGE) return undefined;
    const parts = [page.subarray(at, at + here)];
    let next = page.readUInt32BE(at + here);
    for (let left = length - here; left > 0; left -= PAGE - 4) {
      const more = pageOf(next);
      if (more === undefined) return undefined;
      parts.push(more.subarray(4, 4 + Math.min(left, PAGE - 4)));
      next = more.readUInt32BE(0);
    }
    return Buffer.concat(parts);
  };

  const cellsOf = (record: Buffer): readonly Cell[] | undefined => {
    const cells: Cell[] = [];
    const [headEnd, begin] = varint(record, 0);
    let body = headEnd;
    for (let at = begin; at < headEnd;) {
      const [type, next] = varint(record, at);
      at = next;
      const length = type >= 12 ? Math.floor((type - 12) / 2) : ([0, 1, 2, 3, 4, 6, 8, 8, 0, 0][type] ?? 0);
      if (body + length > record.length) return undefined;
      if (type === 0) cells.push(null);
      else if (type === 6) cells.push(Number(record.readBigInt64BE(body)));
      else if (type === 7) cells.push(record.readDoubleBE(body));
      else if (type < 7) cells.push(record.readIntBE(body, length));
      else if (type < 12) cells.push(type === 9 ? 1 : 0);
      else cells.push(type % 2 === 0 ? record.subarray(body, body + length) : record.toString('utf8', body, body + length));
      body += length;
    }
    return cells;
  };

  try {
    // The first page has the names of the tables.
    for (let number = 2; ; number++) {
      const page = pageOf(number);
      if (page === undefined) return;
      const root = page[0] === LEAF ? rootOf(number) : undefined;
      if (root === undefined) continue;
      const most = Math.min(page.readUInt16BE(3), (PAGE - 8) / 2);
      for (let i = 0; i < most; i++) {
        const [length, afterLength] = varint(page, page.readUInt16BE(8 + 2 * i));
        const [id, at] = varint(page, afterLength);
        const record = recordAt(page, at, length);
        const cells = record === undefined ? undefined : cellsOf(record);
        if (cells !== undefined) yield { root, id, cells };
      }
    }
  } finally {
    fs.closeSync(file);
  }
}
