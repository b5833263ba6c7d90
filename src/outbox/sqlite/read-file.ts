import fs from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { crc32 } from 'node:zlib';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { OutboxUnavailable } from '../../errors/errors.js';
import type { StoreCounts, StoreDepth, StoredRecord } from '../store.js';
import { type Database, failureOf, type Row, schema, type Sqlite, type Statement, type Tables } from './database.js';
import { type FileState, fileState } from './file-state.js';
import { type HighWaterMark, openMark } from './mark-file.js';
import { selected, type Selection } from './selection.js';
import { messageOf, plural } from '../../shared/visible.js';

/** A message as it lies in a file. */
export interface FiledMessage extends Pick<
  StoredRecord,
  'epoch' | 'stream' | 'number' | 'place' | 'key' | 'priority' | 'storedAt' | 'topicName' | 'qos' | 'members' | 'payload' | 'attempts'
> {
  /** `handedOut`: it may have been sent, and nobody knows; `sent`: taken by the nucleus, and kept until it is confirmed. */
  readonly state: 'waiting' | 'handedOut' | 'sent' | 'setAside';
  /** Why it was set aside. */
  readonly reason: string | undefined;
  /** Whether it is as it was stored. */
  readonly isSound: boolean;
}

/** A file, for people who look into it. Nothing of it is changed, and while it is open no component can open it. */
export interface OutboxFile {
  readonly epoch: string;
  readonly counts: StoreCounts;
  readonly depth: StoreDepth;
  /** The streams that have numbers, with the last number each has given. */
  readonly streams: readonly { readonly epoch: string; readonly stream: string; readonly lastNumber: number }[];
  /** Those to be sent, or those that were set aside. */
  readonly messages: (which: 'inside' | 'setAside', selection: Selection) => Iterable<FiledMessage>;
  /** How many of them there are. */
  readonly count: (which: 'inside' | 'setAside', selection: Selection) => number;
  /** What is wrong with it, a sentence each. Empty: it is sound. */
  readonly problems: () => readonly string[];
}

/** Opens a file to be read, hands it to `work`, and closes it. */
export function readOutboxFile<A>(path: string, work: (file: OutboxFile) => A): Either<OutboxUnavailable<'message'>, A> {
  return withSqlite(path, sqlite =>
    reading(sqlite, path, tables => {
      const file = fileState(crc32);
      file.use(tables);
      return work(new ReadFile(file, markOfFile(path)));
    }),
  );
}

/**
 * With a file that is open to be read alone. Throws where it is none of an outbox.
 *
 * Readers of a log share memory in a file beside it. In a folder that cannot be written, as on a medium that is read-only, that cannot be
 * made: there a file whose log is empty is read as one that nobody changes.
 */
export function reading<A>(sqlite: Sqlite, path: string, work: (tables: Tables) => A): A {
  const [hadMemory, hadLog] = ['-shm', '-wal'].map(suffix => fs.existsSync(path + suffix));
  let database: Database | undefined;
  try {
    database = opened(sqlite, path);
    const statements = new Map<string, Statement>();
    const open = database;
    const statement = (sql: string): Statement => {
      const found = statements.get(sql) ?? open.prepare(sql);
      statements.set(sql, found);
      return found;
    };
    const { isThere, check } = schema();
    isThere(statement);
    const pragma = (name: string): number => Number(Object.values(statement(`PRAGMA ${name}`).get() ?? {})[0] ?? 0);
    return work({ database, statement, pragma, check: () => check(statement) });
  } finally {
    const isOwnLog = database !== undefined && hadLog === false && sizeOf(`${path}-wal`) === 0;
    // While the file is open no component can open it, and begin a log of its own.
    if (isOwnLog && !KEEPS_WHAT_IS_OPEN) fs.rmSync(`${path}-wal`, { force: true });
    database?.close();
    if (isOwnLog && KEEPS_WHAT_IS_OPEN && sizeOf(`${path}-wal`) === 0) removeUnlessOpen(`${path}-wal`);
    // A component, which has the file for itself, uses none.
    if (!hadMemory && fs.existsSync(`${path}-shm`)) removeUnlessOpen(`${path}-shm`);
  }
}

