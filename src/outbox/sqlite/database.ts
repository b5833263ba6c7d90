import type { WorkerFailure } from './worker-protocol.js';

// Every function here runs in a worker whose source is its own text, so that a component that is bundled into one file has it in it: it
// imports nothing, uses nothing from outside itself, and is handed what it needs.

/** What of `node:sqlite` is used here. Node 20 has neither it nor its types. */
export interface Sqlite {
  readonly DatabaseSync: new (path: string | URL, options?: { readonly readOnly?: boolean; readonly defensive?: boolean }) => Database;
}

/** A value in a row. */
export type Cell = number | string | Uint8Array | null;

/** A row of a query. */
export type Row = Readonly<Record<string, Cell>>;

export interface Statement {
  readonly run: (...values: readonly Cell[]) => { readonly changes: number | bigint };
  readonly get: (...values: readonly Cell[]) => Row | undefined;
  readonly all: (...values: readonly Cell[]) => readonly Row[];
}

export interface Database {
  readonly exec: (sql: string) => void;
  readonly prepare: (sql: string) => Statement;
  readonly close: () => void;
}

/** The tables of an outbox' file. */
export interface Schema {
  /** Makes them. */
  readonly create: string;
  /**
   * Whether a file has them; an empty one has none yet. Throws where it has others: a byte of them flipped, it is of a newer version, or it
   * is no outbox.
   */
  readonly isThere: (statement: (sql: string) => Statement) => boolean;
  /**
   * Throws where what is known of streams, and of sent and lost messages, is not as it was written: believed, it would have numbers given
   * twice, and messages repeated without saying so.
   */
  readonly check: (statement: (sql: string) => Statement) => void;
}

/** The statements of an open file. */
export interface Tables {
  readonly database: Database;
  readonly pragma: (name: string) => number;
  readonly statement: (sql: string) => Statement;
  /** See {@link Schema}. */
  readonly check: () => void;
}

/**
 * Opens the file and makes its tables. WAL and `synchronous=FULL`: a commit is on the disk when it returns. Exclusive: one process at a
 * time, and no shared memory file. `auto_vacuum=INCREMENTAL`: a file that was full can give its space back.
 */
export function openDatabase(sqlite: Sqlite, path: string, walBytes: number, schema: Schema): Tables {
  const database = new sqlite.DatabaseSync(path);
  const statements = new Map<string, Statement>();
  const statement = (sql: string): Statement => {
    let found = statements.get(sql);
    if (found === undefined) {
      found = database.prepare(sql);
      statements.set(sql, found);
    }
    return found;
  };
  try {
    database.exec('PRAGMA locking_mode=EXCLUSIVE; PRAGMA busy_timeout=0');
    // Before anything is changed: it may be another's file.
    const isThere = schema.isThere(statement);
    if (!isThere) database.exec('PRAGMA auto_vacuum=INCREMENTAL');
    database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-2048');
    database.exec(`PRAGMA wal_autocheckpoint=${Math.max(16, Math.floor(walBytes / 8192))}; PRAGMA journal_size_limit=${walBytes}`);
    if (!isThere) database.exec(`BEGIN IMMEDIATE; ${schema.create} COMMIT`);
  } catch (error) {
    database.close();
    throw error;
  }
  const pragma = (name: string): number => Number(Object.values(statement(`PRAGMA ${name}`).get() ?? { value: 0 })[0] ?? 0);
  return { database, pragma, statement, check: () => schema.check(statement) };
}

/** What an error of SQLite or of the file system means for an outbox. */
export function failureOf(error: unknown): WorkerFailure {
  const { code, errcode, syscall, message } = error as {
    readonly code?: string;
    readonly errcode?: number;
    readonly syscall?: string;
    readonly message?: string;
  };
  const says = String(message ?? error);
  if (code === 'ERR_UNKNOWN_BUILTIN_MODULE' || code === 'MODULE_NOT_FOUND') return { reason: 'needs-newer-node', message: says };
  // A number in the file that JavaScript cannot count to, and so no outbox has written.
  if (code === 'ERR_OUT_OF_RANGE') return { reason: 'damaged', message: says };
  if (errcode === undefined) {
    if (code === 'ENOSPC' || code === 'EDQUOT') return { reason: 'disk-full', message: says };
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return { reason: 'read-only', message: says };
    if (code === 'EIO') return { reason: syscall === 'read' ? 'unreadable' : 'sync-failed', message: says };
    return { reason: 'unusable', message: says };
  }
  // SQLITE_IOERR_READ, and SQLITE_IOERR_CORRUPTFS, which is EIO at a read
  if (errcode === 266 || errcode === 8458) return { reason: 'unreadable', message: says };
  // SQLITE_IOERR_SHORT_READ: the file ends before a page that it should have, as after a cut.
  if (errcode === 522) return { reason: 'damaged', message: says };
  // SQLITE_ERROR stands for many things; with these words, for a number of the format in the header that no SQLite has written.
  if (says === 'unsupported file format') return { reason: 'damaged', message: says };
  switch (errcode & 0xff) {
    case 5: // SQLITE_BUSY
      return { reason: 'busy', message: says };
    case 8: // SQLITE_READONLY
      return { reason: 'read-only', message: says };
    case 10: // SQLITE_IOERR: what was synced and what was not is unknown from here on
      return { reason: 'sync-failed', message: says };
    case 11: // SQLITE_CORRUPT
    case 19: // SQLITE_CONSTRAINT: a row was read twice
    case 26: // SQLITE_NOTADB
      return { reason: 'damaged', message: says };
    case 13: // SQLITE_FULL
      return { reason: 'disk-full', message: says };
    default:
      return { reason: 'unusable', message: says };
  }
}

