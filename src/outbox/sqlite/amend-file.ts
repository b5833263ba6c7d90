import fs from 'node:fs';
import { crc32 } from 'node:zlib';
import type { Either } from 'fp-ts/lib/Either.js';
import type { OutboxUnavailable } from '../../errors/errors.js';
import { openDatabase, type Row, schema } from './database.js';
import { type FileState, fileState } from './file-state.js';
import { type MarkFile, openMark } from './mark-file.js';
import { reading, withSqlite } from './read-file.js';
import { type Selection, selected } from './selection.js';

/** Bytes of log until it is written back. */
const WAL_BYTES = 4 << 20;

/** Changes a file that nobody has open, in one commit: all of it or nothing. Gives how many messages it was about. */
function amend(path: string, change: (file: FileState) => number): Either<OutboxUnavailable<'message'>, number> {
  return withSqlite(path, sqlite => {
    // Before any table is made: it may be another's file.
    reading(sqlite, path, () => undefined);
    const tables = openDatabase(sqlite, path, WAL_BYTES, schema());
    const { database } = tables;
    let mark: MarkFile | undefined;
    try {
      mark = openMark(fs, crc32, `${path}-mark`);
      const file = fileState(crc32);
      file.use(tables);
      database.exec('BEGIN IMMEDIATE');
      if (!file.load()) throw new Error('It has no counters: no outbox has been there.');
      const before = file.state.inside;
      const changed = change(file);
      file.save(undefined);
      database.exec('COMMIT');
      const { nextPlace, inside } = file.state;
      // What the mark knows of and the file has not is for the outbox to find.
      if (mark.last === undefined) mark.write({ nextPlace, inside });
      else mark.write({ nextPlace: Math.max(nextPlace, mark.last.nextPlace), inside: Math.max(0, mark.last.inside + inside - before) });
      database.exec('PRAGMA incremental_vacuum');
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      return changed;
    } finally {
      database.close();
      mark?.close();
    }
  });
}

/** Messages that were set aside are to be sent after all, in the place they had. They may have been sent before, and say so. */
export function requeueMessages(path: string, selection: Selection): Either<OutboxUnavailable<'message'>, number> {
  return amend(path, file => {
    const { sql, number, text, state } = file;
    let requeued = 0;
    for (const row of asideRows(file, selection)) {
      // It is not what was stored.
      if (file.asideChecksum(row) !== row['checksum']) continue;
      const place = number(row['place']);
      const message: Row = {
        place,
        stream: number(row['stream']),
        number: number(row['number']),
        key: row['key'] ?? null,
        priority: number(row['priority']),
        storedAt: number(row['storedAt']),
        // Too old it may be; whoever asks for it wants it sent.
        age: state.age,
        expires: null,
        topicName: text(row['topicName']),
        qos: text(row['qos']),
        members: text(row['members']),
        payload: file.bytes(row['payload']),
      };
      if (message['priority'] !== 0) file.order();
      const checksum = file.checksum(message);
      const { payload = null, ...head } = message;
      sql('INSERT INTO message VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce(?, zeroblob(0)))').run(
        ...Object.values(head),
        checksum,
        payload,
      );
      sql('INSERT INTO attempt(place, attempts, crashes, suspect) VALUES(?, 1, 0, 0)').run(place);
      sql('DELETE FROM aside WHERE place=?').run(place);
      isNotLost(file, number(message['stream']), number(message['number']));
      state.setAside--;
      state.inside++;
      state.bytes += Buffer.byteLength(text(row['topicName'])) + file.bytes(row['payload']).length;
      requeued++;
    }
    return requeued;
  });
}

/** Messages are never to be sent: the receivers are told their numbers with the next that is. */
export function dropMessages(path: string, selection: Selection): Either<OutboxUnavailable<'message'>, number> {
  return amend(path, file => {
    const { sql } = file;
    const query = `SELECT ${file.sized}, topicName FROM message WHERE place >= ? AND place <= ? ORDER BY place LIMIT ?`;
    let dropped = 0;
    for (const row of selected((from, to, rows) => sql(query).all(from, to, rows), selection)) {
      file.remove(row, 'dropped');
      dropped++;
    }
    return dropped;
  });
}

/** Messages that were set aside are forgotten. */
export function forgetSetAside(path: string, selection: Selection): Either<OutboxUnavailable<'message'>, number> {
  return amend(path, file => {
    let forgotten = 0;
    for (const row of asideRows(file, selection)) {
      file.sql('DELETE FROM aside WHERE place=?').run(file.number(row['place']));
      forgotten++;
    }
    return forgotten;
  });
}

function asideRows({ sql }: FileState, selection: Selection): Iterable<Row> {
  return selected(
    (from, to, rows) => sql('SELECT * FROM aside WHERE place >= ? AND place <= ? ORDER BY place LIMIT ?').all(from, to, rows),
    selection,
  );
}

/** Takes a number out of what the receivers are still to be told as lost. */
function isNotLost({ sql, number }: FileState, stream: number, lost: number): void {
  const range = sql('SELECT id, first, last FROM loss WHERE stream=? AND first <= ? AND last >= ?').get(stream, lost, lost);
  if (range === undefined) return;
  sql('DELETE FROM loss WHERE id=?').run(number(range['id']));
  for (const [first, last] of [
    [number(range['first']), lost - 1],
    [lost + 1, number(range['last'])],
  ] as const)
    if (first <= last) sql('INSERT INTO loss(stream, first, last) VALUES(?, ?, ?)').run(stream, first, last);
}
