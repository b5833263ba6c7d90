import type { Moment } from '../store.js';
import type { Row } from './database.js';
import type { FileState } from './file-state.js';
import type { OpenFile } from './open-file.js';
import type { PackedRecords, WorkerResults, WorkerSettings } from './worker-protocol.js';

// Runs in the worker: see database.ts.

/** Stores messages, and makes room for them. */
export interface PutRecords {
  readonly put: (records: PackedRecords, now: Moment) => WorkerResults['put'];
  /** Forgets what was reckoned in a commit that failed. */
  readonly reset: () => void;
}

/** Makes a {@link PutRecords}. */
export function putRecords(
  file: FileState,
  settings: WorkerSettings,
  walBytes: number,
  { beside, forget }: Pick<OpenFile, 'beside' | 'forget'>,
): PutRecords {
  const { state, sql, number, checksum, streamOf, order, remove, sized, unclaimed } = file;
  const { maxBytes, maxAge, onFull } = settings;
  /** Bytes that may still come before the file is asked how full it is. */
  let room = 0;
  /** While it is full, no message before this place has been overtaken by a newer one of its key: what comes looks for its own key. */
  let overtakenFrom = 0;
  let pageSize = 0;

  /** Bytes that are left, with all files together. */
  const left = (): number => {
    const { pragma } = file.tables();
    pageSize = pragma('page_size');
    return maxBytes - walBytes - beside() - (pragma('page_count') - pragma('freelist_count')) * pageSize;
  };

  /** The next to give way for a message of this key, or `undefined`: there is none that may. */
  const victim = (key: string): Row | undefined => {
    if (onFull === 'latestPerKey') {
      const older = sql(`SELECT ${sized} FROM message WHERE COALESCE(key, topicName) = ? AND ${unclaimed} ORDER BY place LIMIT 1`).get(key);
      if (older !== undefined) return older;
      const overtaken = sql(
        `SELECT ${sized} FROM message WHERE place > ? AND ${unclaimed} AND EXISTS (SELECT 1 FROM message AS newer
           WHERE COALESCE(newer.key, newer.topicName) = COALESCE(message.key, message.topicName) AND newer.place > message.place) ORDER BY place LIMIT 1`,
      ).get(overtakenFrom);
      overtakenFrom = overtaken === undefined ? state.nextPlace : number(overtaken['place']) - 1;
      if (overtaken !== undefined) return overtaken;
    }
    return sql(`SELECT ${sized} FROM message WHERE ${unclaimed} ORDER BY place LIMIT 1`).get();
  };

  /** Whether there is room for a message of this many bytes now, having made it if need be. */
  const makeRoom = (key: string, size: number, told: { dropped: number; droppedBytes: number }): boolean => {
    // Counted down by more than a message takes, and read anew from the file when that says it is full.
    const needs = size + 256 + (size > pageSize / 8 ? pageSize : 0);
    room -= needs;
    if (room >= 0) return true;
    room = left() - needs;
    // Before any message gives way.
    if (room < 0 && beside() > 0) {
      forget();
      room = left() - needs;
    }
    if (room >= 0) overtakenFrom = 0;
    while (room < 0) {
      if (onFull === 'refuse') return false;
      let freed = 0;
      while (freed < Math.max(needs, pageSize)) {
        const row = victim(key);
        if (row === undefined) return false;
        remove(row, 'dropped');
        told.dropped++;
        told.droppedBytes += number(row['size']);
        freed += number(row['size']) + 64;
      }
      room = left() - needs;
    }
    return true;
  };

  const expireOldest = (now: Moment): number => {
    if (maxAge === Infinity) return 0;
    const rows = sql(
      `SELECT ${sized} FROM message WHERE age <= ? AND ${unclaimed} AND place < (SELECT MIN(place) + 1000 FROM message) ORDER BY place LIMIT 1000`,
    ).all(now.age - maxAge);
    for (const row of rows) remove(row, 'expired');
    return rows.length;
  };

  const put = (records: PackedRecords, now: Moment): WorkerResults['put'] => {
    const { messages, texts, numbers, payloads } = records;
    const streamNames = new Map([...new Set(texts.filter((_, i) => i % 4 === 0))].map(name => [name, file.wellFormed(name)]));
    const told = { dropped: 0, droppedBytes: 0 };
    const place = state.nextPlace;
    const given: number[] = [];
    let offset = 0;
    expireOldest(now);
    // Node 22 takes bytes of nothing for NULL.
    const insert = sql('INSERT INTO message VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce(?, zeroblob(0)))');
    for (let i = 0; i < messages; i++) {
      const [givenStream = '', givenKey = '', topicName = '', members = ''] = texts.slice(i * 4, i * 4 + 4);
      const streamName = streamNames.get(givenStream) ?? '';
      const key = givenKey === topicName ? topicName : file.wellFormed(givenKey);
      const [priority = 0, storedAt = 0, expiresIn = NaN, qos = 0, length = 0] = numbers.subarray(i * 5, i * 5 + 5);
      const payload = payloads.subarray(offset, offset + length);
      offset += length;
      const size = Buffer.byteLength(topicName) + length;
      if (!makeRoom(key, size + key.length + members.length, told)) break;
      if (priority !== 0) order();
      const stream = streamOf(streamName);
      const row: Row = {
        place: state.nextPlace++,
        stream: stream.id,
        number: stream.next++,
        key: key === topicName ? null : key,
        priority,
        storedAt,
        age: now.age,
        expires: Number.isNaN(expiresIn) ? null : now.age + expiresIn,
        topicName,
        qos: String(qos),
        members,
        payload,
      };
      insert.run(
        number(row['place']),
        stream.id,
        number(row['number']),
        row['key'] ?? null,
        priority,
        storedAt,
        now.age,
        row['expires'] ?? null,
        topicName,
        file.text(row['qos']),
        members,
        checksum(row),
        payload,
      );
      given.push(number(row['number']));
      state.stored++;
      state.inside++;
      state.bytes += size;
    }
    for (const name of streamNames.values()) file.saveStream(name);
    return { taken: given.length, place, numbers: given, ...told };
  };

  return {
    put,
    reset: () => {
      room = 0;
      overtakenFrom = 0;
    },
  };
}
