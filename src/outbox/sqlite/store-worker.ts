import type { Cell, openDatabase, Row, Sqlite, Tables } from './database.js';
import type { MarkFile, MarkFs, openMark } from './mark-file.js';
import type { PackedRecords, WorkerAnswer, WorkerFailure, WorkerRequest, WorkerResults, WorkerSettings } from './worker-protocol.js';
import type { Fate, Moment, TakeRequest } from '../store.js';

// Runs in the worker: see database.ts.

/** What the worker is made of. */
export interface WorkerParts {
  readonly post: (answers: readonly WorkerAnswer[]) => void;
  readonly settings: WorkerSettings;
  readonly fs: MarkFs;
  readonly crc32: (bytes: Uint8Array | string, start?: number) => number;
  readonly sqlite: () => Sqlite;
  readonly openDatabase: typeof openDatabase;
  readonly openMark: typeof openMark;
}

/**
 * The store: what is asked while a commit is under way is done in the next one together, and answered when that is on the disk.
 */
export function storeWorker(parts: WorkerParts): (request: WorkerRequest) => void {
  const { post, settings, fs, crc32 } = parts;
  const { path, maxBytes, maxAge, onFull } = settings;
  // A part of the bound is the WAL's, which grows with a commit and is written back before it is over its share.
  const walBytes = Math.min(4 << 20, Math.floor(maxBytes / 4));
  const MOST_LOSSES = 10_000;
  const CRASHES = 3;
  const ASIDE = 1_000;
  let tables: Tables | undefined;
  let mark: MarkFile | undefined;
  let broken: WorkerFailure | undefined;
  let pageSize = 4096;
  let room = 0;
  let overtakenFrom = 0;
  const streams = new Map<string, { readonly id: number; next: number }>();
  const state = {
    epoch: '',
    nextPlace: 1,
    stored: 0,
    forwarded: 0,
    expired: 0,
    dropped: 0,
    setAside: 0,
    damaged: 0,
    inside: 0,
    bytes: 0,
    age: 0,
    timeOfDay: 0,
  };

  const need = (): Tables => {
    if (tables === undefined) throw new Error('The outbox is not open.');
    return tables;
  };
  const sql = (text: string) => need().statement(text);
  const num = (cell: Cell | undefined): number => (typeof cell === 'number' ? cell : 0);
  const text = (cell: Cell | undefined): string => (typeof cell === 'string' ? cell : '');
  const bytesOf = (cell: Cell | undefined): Uint8Array => (cell instanceof Uint8Array ? cell : new Uint8Array(0));

  const failureOf = (error: unknown): WorkerFailure => {
    const { code, errcode, message } = error as { readonly code?: string; readonly errcode?: number; readonly message?: string };
    const says = String(message ?? error);
    if (code === 'ERR_UNKNOWN_BUILTIN_MODULE' || code === 'MODULE_NOT_FOUND') return { reason: 'needs-newer-node', message: says };
    if (errcode === undefined) {
      if (code === 'ENOSPC' || code === 'EDQUOT') return { reason: 'disk-full', message: says };
      if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return { reason: 'read-only', message: says };
      return { reason: code === 'EIO' ? 'sync-failed' : 'unusable', message: says };
    }
    switch (errcode & 0xff) {
      case 5: // SQLITE_BUSY
        return { reason: 'busy', message: says };
      case 8: // SQLITE_READONLY
        return { reason: 'read-only', message: says };
      case 10: // SQLITE_IOERR: what was synced and what was not is unknown from here on
        return { reason: 'sync-failed', message: says };
      case 11: // SQLITE_CORRUPT
      case 26: // SQLITE_NOTADB
        return { reason: 'damaged', message: says };
      case 13: // SQLITE_FULL
        return { reason: 'disk-full', message: says };
      default:
        return { reason: 'unusable', message: says };
    }
  };

  const saveState = (now: Moment | undefined): void => {
    if (now !== undefined) {
      state.age = now.age;
      state.timeOfDay = now.timeOfDay;
    }
    sql(
      'UPDATE state SET epoch=?, nextPlace=?, stored=?, forwarded=?, expired=?, dropped=?, setAside=?, damaged=?, inside=?, bytes=?, age=?, timeOfDay=? WHERE id=1',
    ).run(
      state.epoch,
      state.nextPlace,
      state.stored,
      state.forwarded,
      state.expired,
      state.dropped,
      state.setAside,
      state.damaged,
      state.inside,
      state.bytes,
      state.age,
      state.timeOfDay,
    );
  };

  const loadState = (): boolean => {
    const row = sql('SELECT * FROM state WHERE id=1').get();
    if (row === undefined) return false;
    for (const name of Object.keys(state) as (keyof typeof state)[]) Object.assign(state, { [name]: row[name] });
    return true;
  };

  const usedBytes = (): number => (need().pragma('page_count') - need().pragma('freelist_count')) * pageSize;

  const checksum = (row: Row): number => {
    const head = [row['place'], row['stream'], row['number'], row['key'], row['priority'], row['storedAt'], row['age'], row['expires'], row['topicName'], row['qos'], row['members']];
    return crc32(bytesOf(row['payload']), crc32(JSON.stringify(head)));
  };

  const streamOf = (name: string): { readonly id: number; next: number } => {
    const known = streams.get(name);
    if (known !== undefined) return known;
    sql('INSERT OR IGNORE INTO stream(epoch, name, next) VALUES(?, ?, 1)').run(state.epoch, name);
    const row = sql('SELECT id, next FROM stream WHERE epoch=? AND name=?').get(state.epoch, name);
    const made = { id: num(row?.['id']), next: num(row?.['next']) };
    streams.set(name, made);
    return made;
  };

  /** A message that will never come, for the receiver to know. */
  const lose = (stream: number, number: number): void => {
    const last = sql('SELECT id, first, last FROM loss WHERE stream=? ORDER BY id DESC LIMIT 1').get(stream);
    if (last !== undefined && num(last['last']) === number - 1) {
      sql('UPDATE loss SET last=? WHERE id=?').run(number, num(last['id']));
      return;
    }
    sql('INSERT INTO loss(stream, first, last) VALUES(?, ?, ?)').run(stream, number, number);
    sql('DELETE FROM loss WHERE id <= (SELECT MAX(id) FROM loss) - ?').run(MOST_LOSSES);
  };

  /** Takes a message out that is not to be sent any more. */
  const remove = (row: Row, why: 'forwarded' | 'expired' | 'dropped' | 'setAside' | 'damaged'): void => {
    const place = num(row['place']);
    sql('DELETE FROM message WHERE place=?').run(place);
    sql('DELETE FROM claim WHERE place=?').run(place);
    sql('DELETE FROM attempt WHERE place=?').run(place);
    state[why]++;
    state.inside--;
    state.bytes -= num(row['size']);
    if (why !== 'forwarded') lose(num(row['stream']), num(row['number']));
  };

  const SIZED = 'place, stream, number, length(CAST(topicName AS BLOB)) + length(payload) AS size';
  const UNCLAIMED = 'NOT EXISTS (SELECT 1 FROM claim WHERE claim.place = message.place)';

  /** The next to give way, or `undefined`: there is none that may. */
  const victim = (): Row | undefined => {
    if (onFull === 'latestPerKey') {
      const overtaken = sql(
        `SELECT ${SIZED} FROM message WHERE place > ? AND ${UNCLAIMED} AND EXISTS (SELECT 1 FROM message AS newer
           WHERE COALESCE(newer.key, newer.topicName) = COALESCE(message.key, message.topicName) AND newer.place > message.place) ORDER BY place LIMIT 1`,
      ).get(overtakenFrom);
      overtakenFrom = overtaken === undefined ? state.nextPlace : num(overtaken['place']) - 1;
      if (overtaken !== undefined) return overtaken;
    }
    return sql(`SELECT ${SIZED} FROM message WHERE ${UNCLAIMED} ORDER BY place LIMIT 1`).get();
  };

  /** Whether there is room for a message of this many bytes now, having made it if need be. */
  const makeRoom = (size: number, told: { dropped: number; droppedBytes: number }): boolean => {
    // Counted down by more than a message takes, and read anew from the file when that says it is full.
    const needs = size + 256 + (size > pageSize / 8 ? pageSize : 0);
    room -= needs;
    if (room >= 0) return true;
    room = maxBytes - walBytes - usedBytes() - needs;
    while (room < 0) {
      if (onFull === 'refuse') return false;
      let freed = 0;
      while (freed < Math.max(needs, pageSize)) {
        const row = victim();
        if (row === undefined) return false;
        remove(row, 'dropped');
        told.dropped++;
        told.droppedBytes += num(row['size']);
        freed += num(row['size']) + 64;
      }
      room = maxBytes - walBytes - usedBytes() - needs;
    }
    return true;
  };

  const expireOldest = (now: Moment): number => {
    if (maxAge === Infinity) return 0;
    const rows = sql(`SELECT ${SIZED} FROM message WHERE age <= ? AND ${UNCLAIMED} AND place < (SELECT MIN(place) + 1000 FROM message) ORDER BY place LIMIT 1000`).all(
      now.age - maxAge,
    );
    for (const row of rows) remove(row, 'expired');
    return rows.length;
  };

  const put = (records: PackedRecords, now: Moment): WorkerResults['put'] => {
    const { messages, texts, numbers, payloads } = records;
    const told = { dropped: 0, droppedBytes: 0 };
    const place = state.nextPlace;
    const given: number[] = [];
    let offset = 0;
    expireOldest(now);
    const insert = sql('INSERT INTO message VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    for (let i = 0; i < messages; i++) {
      const [streamName = '', key = '', topicName = '', members = ''] = texts.slice(i * 4, i * 4 + 4);
      const [priority = 0, storedAt = 0, expiresIn = NaN, qos = 0, length = 0] = numbers.subarray(i * 5, i * 5 + 5);
      const payload = payloads.subarray(offset, offset + length);
      offset += length;
      const size = topicName.length + length;
      if (!makeRoom(size + key.length + members.length, told)) break;
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
        num(row['place']), stream.id, num(row['number']), row['key'] ?? null, priority, storedAt, now.age, row['expires'] ?? null, topicName, text(row['qos']), members, checksum(row), payload,
      );
      given.push(num(row['number']));
      state.stored++;
      state.inside++;
      state.bytes += size;
    }
    for (const name of new Set(texts.filter((_, i) => i % 4 === 0))) {
      const stream = streams.get(name);
      if (stream !== undefined) sql('UPDATE stream SET next=? WHERE id=?').run(stream.next, stream.id);
    }
    return { taken: given.length, place, numbers: given, ...told };
  };

  const take = ({ from, before, messages, bytes }: TakeRequest, now: Moment): WorkerResults['take'] => {
    const texts: string[] = [];
    const numbers: number[] = [];
    const payloads: Uint8Array[] = [];
    const lost: number[][] = [];
    const found = { expired: 0, damaged: 0, setAside: 0 };
    const toldStreams = new Set<number>();
    let size = 0;
    const pick = (where: string, order: string): void => {
      for (;;) {
        if (lost.length >= messages || size >= bytes) return;
        const rows = sql(
          `SELECT message.*, length(CAST(message.topicName AS BLOB)) + length(payload) AS size, attempts, crashes, suspect, stream.name AS name, stream.epoch AS epoch
             FROM message LEFT JOIN attempt USING (place) LEFT JOIN stream ON stream.id = message.stream
             WHERE place >= ? AND place < ? AND ${where} AND ${UNCLAIMED} ORDER BY ${order} LIMIT ?`,
        ).all(from, before, Math.min(64, messages - lost.length));
        if (rows.length === 0) return;
        for (const row of rows) {
          if (size >= bytes) return;
          hand(row);
        }
      }
    };
    const hand = (row: Row): void => {
      const expires = row['expires'];
      if (checksum(row) !== row['checksum']) {
        found.damaged++;
        remove(row, 'damaged');
      } else if ((typeof expires === 'number' && expires <= now.age) || num(row['age']) + maxAge <= now.age) {
        found.expired++;
        remove(row, 'expired');
      } else if (num(row['crashes']) >= CRASHES) {
        found.setAside++;
        setAside(row, 'Each time it was sent alone the process ended, three times.', now);
      } else {
        const place = num(row['place']);
        const stream = num(row['stream']);
        const losses = toldStreams.has(stream) ? [] : sql('SELECT id, first, last FROM loss WHERE stream=? AND last < ? ORDER BY id LIMIT 16').all(stream, num(row['number']));
        toldStreams.add(stream);
        sql('INSERT INTO claim(place, sent, told) VALUES(?, 0, ?)').run(place, losses.at(-1)?.['id'] ?? null);
        const payload = bytesOf(row['payload']);
        texts.push(text(row['epoch']), text(row['name']), row['key'] === null ? text(row['topicName']) : text(row['key']), text(row['topicName']), text(row['members']));
        numbers.push(place, num(row['number']), num(row['priority']), num(row['storedAt']), Number(row['qos']), num(row['attempts']), num(row['suspect']), payload.length);
        payloads.push(payload);
        lost.push(losses.flatMap(({ first, last }) => [num(first), num(last)]));
        size += num(row['size']);
      }
    };
    pick('priority > 0', 'priority DESC, place');
    pick('priority = 0', 'place');
    pick('priority < 0', 'priority DESC, place');
    // The counts say there is something and no query finds it: the tree of the table is damaged.
    if (state.inside > 0 && sql('SELECT 1 FROM message LIMIT 1').get() === undefined) {
      found.damaged += state.inside;
      state.damaged += state.inside;
      state.inside = 0;
      state.bytes = 0;
    }
    const all = new Uint8Array(payloads.reduce((sum, { length }) => sum + length, 0));
    let offset = 0;
    for (const payload of payloads) {
      all.set(payload, offset);
      offset += payload.length;
    }
    return { records: { messages: lost.length, texts, numbers: Float64Array.from(numbers), payloads: all, lost }, ...found };
  };

  const setAside = (row: Row, reason: string, now: Moment): void => {
    sql('INSERT OR REPLACE INTO aside SELECT place, stream, number, storedAt, topicName, qos, members, payload, ?, ? FROM message WHERE place=?').run(
      reason,
      now.timeOfDay,
      num(row['place']),
    );
    sql('DELETE FROM aside WHERE place IN (SELECT place FROM aside ORDER BY place DESC LIMIT -1 OFFSET ?)').run(ASIDE);
    remove(row, 'setAside');
  };

  const settle = (fates: readonly Fate[], now: Moment): object => {
    for (const { place, fate, reason } of fates) {
      const claim = sql('SELECT told FROM claim WHERE place=?').get(place);
      if (claim === undefined) continue;
      if (fate === 'sent' || fate === 'sending') {
        sql('UPDATE claim SET sent=? WHERE place=?').run(fate === 'sent' ? 1 : 2, place);
        continue;
      }
      if (fate === 'released' || fate === 'handedBack') {
        sql('DELETE FROM claim WHERE place=?').run(place);
        if (fate === 'handedBack') continue;
        sql('INSERT INTO attempt(place, attempts, crashes, suspect) VALUES(?, 1, 0, 0) ON CONFLICT(place) DO UPDATE SET attempts = attempts + 1').run(place);
        continue;
      }
      const row = sql(`SELECT ${SIZED} FROM message WHERE place=?`).get(place);
      if (row === undefined) continue;
      if (fate === 'forwarded') {
        const told = claim['told'];
        if (typeof told === 'number') sql('DELETE FROM loss WHERE stream=? AND id <= ?').run(num(row['stream']), told);
        remove(row, 'forwarded');
      } else setAside(row, reason ?? 'It was refused.', now);
    }
    return {};
  };

  /** Gives free pages back, a few at each commit; all of them once nothing is stored. */
  const shrink = (): void => {
    const free = need().pragma('freelist_count');
    if (free > 0 && (state.inside === 0 || free > 1_024)) need().database.exec(`PRAGMA incremental_vacuum(${state.inside === 0 ? 0 : 256})`);
  };

  const removeFiles = (): void => {
    for (const suffix of ['', '-wal', '-shm', '-journal', '-mark']) fs.rmSync(path + suffix, { force: true });
  };

  const syncFolder = (): void => {
    const folder = fs.openSync(path.slice(0, Math.max(1, path.lastIndexOf('/'))) || '.', 'r');
    try {
      fs.fsyncSync(folder);
    } finally {
      fs.closeSync(folder);
    }
  };

  const open = (now: Moment, newEpoch: string): WorkerResults['open'] => {
    if (tables !== undefined) return { epoch: state.epoch, lostToDamage: 0, movedTo: undefined, nextPlace: state.nextPlace, age: state.age, timeOfDay: state.timeOfDay };
    const sqlite = parts.sqlite();
    const existed = fs.existsSync(path);
    mark = parts.openMark(fs, crc32, `${path}-mark`);
    const before = mark.last;
    let movedTo: string | undefined;
    let saved = false;
    try {
      tables = parts.openDatabase(sqlite, path, walBytes);
      saved = loadState();
    } catch (error) {
      if (failureOf(error).reason !== 'damaged') throw error;
      tables?.database.close();
      tables = undefined;
      movedTo = `${path}.damaged`;
      for (const suffix of ['', '-wal']) if (fs.existsSync(path + suffix)) fs.renameSync(path + suffix, movedTo + suffix);
      tables = parts.openDatabase(sqlite, path, walBytes);
    }
    pageSize = need().pragma('page_size');
    need().database.exec('BEGIN IMMEDIATE');
    if (!saved) {
      sql('INSERT INTO state VALUES(1, 1, ?, 1, 0, 0, 0, 0, 0, 0, 0, 0, ?, ?)').run(newEpoch, now.age, now.timeOfDay);
      loadState();
    }
    let lostToDamage = 0;
    if (before !== undefined && before.nextPlace > state.nextPlace) {
      // All that was inside, where the whole file is gone; else what had been added since.
      lostToDamage = saved ? before.nextPlace - state.nextPlace : before.inside;
      state.damaged += lostToDamage;
      state.stored += lostToDamage;
      state.nextPlace = before.nextPlace;
      // The numbers that were lost are not known, and must not be given twice.
      state.epoch = newEpoch;
    }
    // Handed out when the process ended: one of them may be what ended it. Only of one that was on its way alone is that known.
    sql(
      `INSERT INTO attempt(place, attempts, crashes, suspect) SELECT place, 1, sent = 2, sent <> 1 FROM claim WHERE true
         ON CONFLICT(place) DO UPDATE SET attempts = attempts + 1, crashes = crashes + excluded.crashes, suspect = excluded.suspect`,
    ).run();
    sql('DELETE FROM claim').run();
    saveState(undefined);
    need().database.exec('COMMIT');
    if (onFull === 'latestPerKey') need().database.exec('CREATE INDEX IF NOT EXISTS message_key ON message(COALESCE(key, topicName), place)');
    else need().database.exec('DROP INDEX IF EXISTS message_key');
    if (!existed || movedTo !== undefined) syncFolder();
    mark.write({ nextPlace: state.nextPlace, inside: state.inside });
    const { epoch, nextPlace, age, timeOfDay } = state;
    return { epoch, lostToDamage, movedTo, nextPlace, age, timeOfDay };
  };

  const shut = (): object => {
    try {
      if (tables !== undefined && broken === undefined) tables.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } finally {
      tables?.database.close();
      mark?.close();
      tables = undefined;
      mark = undefined;
    }
    return {};
  };

  const perform = (request: WorkerRequest): WorkerResults[keyof WorkerResults] => {
    switch (request.op) {
      case 'open':
        return open(request.now, request.epoch);
      case 'put':
        return put(request.records, request.now);
      case 'take':
        return take(request.take, request.now);
      case 'settle':
        return settle(request.fates, request.now);
      case 'close':
        return shut();
    }
  };

  const news = () => {
    const { stored, forwarded, expired, dropped, setAside: aside, damaged, inside, bytes } = state;
    const oldest = tables === undefined || inside === 0 ? undefined : sql('SELECT storedAt FROM message ORDER BY place LIMIT 1').get()?.['storedAt'];
    return {
      depth: { messages: inside, bytes, oldest: typeof oldest === 'number' ? oldest : undefined },
      counts: { stored, forwarded, expired, dropped, setAside: aside, damaged, inside },
    };
  };

  /** All of these in one commit. Throws what went wrong, with nothing of them done. */
  const commit = (requests: readonly Exclude<WorkerRequest, { readonly op: 'open' | 'close' }>[]): WorkerAnswer[] => {
    const { database } = need();
    const before = { ...state };
    database.exec('BEGIN IMMEDIATE');
    try {
      room = 0;
      const results = requests.map(request => ({ id: request.id, failure: undefined, result: perform(request) }));
      shrink();
      saveState(requests.at(-1)?.now);
      database.exec('COMMIT');
      // Known to be there before anybody is told that it is.
      if (state.nextPlace !== before.nextPlace) mark?.write({ nextPlace: state.nextPlace, inside: state.inside });
      return results.map(result => ({ ...result, ...news() }));
    } catch (error) {
      Object.assign(state, before);
      streams.clear();
      const failure = failureOf(error);
      // What reached the disk is not known any more, and no later sync would tell.
      if (failure.reason === 'sync-failed') broken = failure;
      try {
        database.exec('ROLLBACK');
      } catch {
        // SQLite has rolled it back already.
      }
      throw error;
    }
  };

  const answerAll = (requests: readonly Exclude<WorkerRequest, { readonly op: 'open' | 'close' }>[]): readonly WorkerAnswer[] => {
    if (requests.length === 0) return [];
    if (broken !== undefined) {
      const failure = broken;
      return requests.map(({ id }) => ({ id, failure }));
    }
    try {
      return commit(requests);
    } catch (error) {
      // One that cannot be done must not take the others with it: a full disk still has room for a message less.
      if (requests.length > 1) return requests.flatMap(request => answerAll([request]));
      return requests.map(({ id }) => ({ id, failure: failureOf(error) }));
    }
  };

  const answerAlone = (request: WorkerRequest): WorkerAnswer => {
    try {
      const result = perform(request);
      return { id: request.id, failure: undefined, result, ...news() };
    } catch (error) {
      if (request.op === 'open') {
        const failure = failureOf(error);
        try {
          tables?.database.close();
          mark?.close();
        } catch {
          // It could not be opened, so that there is nothing to lose.
        }
        tables = undefined;
        mark = undefined;
        return { id: request.id, failure };
      }
      return { id: request.id, failure: undefined, result: {}, ...news() };
    }
  };

  let waiting: WorkerRequest[] = [];
  const work = (): void => {
    const requests = waiting;
    waiting = [];
    let together: Exclude<WorkerRequest, { readonly op: 'open' | 'close' }>[] = [];
    for (const request of requests) {
      if (request.op !== 'open' && request.op !== 'close') {
        together.push(request);
        continue;
      }
      post(answerAll(together));
      together = [];
      post([answerAlone(request)]);
    }
    post(answerAll(together));
  };
  void removeFiles;
  return request => {
    if (waiting.push(request) === 1) setImmediate(work);
  };
}
