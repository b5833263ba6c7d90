import type { Moment } from '../store.js';
import type { failureOf, openDatabase, Sqlite, Tables } from './database.js';
import type { fileState } from './file-state.js';
import type { Mark, MarkFile, MarkFs, openMark } from './mark-file.js';
import type { salvage } from './salvage.js';
import type { putRecords } from './put-records.js';
import type { takeRecords } from './take-records.js';
import type { WorkerAnswer, WorkerFailure, WorkerRequest, WorkerResults, WorkerSettings } from './worker-protocol.js';

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
  readonly failureOf: typeof failureOf;
  readonly fileState: typeof fileState;
  readonly salvage: typeof salvage;
  readonly putRecords: typeof putRecords;
  readonly takeRecords: typeof takeRecords;
}

/** What is done together with others in one commit. */
type Committed = Exclude<WorkerRequest, { readonly op: 'open' | 'close' }>;

/**
 * The store: what is asked while a commit is under way is done in the next one together, and answered when that is on the disk.
 */
export function storeWorker(parts: WorkerParts): (request: WorkerRequest) => void {
  const { post, settings, fs, crc32, failureOf } = parts;
  const { path, maxBytes, maxAge, onFull } = settings;
  // A part of the bound is the WAL's, which grows with a commit and is written back before it is over its share.
  const walBytes = Math.min(4 << 20, Math.floor(maxBytes / 4));
  const file = parts.fileState(crc32);
  const { state, sql } = file;
  const putting = parts.putRecords(file, settings, walBytes);
  const taking = parts.takeRecords(file, maxAge);
  const movedTo = `${path}.damaged`;
  /** The damaged files, until what can be read of them is in the new one: if that is cut short, it is begun again. */
  const salvaging = `${path}.salvage`;
  let tables: Tables | undefined;
  let mark: MarkFile | undefined;
  /** After a sync that failed nothing of this file is acknowledged any more. */
  let broken: WorkerFailure | undefined;
  /** Lost to damage while it was open, and not told yet. */
  let lost = 0;
  let epochs = 0;

  const closeDatabase = (): void => {
    const open = tables;
    tables = undefined;
    file.use(undefined);
    open?.database.close();
  };

  const letGo = (): void => {
    const openMark = mark;
    mark = undefined;
    try {
      closeDatabase();
    } finally {
      openMark?.close();
    }
  };

  const use = (): Tables => {
    tables = parts.openDatabase(parts.sqlite(), path, walBytes);
    file.use(tables);
    return tables;
  };

  const syncFolder = (): void => {
    const folder = fs.openSync(path.slice(0, path.lastIndexOf('/')) || '/', 'r');
    try {
      fs.fsyncSync(folder);
    } finally {
      fs.closeSync(folder);
    }
  };

  const opened = (lostToDamage: number, moved: string | undefined): WorkerResults['open'] => {
    const { epoch, nextPlace, age, timeOfDay } = state;
    return { epoch, nextPlace, age, timeOfDay, lostToDamage, movedTo: moved };
  };

  /** The log first: where the database has come to, its log is. */
  const move = (from: string, to: string): void => {
    for (const suffix of ['-wal', '']) {
      fs.rmSync(to + suffix, { force: true });
      if (fs.existsSync(from + suffix)) fs.renameSync(from + suffix, to + suffix);
    }
    syncFolder();
  };

  /** Where the process ended while a damaged file was being moved, or what could be read of it taken over. */
  const goOnMending = (): void => {
    if (!fs.existsSync(salvaging)) return;
    if (sql('SELECT 1 FROM state').get() === undefined) throw Object.assign(new Error('It was being mended.'), { errcode: 11 });
    move(salvaging, movedTo);
  };

  /** A new file in the place of one that is damaged, with what can be read of that one. */
  const beginAnew = (now: Moment, newEpoch: string): number => {
    closeDatabase();
    if (fs.existsSync(salvaging)) for (const suffix of ['-wal', '']) fs.rmSync(path + suffix, { force: true });
    else move(path, salvaging);
    const { database } = use();
    database.exec('BEGIN IMMEDIATE');
    addState(now, newEpoch);
    const lost = parts.salvage(file, parts.sqlite(), fs, salvaging, mark?.last);
    file.save(undefined);
    database.exec('COMMIT');
    syncFolder();
    move(salvaging, movedTo);
    return lost;
  };

  const addState = (now: Moment, newEpoch: string): void => {
    Object.assign(state, { epoch: newEpoch, nextPlace: 1, age: now.age, timeOfDay: now.timeOfDay });
    sql('INSERT INTO state VALUES(1, 1, ?, 1, 0, 0, 0, 0, 0, 0, 0, 0, ?, ?, ?)').run(
      newEpoch,
      now.age,
      now.timeOfDay,
      file.stateChecksum(state),
    );
  };

  /** Reads where the file left off. Says how many messages are not there that the mark knows of. */
  const resume = (now: Moment, newEpoch: string, before: Mark | undefined): number => {
    const { database } = file.tables();
    database.exec('BEGIN IMMEDIATE');
    if (!file.load()) addState(now, newEpoch);
    // Added since what is there was written.
    const lost = Math.max(0, (before?.nextPlace ?? 0) - state.nextPlace);
    if (lost > 0) {
      state.damaged += lost;
      state.stored += lost;
      state.nextPlace += lost;
      // The numbers that were lost are not known, and must not be given twice.
      state.epoch = newEpoch;
    }
    // Handed out when the process ended: one of them may be what ended it. Only of one that was on its way alone is that known.
    sql(
      `INSERT INTO attempt(place, attempts, crashes, suspect) SELECT place, 1, sent = 2, sent <> 1 FROM claim WHERE true
         ON CONFLICT(place) DO UPDATE SET attempts = attempts + 1, crashes = crashes + excluded.crashes, suspect = excluded.suspect`,
    ).run();
    sql('DELETE FROM claim').run();
    file.save(undefined);
    database.exec('COMMIT');
    if (onFull === 'latestPerKey') database.exec('CREATE INDEX IF NOT EXISTS message_key ON message(COALESCE(key, topicName), place)');
    else database.exec('DROP INDEX IF EXISTS message_key');
    return lost;
  };

  const open = (now: Moment, newEpoch: string): WorkerResults['open'] => {
    if (tables !== undefined) return opened(0, undefined);
    // Before anything is written: without node:sqlite no file is made.
    parts.sqlite();
    mark = parts.openMark(fs, crc32, `${path}-mark`);
    const before = mark.last;
    let moved: string | undefined;
    let lostToDamage: number;
    try {
      // Only its log had been moved.
      if (!fs.existsSync(salvaging) && fs.existsSync(`${salvaging}-wal`)) fs.renameSync(`${salvaging}-wal`, `${path}-wal`);
      use();
      goOnMending();
      lostToDamage = resume(now, newEpoch, before);
    } catch (error) {
      if (failureOf(error).reason !== 'damaged') throw error;
      moved = movedTo;
      const lost = beginAnew(now, newEpoch);
      lostToDamage = lost + resume(now, newEpoch, before);
    }
    syncFolder();
    mark.write({ nextPlace: state.nextPlace, inside: state.inside });
    return opened(lostToDamage, moved);
  };

  const shut = (): object => {
    try {
      if (broken === undefined) tables?.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } finally {
      letGo();
    }
    return {};
  };

  /** Gives free pages back, a few at each commit; all of them once nothing is stored. */
  const shrink = ({ database, pragma }: Tables): void => {
    const free = pragma('freelist_count');
    if (free > 0 && (state.inside === 0 || free > 1_024)) database.exec(`PRAGMA incremental_vacuum(${state.inside === 0 ? 0 : 256})`);
  };

  const taken = (found: WorkerResults['take']): WorkerResults['take'] => {
    const damaged = found.damaged + lost;
    lost = 0;
    return { ...found, damaged };
  };

  const perform = (request: Committed): WorkerResults['put' | 'take' | 'settle'] => {
    switch (request.op) {
      case 'put':
        return putting.put(request.records, request.now);
      case 'take':
        return taken(taking.take(request.take, request.now));
      case 'settle':
        return taking.settle(request.fates, request.now);
    }
  };

  /** All of these in one commit. Throws what went wrong, with nothing of them done. */
  const commit = (requests: readonly Committed[]): readonly WorkerAnswer[] => {
    const open = file.tables();
    const before = { ...state };
    let committed = false;
    open.database.exec('BEGIN IMMEDIATE');
    try {
      const results = requests.map(request => ({ id: request.id, failure: undefined, result: perform(request) }));
      shrink(open);
      file.save(requests.at(-1)?.now);
      open.database.exec('COMMIT');
      committed = true;
      // Known to be there before anybody is told that it is.
      if (state.nextPlace !== before.nextPlace) mark?.write({ nextPlace: state.nextPlace, inside: state.inside });
      const news = file.news();
      return results.map(result => ({ ...result, ...news }));
    } catch (error) {
      const failure = failureOf(error);
      // What reached the disk is not known any more, and no later sync would tell.
      if (committed || failure.reason === 'sync-failed') broken = { ...failure, reason: 'sync-failed' };
      try {
        open.database.exec('ROLLBACK');
      } catch {
        // SQLite has rolled it back already.
      }
      file.restore(before);
      putting.reset();
      throw error;
    }
  };

  /** Why the files cannot be read, where it is the disk that does not give them. SQLite calls that damaged, too. */
  const unreadable = (): WorkerFailure | undefined => {
    const bytes = new Uint8Array(1 << 16);
    try {
      // First, since closing a file gives up the locks that SQLite has on it.
      closeDatabase();
    } catch {
      // What it could not write back is in the log.
    }
    try {
      for (const name of [path, `${path}-wal`].filter(fs.existsSync)) {
        const handle = fs.openSync(name, 'r');
        try {
          for (let at = 0, read = 1; read > 0; at += read) read = fs.readSync(handle, bytes, 0, bytes.length, at);
        } finally {
          fs.closeSync(handle);
        }
      }
      return undefined;
    } catch (error) {
      return failureOf(error);
    }
  };

  /**
   * What was handed out before is handed out again, since the new file does not know of it: as sent, perhaps. Where the disk does not give what
   * is there, it stays where it is: it may do so at the next start.
   */
  const recover = (requests: readonly Committed[]): boolean => {
    const now = requests.at(-1)?.now;
    if (now === undefined || epochs > 2) return false;
    broken = unreadable();
    if (broken !== undefined) return false;
    try {
      lost += beginAnew(now, `${state.epoch}.${String(++epochs)}`);
      return true;
    } catch {
      return false;
    }
  };

  const answerAll = (requests: readonly Committed[]): readonly WorkerAnswer[] => {
    if (requests.length === 0) return [];
    try {
      if (broken === undefined) return commit(requests);
    } catch (error) {
      if (failureOf(error).reason === 'damaged' && recover(requests)) return answerAll(requests);
      // One that cannot be done must not take the others with it: a full disk still has room for a message less.
      if (requests.length > 1) return requests.flatMap(request => answerAll([request]));
      return requests.map(({ id }) => ({ id, failure: broken ?? failureOf(error) }));
    }
    const failure = broken;
    return requests.map(({ id }) => ({ id, failure }));
  };

  const answerAlone = (request: Exclude<WorkerRequest, Committed>): WorkerAnswer => {
    try {
      const result = request.op === 'open' ? open(request.now, request.epoch) : shut();
      return { id: request.id, failure: undefined, result, ...file.news() };
    } catch (error) {
      const failure = failureOf(error);
      try {
        letGo();
      } catch {
        // It could not be opened, or not be closed: there is nothing more to do for it.
      }
      return { id: request.id, failure };
    }
  };

  let waiting: WorkerRequest[] = [];
  const work = (): void => {
    const requests = waiting;
    waiting = [];
    let together: Committed[] = [];
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
  return request => {
    if (waiting.push(request) === 1) setImmediate(work);
  };
}
