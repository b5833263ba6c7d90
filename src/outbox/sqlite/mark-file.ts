import type fs from 'node:fs';

// Runs in the worker: see database.ts.

/** What of `node:fs` is used here. */
export type MarkFs = Pick<
  typeof fs,
  'openSync' | 'closeSync' | 'readSync' | 'writeSync' | 'fdatasyncSync' | 'fsyncSync' | 'existsSync' | 'renameSync' | 'rmSync' | 'statSync'
>;

/** How far the store had come at the last commit that was told. */
export interface HighWaterMark {
  readonly nextPlace: number;
  readonly inside: number;
}

/** The file beside the database that holds the high-water mark. */
export interface MarkFile {
  /** What was last written, by this process or one before it. */
  readonly last: HighWaterMark | undefined;
  readonly write: (mark: HighWaterMark) => void;
  readonly close: () => void;
}

/**
 * A second, synced file that knows how far the store had come. SQLite drops the end of its WAL, without a word, from the first frame that
 * does not add up: a single flipped byte took 52 of 100 committed messages, and `integrity_check` said ok. What this file knows and the
 * database does not is lost, and can be told.
 *
 * Two places, written in turn, so that a write that was torn leaves the one before.
 */
export function openMark(files: MarkFs, crc32: (bytes: Uint8Array) => number, path: string, toRead = false): MarkFile {
  const SLOT = 32;
  const file = files.openSync(path, toRead ? 'r' : files.existsSync(path) ? 'r+' : 'w+', 0o600);
  const read = (slot: number): { readonly turn: number; readonly mark: HighWaterMark } | undefined => {
    const bytes = new Uint8Array(SLOT);
    if (files.readSync(file, bytes, 0, SLOT, slot * SLOT) < SLOT) return undefined;
    const view = new DataView(bytes.buffer);
    if (view.getUint32(24) !== crc32(bytes.subarray(0, 24))) return undefined;
    const [turn, nextPlace, inside] = [view.getFloat64(0), view.getFloat64(8), view.getFloat64(16)];
    // Right as the checksum may be, no outbox has written anything else.
    return [turn, nextPlace, inside].every(value => Number.isSafeInteger(value) && value >= 0)
      ? { turn, mark: { nextPlace, inside } }
      : undefined;
  };
  const slots = (): readonly ReturnType<typeof read>[] => {
    try {
      return [read(0), read(1)];
    } catch (error) {
      files.closeSync(file);
      throw error;
    }
  };
  const [first, second] = slots();
  const newest = first === undefined || (second !== undefined && second.turn > first.turn) ? second : first;
  let turn = newest?.turn ?? 0;
  let last = newest?.mark;
  const bytes = new Uint8Array(SLOT);
  const view = new DataView(bytes.buffer);
  return {
    get last() {
      return last;
    },
    write: mark => {
      turn++;
      view.setFloat64(0, turn);
      view.setFloat64(8, mark.nextPlace);
      view.setFloat64(16, mark.inside);
      view.setUint32(24, crc32(bytes.subarray(0, 24)));
      files.writeSync(file, bytes, 0, SLOT, (turn % 2) * SLOT);
      files.fdatasyncSync(file);
      last = mark;
    },
    close: () => files.closeSync(file),
  };
}