function opened(sqlite: Sqlite, path: string): Database {
  const open = (where: string | URL): Database => {
    const database = new sqlite.DatabaseSync(where, { readOnly: true });
    try {
      database.prepare('SELECT version, nextPlace FROM state LIMIT 1').get();
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  };
  try {
    return open(path);
  } catch (error) {
    if ((error as { readonly errcode?: number }).errcode !== CANNOT_OPEN || (sizeOf(`${path}-wal`) ?? 0) > 0) throw error;
    const unchanging = pathToFileURL(path);
    unchanging.searchParams.set('immutable', '1');
    return open(unchanging);
  }
}

const CANNOT_OPEN = 14;

/** Windows removes no file that somebody has open. */
const KEEPS_WHAT_IS_OPEN = process.platform === 'win32';

function removeUnlessOpen(path: string): void {
  try {
    fs.rmSync(path, { force: true });
  } catch (error) {
    // It is another's by now, who has opened it since.
    if (!KEEPS_WHAT_IS_OPEN) throw error;
  }
}

/** `undefined`: there is no such file. */
function sizeOf(path: string): number | undefined {
  return fs.statSync(path, { throwIfNoEntry: false })?.size;
}

function markOfFile(path: string): HighWaterMark | undefined {
  if (!fs.existsSync(`${path}-mark`)) return undefined;
  const mark = openMark(fs, crc32, `${path}-mark`, true);
  mark.close();
  return mark.last;
}

class ReadFile implements OutboxFile {
  readonly epoch: string;
  readonly counts: StoreCounts;
  readonly depth: StoreDepth;
  readonly #file: FileState;
  readonly #mark: HighWaterMark | undefined;
  /** Why what it says of itself cannot be read. */
  readonly #unreadable: string | undefined;

  constructor(file: FileState, mark: HighWaterMark | undefined) {
    this.#file = file;
    this.#mark = mark;
    let unreadable: string | undefined;
    try {
      if (!file.load()) unreadable = 'The counters are not there.';
    } catch (error) {
      const { reason, message } = failureOf(error);
      if (reason !== 'damaged') throw error;
      unreadable = message;
    }
    this.#unreadable = unreadable;
    this.epoch = file.state.epoch;
    ({ counts: this.counts, depth: this.depth } = file.news());
  }

  get streams(): OutboxFile['streams'] {
    const { sql, text, number } = this.#file;
    return sql('SELECT epoch, name, next FROM stream ORDER BY id')
      .all()
      .map(row => ({ epoch: text(row['epoch']), stream: text(row['name']), lastNumber: number(row['next']) - 1 }));
  }

  *messages(which: 'inside' | 'setAside', selection: Selection): Iterable<FiledMessage> {
    const { sql } = this.#file;
    const query = which === 'inside' ? INSIDE : ASIDE;
    for (const row of selected((from, to, rows) => sql(query).all(from, to, rows), selection)) yield this.#messageOf(row, which);
  }

  count(which: 'inside' | 'setAside', selection: Selection): number {
    const { sql } = this.#file;
    const query = `SELECT place, topicName FROM ${which === 'inside' ? 'message' : 'aside'} WHERE place >= ? AND place <= ? ORDER BY place LIMIT ?`;
    let count = 0;
    for (const _ of selected((from, to, rows) => sql(query).all(from, to, rows), selection)) count++;
    return count;
  }

  problems(): readonly string[] {
    const { sql, number, text, checksum, asideChecksum, streamChecksum, state } = this.#file;
    const problems = this.#unreadable === undefined ? [] : [this.#unreadable];
    const integrity = attempt(() => sql('PRAGMA integrity_check(10)').all());
    if ('failed' in integrity) problems.push(`SQLite cannot check it: ${integrity.failed}`);
    else
      for (const row of integrity.done) {
        const says = text(row['integrity_check']);
        if (says !== 'ok') problems.push(`SQLite says: ${says}`);
      }
    const rows = attempt(() => {
      let [inside, damaged] = [0, 0];
      for (const row of selected((from, to, count) => sql(INSIDE).all(from, to, count), {})) {
        inside++;
        if (checksum(row) !== row['checksum']) damaged++;
      }
      if (damaged > 0) problems.push(`${plural(damaged, 'message', ['is not as it was', 'are not as they were'])} stored.`);
      let changed = 0;
      for (const row of selected((from, to, count) => sql(ASIDE).all(from, to, count), {}))
        if (asideChecksum(row) !== row['checksum']) changed++;
      if (changed > 0) problems.push(`Of what was set aside, ${plural(changed, 'message', ['is not as it was', 'are not as they were'])}.`);
      for (const row of sql('SELECT * FROM stream').all())
        if (streamChecksum(row) !== row['checksum'])
          problems.push(`The checksum of the stream ${JSON.stringify(text(row['name']))} is wrong.`);
      return inside;
    });
    if ('failed' in rows) problems.push(`Not all messages can be read: ${rows.failed}`);
    if (this.#unreadable !== undefined) return problems;
    const { stored, forwarded, expired, dropped, setAside, damaged, inside } = state;
    if ('done' in rows && rows.done !== inside) problems.push(`${plural(inside, 'message')} should be inside, and ${rows.done} are.`);
    const sum = forwarded + expired + dropped + setAside + damaged + inside;
    if (sum !== stored) problems.push(`${plural(stored, 'message', ['was', 'were'])} stored, and what became of them adds up to ${sum}.`);
    const missing = number(this.#mark?.nextPlace) - state.nextPlace;
    if (missing > 0)
      problems.push(
        `Of those stored last ${plural(missing, 'message', ['is', 'are'])} not there: the end of the log (-wal) is damaged, or was left behind.`,
      );
    return problems;
  }

  #messageOf(row: Row, which: 'inside' | 'setAside'): FiledMessage {
    const { number, text, bytes, checksum, asideChecksum } = this.#file;
    const topicName = text(row['topicName']);
    const sent = row['sent'];
    return {
      epoch: text(row['epoch']),
      stream: text(row['name']),
      number: number(row['number']),
      place: number(row['place']),
      key: row['key'] === null ? topicName : text(row['key']),
      priority: number(row['priority']),
      storedAt: number(row['storedAt']),
      topicName,
      qos: row['qos'] === '0' ? '0' : '1',
      members: text(row['members']),
      payload: bytes(row['payload']),
      attempts: number(row['attempts']),
      state: which === 'setAside' ? 'setAside' : typeof sent !== 'number' ? 'waiting' : sent === 1 ? 'sent' : 'handedOut',
      reason: which === 'setAside' ? text(row['reason']) : undefined,
      isSound: (which === 'setAside' ? asideChecksum(row) : checksum(row)) === row['checksum'],
    };
  }
}

const INSIDE = `SELECT message.*, attempts, sent, stream.name AS name, stream.epoch AS epoch FROM message LEFT JOIN attempt USING (place)
  LEFT JOIN claim USING (place) LEFT JOIN stream ON stream.id = message.stream WHERE message.place >= ? AND message.place <= ? ORDER BY message.place LIMIT ?`;
const ASIDE = `SELECT aside.*, stream.name AS name, stream.epoch AS epoch FROM aside LEFT JOIN stream ON stream.id = aside.stream
  WHERE place >= ? AND place <= ? ORDER BY place LIMIT ?`;

function attempt<A>(work: () => A): { readonly done: A } | { readonly failed: string } {
  try {
    return { done: work() };
  } catch (error) {
    return { failed: messageOf(error) };
  }
}

/**
 * Works on an outbox' file in this thread, with `node:sqlite`, which is asked for here alone: a Node that has none refuses to load a module
 * that imports it. What SQLite or the file system refuse is a failure.
 */
export function withSqlite<A>(path: string, work: (sqlite: Sqlite) => A): Either<OutboxUnavailable<'message'>, A> {
  try {
    return right(work(quietly(() => createRequire(import.meta.url)('node:sqlite') as Sqlite)));
  } catch (error) {
    const { reason, message } = failureOf(error);
    return left(new OutboxUnavailable('message', path, reason, new Error(message, { cause: error })));
  }
}

/** Node 22 and 24 warn at the first use that it may change. What is used of it is tested with each of them. */
function quietly<A>(load: () => A): A {
  const before = Object.getOwnPropertyDescriptor(process, 'emitWarning');
  process.emitWarning = () => undefined;
  try {
    return load();
  } finally {
    if (before !== undefined) Object.defineProperty(process, 'emitWarning', before);
  }
}
