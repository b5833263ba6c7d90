import type { Database, failureOf as failureIs, Row, Sqlite } from './database.js';
import type { FileState } from './file-state.js';
import type { HighWaterMark, MarkFs } from './mark-file.js';
import type { readRows } from './read-rows.js';

// Runs in the worker: see database.ts.

/**
 * Takes what can still be read out of a damaged file, which has been moved aside, into the new one, which is open. Every row has a
 * checksum: what is taken is as it was stored. Says how many messages are lost.
 */
export function salvage(
  file: FileState,
  parts: { readonly sqlite: () => Sqlite; readonly fs: MarkFs; readonly failureOf: typeof failureIs; readonly readRows: typeof readRows },
  path: string,
  mark: HighWaterMark | undefined,
): number {
  const { sqlite, fs, failureOf } = parts;
  const { state, sql, number, text } = file;
  let old: Database | undefined;

  const attempt = <A>(read: () => A): A | undefined => {
    try {
      return read();
    } catch (error) {
      // What the disk does not give now it may give at the next start.
      if (failureOf(error).reason === 'unreadable') throw error;
      return undefined;
    }
  };
  const rows = (query: string, ...values: readonly number[]): readonly Row[] | undefined =>
    attempt(() => old?.prepare(query).all(...values));
  const openOld = (): void => {
    attempt(() => old?.close());
    old = attempt(() => new (sqlite().DatabaseSync)(path, { defensive: false }));
    // Without the file of shared memory that readers of a log have beside it.
    attempt(() => old?.exec('PRAGMA locking_mode=EXCLUSIVE'));
  };
  /** The part of a database's header that is the same for every outbox. */
  const mendHeader = (): void => {
    const handle = fs.openSync(path, 'r+');
    const begin = Buffer.from('53514c69746520666f726d61742033001000020200402020', 'hex');
    try {
      fs.writeSync(handle, begin, 0, begin.length, 0);
      fs.writeSync(handle, Buffer.from([0, 0, 0, 4]), 0, 4, 44);
      fs.writeSync(handle, Buffer.from([0, 0, 0, 1]), 0, 4, 56);
    } finally {
      fs.closeSync(handle);
    }
  };

  /**
   * Its tables have the names and columns they were made with, and begin where they did, in the order they were made in: so does the new
   * file.
   */
  const mendTables = (): void => {
    old?.exec('PRAGMA writable_schema=ON');
    for (const row of sql("SELECT rowid AS id, type, name, tbl_name, rootpage, sql FROM sqlite_master WHERE type='table'").all())
      old
        ?.prepare('UPDATE sqlite_master SET type=?, name=?, tbl_name=?, rootpage=?, sql=? WHERE rowid=?')
        .run(text(row['type']), text(row['name']), text(row['tbl_name']), number(row['rootpage']), text(row['sql']), number(row['id']));
  };

  const columnsOf = (table: string): readonly string[] =>
    sql(`PRAGMA table_xinfo(${table})`)
      .all()
      .map(({ name }) => text(name));

  const isSound = (row: Row): boolean => file.stateChecksum(row) === row['checksum'];

  const takeOver = (): number => {
    attempt(mendHeader);
    openOld();
    attempt(mendTables);
    openOld();

    let known: Row | undefined;
    let kept = 0;
    let bytes = 0;
    let last = 0;
    /** Where what was set aside is not as it was written. Of a damaged page, anything may be one. */
    const spoilt = new Set<number>();
    const insert = (table: string, row: Row): void => {
      // Node 22 takes bytes of nothing for NULL.
      const values = Object.keys(row).map(name => (name === 'payload' ? 'coalesce(?, zeroblob(0))' : '?'));
      sql(`INSERT OR REPLACE INTO ${table} VALUES(${values.join(', ')})`).run(...Object.values(row));
    };
    /** How a row is taken over that is as it was written: what a damaged tree leads to may be of another table. */
    const TAKE: Readonly<Record<string, (row: Row) => boolean>> = {
      state: row => {
        if (!isSound(row)) return false;
        known = row;
        return true;
      },
      stream: row => {
        if (file.streamChecksum(row) !== row['checksum']) return false;
        insert('stream', row);
        return true;
      },
      message: row => {
        const place = number(row['place']);
        if (file.checksum(row) !== row['checksum']) return false;
        if (sql('SELECT 1 FROM message WHERE place=?').get(place) !== undefined) return true;
        if (number(row['priority']) !== 0) file.order();
        insert('message', row);
        // Which of them had been sent is not known: all may have been.
        sql('INSERT OR IGNORE INTO attempt(place, attempts, crashes, suspect) VALUES(?, 1, 0, 0)').run(place);
        kept++;
        last = Math.max(last, place);
        bytes += Buffer.byteLength(text(row['topicName'])) + file.bytes(row['payload']).length;
        return true;
      },
      aside: row => {
        if (file.asideChecksum(row) !== row['checksum']) return false;
        insert('aside', row);
        return true;
      },
      // What the receivers are still to be told will never come. The new file reckons each checksum itself.
      loss: row => {
        const { id, stream, first, last, checksum } = row;
        // Until then anything may be in it, and the new file refuses some of that.
        if (![id, stream, first, last].every(cell => Number.isSafeInteger(cell))) return false;
        if (sql('SELECT 1 FROM loss WHERE id=?').get(number(id)) !== undefined) return false;
        sql('INSERT INTO loss(id, stream, first, last) VALUES(?, ?, ?, ?)').run(...[id, stream, first, last].map(number));
        return Number(sql('DELETE FROM loss WHERE id=? AND checksum IS NOT ?').run(number(id), number(checksum)).changes) === 0;
      },
    };
    const end = (): number => Math.max(number(known?.['nextPlace']), mark?.nextPlace ?? 0);
    const before = (): number =>
      known === undefined ? (mark?.inside ?? kept) : number(known['inside']) + Math.max(0, end() - number(known['nextPlace']));

    const tables = new Map(
      sql("SELECT name, rootpage FROM sqlite_master WHERE type='table'")
        .all()
        .map(({ name, rootpage }) => [number(rootpage), { name: text(name), columns: columnsOf(text(name)), take: TAKE[text(name)] }]),
    );
    const seen = new Set<number>();
    // Where they lie: a damaged tree does not lead to all of them, and may lead to what was taken out. What was in the log is in the file
    // once it is closed.
    attempt(() => old?.close());
    parts.readRows(fs, path, ({ root, id, cells }) => {
      const { columns = [], take } = tables.get(root) ?? {};
      const isRow = columns.length === cells.length;
      if (isRow) seen.add(root);
      const isTaken = isRow && take?.(Object.fromEntries(columns.map((name, i) => [name, i === 0 ? id : (cells[i] ?? null)]))) === true;
      if (!isTaken && take === TAKE['aside'] && spoilt.size < file.maxAside) spoilt.add(id);
      return isTaken;
    });
    // And where their trees lead, if it is the map of the pages that is damaged.
    openOld();
    for (const [root, { name, take }] of tables) {
      // How many were set aside nobody knows: of those none are enough.
      const isWhole = name === 'message' ? known !== undefined && kept >= before() : name !== 'aside';
      if (take === undefined || (seen.has(root) && isWhole)) continue;
      for (let from = 0; ;) {
        const page = rows(`SELECT rowid AS row, * FROM ${name} WHERE rowid > ? ORDER BY rowid LIMIT 64`, from) ?? [];
        for (const { row: _, ...row } of page) take(row);
        const to = number(page.at(-1)?.['row']);
        // A damaged tree may lead back to where it has been.
        if (to <= from) break;
        from = to;
      }
    }

    // A stream may lie behind its losses, and its number may be given to another if it is gone.
    sql('DELETE FROM loss WHERE stream NOT IN (SELECT id FROM stream)').run();
    // Of streams whose names are gone, the numbers of the messages are left.
    const nameless = 'SELECT stream FROM message UNION SELECT stream FROM aside EXCEPT SELECT id FROM stream';
    for (const row of sql(nameless).all()) {
      const id = number(row['stream']);
      file.addStream(id, `${state.epoch}-${id}`, '', Number.MAX_SAFE_INTEGER);
    }
    for (const name of ['stored', 'forwarded', 'expired', 'dropped', 'setAside', 'damaged'] as const) state[name] = number(known?.[name]);
    const aside = sql('SELECT place FROM aside').all();
    for (const row of aside) spoilt.delete(number(row['place']));
    const wereAside = known === undefined ? file.maxAside : Math.min(state.setAside, file.maxAside);
    const lostAside = Math.min(spoilt.size, Math.max(0, wereAside - aside.length));
    state.setAside = Math.max(aside.length, state.setAside - lostAside);
    const lost = Math.max(0, before() - kept) + lostAside;
    state.damaged += lost;
    state.inside = kept;
    state.stored = state.forwarded + state.expired + state.dropped + state.setAside + state.damaged + kept;
    state.bytes = bytes;
    state.nextPlace = Math.max(end(), last + 1, 1);
    if (known !== undefined) {
      state.age = number(known['age']);
      state.timeOfDay = number(known['timeOfDay']);
    }
    return lost;
  };

  try {
    return takeOver();
  } finally {
    attempt(() => old?.close());
  }
}
