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
  readonly run: (...values: readonly Cell[]) => unknown;
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
  /** Whether a file has them; an empty one has none yet. Throws where it has others: a byte of them flipped, it is of a newer version, or it is no outbox. */
  readonly isThere: (statement: (sql: string) => Statement) => boolean;
  /** Throws where what is known of sent and lost messages is not as it was written: believed, it would have messages repeated without saying so. */
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

// Runs in the worker: see database.ts.

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
  if (errcode === undefined) {
    if (code === 'ENOSPC' || code === 'EDQUOT') return { reason: 'disk-full', message: says };
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return { reason: 'read-only', message: says };
    if (code === 'EIO') return { reason: syscall === 'read' ? 'unreadable' : 'sync-failed', message: says };
    return { reason: 'unusable', message: says };
  }
  // SQLITE_IOERR_READ, and SQLITE_IOERR_CORRUPTFS, which is EIO at a read
  if (errcode === 266 || errcode === 8458) return { reason: 'unreadable', message: says };
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
}
