import type { Moment } from '../store.js';
import type { failureOf, openDatabase, schema, Sqlite, Tables } from './database.js';
import type { FileState } from './file-state.js';
import type { HighWaterMark, MarkFile, MarkFs, openMark } from './mark-file.js';
import type { readRows } from './read-rows.js';
import type { salvage } from './salvage.js';
import type { WorkerResults, WorkerSettings } from './worker-protocol.js';

// Runs in the worker: see database.ts.

/** What a file is opened with. */
export interface OpenFileParts {
  readonly settings: WorkerSettings;
  readonly fs: MarkFs;
  readonly crc32: (bytes: Uint8Array | string, start?: number) => number;
  readonly sqlite: () => Sqlite;
  readonly openDatabase: typeof openDatabase;
  readonly openMark: typeof openMark;
  readonly failureOf: typeof failureOf;
  readonly schema: typeof schema;
  readonly salvage: typeof salvage;
  readonly readRows: typeof readRows;
}

/** The files of an outbox, opened and closed, and mended where they are damaged. */
export interface OpenFile {
  /** Goes on from where they were left; a damaged file is moved aside, and what can be read of it is taken over. */
  readonly open: (now: Moment, newEpoch: string) => WorkerResults['open'];
  /** The file was found to be damaged while it was open. Says how many messages are lost. */
  readonly mend: (now: Moment, newEpoch: string) => number;
  /** Bytes of the damaged file that is kept beside it. */
  readonly beside: () => number;
  /** The damaged file gives its room: what could be read of it is in the new one. */
  readonly forget: () => void;
  /** A commit is on the disk: the mark knows how far it came. */
  readonly note: () => void;
  /** @param inOrder what is in the log is written back first. */
  readonly close: (inOrder: boolean) => void;
}

/** Makes an {@link OpenFile}. */
export function openFile(parts: OpenFileParts, file: FileState, walBytes: number): OpenFile {
  const { settings, fs, crc32, failureOf } = parts;
  const { path, onFull } = settings;
  const { state, sql } = file;
  const movedTo = `${path}.damaged`;
  /** The damaged files, until what can be read of them is in the new one: if that is cut short, it is begun again. */
  const salvaging = `${path}.salvage`;
  let tables: Tables | undefined;
  let mark: MarkFile | undefined;
  let beside = 0;

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
    // Only for the process' own user, since payloads may be secret; the log gets the mode of its database. One that is there is not opened:
    // to close it would give up the locks that SQLite has on it elsewhere in this process.
    if (!fs.existsSync(path)) fs.closeSync(fs.openSync(path, 'a', 0o600));
    tables = parts.openDatabase(parts.sqlite(), path, walBytes, parts.schema());
    file.use(tables);
    return tables;
  };

  const syncFolder = (): void => {
    if (settings.syncedFolder === undefined) return;
    const folder = fs.openSync(settings.syncedFolder, 'r');
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

  const look = (): void => {
    beside = [movedTo, `${movedTo}-wal`].reduce((sum, name) => sum + (fs.statSync(name, { throwIfNoEntry: false })?.size ?? 0), 0);
  };

  /** Continues where the process ended while a damaged file was being moved, or while what could be read of it was being taken over. */
  const goOnMending = (): void => {
    if (!fs.existsSync(salvaging)) return;
    if (sql('SELECT 1 FROM state').get() === undefined) throw Object.assign(new Error('It was being mended.'), { errcode: 11 });
    move(salvaging, movedTo);
  };

  /** Throws where it is the disk that does not give what is there, which SQLite calls damaged, too: nothing may be thrown away for that. */
  const checkReadable = (database: string): void => {
    const bytes = new Uint8Array(1 << 16);
    for (const name of [database, `${database}-wal`].filter(fs.existsSync)) {
      const handle = fs.openSync(name, 'r');
      try {
        for (let at = 0, read = 1; read > 0; at += read) read = fs.readSync(handle, bytes, 0, bytes.length, at);
      } finally {
        fs.closeSync(handle);
      }
    }
  };

  /** Whether it is its header alone that has SQLite take a database for read-only: the format it names is none there is. */
  const isWriteProtectedByDamage = (): boolean => {
    if (!fs.existsSync(path)) return false;
    const format = new Uint8Array(1);
    const handle = fs.openSync(path, 'r');
    try {
      return fs.readSync(handle, format, 0, 1, 18) === 1 && (format[0] ?? 0) > 2;
    } finally {
      fs.closeSync(handle);
    }
  };

  /** A new file in the place of one that is damaged, with what can be read of that one. */
  const beginAnew = (now: Moment, newEpoch: string): number => {
    try {
      // First, since reading a file and closing it gives up the locks that SQLite has on it.
      closeDatabase();
    } catch {
      // What it could not write back is in the log.
    }
    const isBegun = fs.existsSync(salvaging);
    checkReadable(isBegun ? salvaging : path);
    if (isBegun) for (const suffix of ['-wal', '']) fs.rmSync(path + suffix, { force: true });
    else move(path, salvaging);
    const { database } = use();
    database.exec('BEGIN IMMEDIATE');
    addState(now, newEpoch);
    const lost = parts.salvage(file, parts, salvaging, mark?.last);
    if (lost > 0) checkReadable(salvaging);
    file.save(undefined);
    database.exec('COMMIT');
    syncFolder();
    move(salvaging, movedTo);
    look();
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
  const resume = (now: Moment, newEpoch: string, before: HighWaterMark | undefined): number => {
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
      // Nor is it known what was sent meanwhile: all may have been.
      sql('INSERT OR IGNORE INTO attempt(place, attempts, crashes, suspect) SELECT place, 1, 0, 0 FROM message').run();
    }
    // Handed out when the process ended: one of them may be what ended it. Only of one that was on its way alone is that known, and not if
    // the machine went down.
    sql(
      `INSERT INTO attempt(place, attempts, crashes, suspect) SELECT place, 1, sent = ?, sent <> 1 FROM claim WHERE true
         ON CONFLICT(place) DO UPDATE SET attempts = attempts + 1, crashes = crashes + excluded.crashes, suspect = excluded.suspect`,
    ).run(2 + settings.boot);
    file.releaseAll();
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
      // The first of the messages is read for that: their tree may be what is damaged.
      file.news();
    } catch (error) {
      const { reason } = failureOf(error);
      if (reason === 'read-only') closeDatabase();
      if (reason !== 'damaged' && !(reason === 'read-only' && isWriteProtectedByDamage())) throw error;
      moved = movedTo;
      const lost = beginAnew(now, newEpoch);
      lostToDamage = lost + resume(now, newEpoch, before);
    }
    syncFolder();
    look();
    mark.write({ nextPlace: state.nextPlace, inside: state.inside });
    return opened(lostToDamage, moved);
  };

  return {
    open,
    mend: beginAnew,
    beside: () => beside,
    forget: () => {
      beside = 0;
      for (const suffix of ['-wal', '']) fs.rmSync(movedTo + suffix, { force: true });
    },
    note: () => mark?.write({ nextPlace: state.nextPlace, inside: state.inside }),
    close: inOrder => {
      try {
        if (inOrder) tables?.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      } finally {
        letGo();
      }
    },
  };
}