/** Makes a {@link Schema}. */
export function schema(): Schema {
  const VERSION = 1;
  /**
   * Tables of few small numbers. SQLite itself writes the checksum of a row: of these columns, each times a prime of its own, so that what
   * is changed in one does not make up for what is in another, and a page of one table is none of another's.
   */
  const SMALL = [
    ['claim', '(place * 32452843 + sent * 49979687 + coalesce(told, -1) * 67867967) % 2147483647'],
    ['attempt', '(place * 86028121 + attempts * 104395301 + crashes * 122949823 + suspect * 141650939) % 2147483647'],
    ['loss', '(id * 160481183 + stream * 179424673 + first * 198491317 + last * 217645177) % 2147483647'],
  ] as const;
  const [claim, attempt, loss] = SMALL.map(([, checksum]) => `checksum INTEGER NOT NULL AS (${checksum}) STORED`);
  const TABLES = [
    'stream(id INTEGER PRIMARY KEY, epoch TEXT NOT NULL, name TEXT NOT NULL, next INTEGER NOT NULL, checksum INTEGER NOT NULL, UNIQUE(epoch, name))',
    `message(place INTEGER PRIMARY KEY, stream INTEGER NOT NULL, number INTEGER NOT NULL, key TEXT, priority REAL NOT NULL, storedAt REAL NOT NULL,
      age REAL NOT NULL, expires REAL, topicName TEXT NOT NULL, qos TEXT NOT NULL, members TEXT NOT NULL, checksum INTEGER NOT NULL, payload BLOB NOT NULL)`,
    `claim(place INTEGER PRIMARY KEY, sent INTEGER NOT NULL, told INTEGER, ${claim})`,
    `attempt(place INTEGER PRIMARY KEY, attempts INTEGER NOT NULL, crashes INTEGER NOT NULL, suspect INTEGER NOT NULL, ${attempt})`,
    `loss(id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, ${loss})`,
    `aside(place INTEGER PRIMARY KEY, stream INTEGER NOT NULL, number INTEGER NOT NULL, key TEXT, priority REAL NOT NULL, storedAt REAL NOT NULL,
      topicName TEXT NOT NULL, qos TEXT NOT NULL, members TEXT NOT NULL, payload BLOB NOT NULL, reason TEXT NOT NULL, at REAL NOT NULL, checksum INTEGER NOT NULL)`,
    `state(id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, epoch TEXT NOT NULL, nextPlace INTEGER NOT NULL, stored INTEGER NOT NULL,
      forwarded INTEGER NOT NULL, expired INTEGER NOT NULL, dropped INTEGER NOT NULL, setAside INTEGER NOT NULL, damaged INTEGER NOT NULL,
      inside INTEGER NOT NULL, bytes INTEGER NOT NULL, age REAL NOT NULL, timeOfDay REAL NOT NULL, checksum INTEGER NOT NULL)`,
  ];
  const wanted = TABLES.map(table => `CREATE TABLE ${table}`);
  const versionOf = (statement: (sql: string) => Statement): number =>
    Number(Object.values(statement('PRAGMA user_version').get() ?? { version: 0 })[0]);

  const anothers = (version: number): Error =>
    new Error(`It was written by ${version > VERSION ? 'a newer' : 'an older'} version of greengrass-rx, and is left as it is.`);

  return {
    create: `${wanted.join(';\n')}; CREATE INDEX loss_stream ON loss(stream, id); PRAGMA user_version=${VERSION};`,
    isThere: statement => {
      const found = statement("SELECT sql FROM sqlite_master WHERE type <> 'index' ORDER BY rowid")
        .all()
        .map(({ sql }) => String(sql));
      if (found.length === 0) return false;
      const version = versionOf(statement);
      if (found.length === wanted.length && found.every((sql, i) => sql === wanted[i])) {
        // Each begins behind those that were made before it.
        const roots = statement('SELECT rootpage FROM sqlite_master ORDER BY rowid')
          .all()
          .map(({ rootpage }) => Number(rootpage));
        if (!roots.every((root, i) => root > (roots[i - 1] ?? 0)))
          throw Object.assign(new Error('Its tables do not begin where they did.'), { errcode: 11 });
        // Written twice: where one of the two says what the other does not, it is damage.
        if (version !== VERSION && statement('SELECT version FROM state').get()?.['version'] === version) throw anothers(version);
        return true;
      }
      if (version > 0 && version < 1_000 && version !== VERSION) throw anothers(version);
      if (!found.some(sql => wanted.includes(sql))) throw new Error('It is a database of something else.');
      throw Object.assign(new Error('Its tables are not as they were made.'), { errcode: 11 });
    },
    check: statement => {
      // Free pages are room: were there more of them than pages, the file would have no bound; were there less than none, no room for any
      // message.
      const [free = -1, pages = 0] = ['freelist_count', 'page_count'].map(name =>
        Number(Object.values(statement(`PRAGMA ${name}`).get() ?? {})[0]),
      );
      if (free < 0 || free >= pages) throw Object.assign(new Error(`Of its ${pages} pages ${free} should be free.`), { errcode: 11 });
      // A stream that its index does not find would begin to count anew. The checksums of its rows are another's to check.
      for (const [table, checksum] of [...SMALL, ['stream', 'checksum'] as const]) {
        const [says] = Object.values(statement(`PRAGMA integrity_check(${table})`).get() ?? {});
        if (says === 'ok' && statement(`SELECT 1 FROM ${table} WHERE checksum IS NOT ${checksum} LIMIT 1`).get() === undefined) continue;
        throw Object.assign(new Error(`The table ${table} is not as it was written.`), { errcode: 11 });
      }
    },
  };
}
