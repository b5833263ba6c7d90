import type { Cell } from './database.js';
import type { MarkFs } from './mark-file.js';

// Runs in the worker: see database.ts.

/** A row where it lies: the page that its table begins with, the number it is filed under, and its columns. */
export interface FoundRow {
  readonly root: number;
  readonly id: number;
  /** None: they cannot be read. */
  readonly cells: readonly Cell[];
}

/**
 * Hands over all rows of a database's tables, page by page, as far as they can be read. SQLite finds a row by its tree, and one byte that
 * is flipped near the root hides all of them, though each is where it was. The map of the pages (`auto_vacuum`) says which lead to which,
 * the other way round, and which are free.
 *
 * The log is not looked at. The format is SQLite's, version 3 (https://www.sqlite.org/fileformat2.html), with pages of 4 096 bytes.
 *
 * @param take says whether a row is as it was written, as its checksum tells.
 */
export function readRows(fs: MarkFs, path: string, take: (row: FoundRow) => boolean): void {
  const PAGE = 4_096;
  /** Each page of the map tells of so many that follow it, five bytes each. */
  const MAPPED = Math.floor(PAGE / 5);
  /** It holds a lock, and nothing else. */
  const LOCK_PAGE = 0x4000_0000 / PAGE + 1;
  const [ROOT, BRANCH, LEAF] = [1, 5, 13];
  /** What is deeper is no tree, but damage; what is longer, or has more columns, no row. */
  const MAX_DEPTH = 32;
  const MAX_BYTES = 1 << 26;
  const MAX_COLUMNS = 32;
  /** A page that so many rows go on in, none of which is as it was written, is read for no other. */
  const MAX_CLAIMS = 4;
  const file = fs.openSync(path, 'r');

  const pageOf = (number: number): Buffer | undefined => {
    const bytes = Buffer.alloc(PAGE);
    return number > 0 && fs.readSync(file, bytes, 0, PAGE, (number - 1) * PAGE) > 0 ? bytes : undefined;
  };

  const maps = new Map<number, Buffer | undefined>();
  /** `undefined`: it is in no tree. */
  const rootOf = (number: number): number | undefined => {
    let page = number;
    for (let depth = 0; depth < MAX_DEPTH; depth++) {
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

  const lengthOf = (type: number): number => (type >= 12 ? Math.floor((type - 12) / 2) : ([0, 1, 2, 3, 4, 6, 8, 8, 0, 0][type] ?? 0));

  /** The types of the columns of a row of this length, which it begins with. `undefined`: they do not add up to it. */
  const typesOf = (row: Buffer, length: number): readonly number[] | undefined => {
    const types: number[] = [];
    const [end, begin] = varint(row, 0);
    let at = begin;
    let sum = end;
    while (at < end && types.length < MAX_COLUMNS) {
      const [type, next] = varint(row, at);
      types.push(type);
      sum += lengthOf(type);
      at = next;
    }
    return at === end && sum === length ? types : undefined;
  };

  /**
   * How often a page was read for a row that goes on in it; `Infinity`: it is part of one that is as it was written, and so of no other. A
   * row that is damaged may lead into those of another, which must be found all the same.
   */
  const claims = new Map<number, number>();

  /** What is too long for its page goes on elsewhere: in these pages. */
  const restOf = (begin: Buffer, first: number, length: number, pages: number[]): Buffer | undefined => {
    const parts = [begin];
    let next = first;
    for (let left = length - begin.length; left > 0; left -= PAGE - 4) {
      const claimed = claims.get(next) ?? 0;
      const page = claimed < MAX_CLAIMS ? pageOf(next) : undefined;
      if (page === undefined) return undefined;
      claims.set(next, claimed + 1);
      pages.push(next);
      parts.push(page.subarray(4, 4 + Math.min(left, PAGE - 4)));
      next = page.readUInt32BE(0);
    }
    return Buffer.concat(parts);
  };

  const cellsAt = (page: Buffer, at: number, length: number, pages: number[]): readonly Cell[] | undefined => {
    const most = PAGE - 35;
    const least = Math.floor(((PAGE - 12) * 32) / 255) - 23;
    const rest = least + ((length - least) % (PAGE - 4));
    const here = length <= most ? length : rest <= most ? rest : least;
    if (length > MAX_BYTES || at + here + (here < length ? 4 : 0) > PAGE) return undefined;
    const begin = page.subarray(at, at + here);
    const types = typesOf(begin, length);
    if (types === undefined) return undefined;
    const row = here === length ? begin : restOf(begin, page.readUInt32BE(at + here), length, pages);
    if (row === undefined) return undefined;
    let [body] = varint(row, 0);
    return types.map(type => {
      const from = body;
      body += lengthOf(type);
      if (type === 0) return null;
      if (type === 6) return Number(row.readBigInt64BE(from));
      if (type === 7) return row.readDoubleBE(from);
      if (type < 7) return row.readIntBE(from, body - from);
      if (type < 12) return type === 9 ? 1 : 0;
      return type % 2 === 0 ? row.subarray(from, body) : row.toString('utf8', from, body);
    });
  };

  try {
    // The first page has the names of the tables.
    for (let number = 2; ; number++) {
      const page = pageOf(number);
      if (page === undefined) return;
      const root = page[0] === LEAF ? rootOf(number) : undefined;
      if (root === undefined) continue;
      const cells = Math.min(page.readUInt16BE(3), (PAGE - 8) / 2);
      for (const start of new Set(Array.from({ length: cells }, (_, i) => page.readUInt16BE(8 + 2 * i)))) {
        const [length, afterLength] = varint(page, start);
        const [id, at] = varint(page, afterLength);
        const pages: number[] = [];
        if (take({ root, id, cells: cellsAt(page, at, length, pages) ?? [] })) for (const part of pages) claims.set(part, Infinity);
      }
    }
  } finally {
    fs.closeSync(file);
  }
}
