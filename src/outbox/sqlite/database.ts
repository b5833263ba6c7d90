// Every function here runs in a worker whose source is its own text, so that a component that is bundled into one file has it in it: it
// imports nothing, uses nothing from outside itself, and is handed what it needs.

/** What of `node:sqlite` is used here. Node 20 has neither it nor its types. */
export interface Sqlite {
  readonly DatabaseSync: new (path: string) => Database;
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

/** The statements of an open file. */
export interface Tables {
  readonly database: Database;
  readonly pragma: (name: string) => number;
  readonly statement: (sql: string) => Statement;
}

/**
 * Opens the file and makes its tables. WAL and `synchronous=FULL`: a commit is on the disk when it returns. Exclusive: one process at a
 * time, and no shared memory file. `auto_vacuum=INCREMENTAL`: a file that was full can give its space back.
 */
export function openDatabase(sqlite: Sqlite, path: string, walBytes: number): Tables {
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
    database.exec('PRAGMA locking_mode=EXCLUSIVE; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA busy_timeout=0');
    database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-2048');
    database.exec(`PRAGMA wal_autocheckpoint=${Math.max(16, Math.floor(walBytes / 8192))}; PRAGMA journal_size_limit=${walBytes}`);
    database.exec(`BEGIN IMMEDIATE;
      CREATE TABLE IF NOT EXISTS stream(id INTEGER PRIMARY KEY, epoch TEXT NOT NULL, name TEXT NOT NULL, next INTEGER NOT NULL, checksum INTEGER NOT NULL, UNIQUE(epoch, name));
      CREATE TABLE IF NOT EXISTS message(place INTEGER PRIMARY KEY, stream INTEGER NOT NULL, number INTEGER NOT NULL, key TEXT, priority REAL NOT NULL,
        storedAt REAL NOT NULL, age REAL NOT NULL, expires REAL, topicName TEXT NOT NULL, qos TEXT NOT NULL, members TEXT NOT NULL, checksum INTEGER NOT NULL, payload BLOB NOT NULL);
      CREATE INDEX IF NOT EXISTS message_priority ON message(priority DESC, place) WHERE priority <> 0;
      CREATE TABLE IF NOT EXISTS claim(place INTEGER PRIMARY KEY, sent INTEGER NOT NULL, told INTEGER);
      CREATE TABLE IF NOT EXISTS attempt(place INTEGER PRIMARY KEY, attempts INTEGER NOT NULL, crashes INTEGER NOT NULL, suspect INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS loss(id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL);
      CREATE INDEX IF NOT EXISTS loss_stream ON loss(stream, id);
      CREATE TABLE IF NOT EXISTS aside(place INTEGER PRIMARY KEY, stream INTEGER NOT NULL, number INTEGER NOT NULL, storedAt REAL NOT NULL, topicName TEXT NOT NULL,
        qos TEXT NOT NULL, members TEXT NOT NULL, payload BLOB NOT NULL, reason TEXT NOT NULL, at REAL NOT NULL);
      CREATE TABLE IF NOT EXISTS state(id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, epoch TEXT NOT NULL, nextPlace INTEGER NOT NULL,
        stored INTEGER NOT NULL, forwarded INTEGER NOT NULL, expired INTEGER NOT NULL, dropped INTEGER NOT NULL, setAside INTEGER NOT NULL, damaged INTEGER NOT NULL,
        inside INTEGER NOT NULL, bytes INTEGER NOT NULL, age REAL NOT NULL, timeOfDay REAL NOT NULL, checksum INTEGER NOT NULL);
      COMMIT`);
  } catch (error) {
    database.close();
    throw error;
  }
  const pragma = (name: string): number => Number(Object.values(statement(`PRAGMA ${name}`).get() ?? { value: 0 })[0] ?? 0);
  return { database, pragma, statement };
}
