import type { Database, failureOf as failureIs, Row, Sqlite } from './database.js';
import type { FileState } from './file-state.js';
import type { HighWaterMark, MarkFs } from './mark-file.js';

// Runs in the worker: see database.ts.

/**
 * Takes what can still be read out of a damaged file, which has been moved aside, into the new one, which is open. Every row has a checksum:
 * what is taken is as it was stored. Says how many messages are lost.
 */
export function salvage(
  file: FileState,
  { sqlite, fs, failureOf }: { readonly sqlite: () => Sqlite; readonly fs: MarkFs; readonly failureOf: typeof failureIs },
  path: string,
  mark: HighWaterMark | undefined,
): number {
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
  const isReadable = (): boolean => rows('SELECT place FROM message LIMIT 1') !== undefined;
  const openOld = (): void => {
    attempt(() => old?.close());
    old = attempt(() => new (sqlite().DatabaseSync)(path, { defensive: false }));
  };
  /** The part of a database's header that is the same for every outbox. */
  const mendHeader = (): void => {
    const handle = fs.openSync(path, 'r+');
    const begin = Buffer.from('53514c69746520666f726d61742033001000020200402020', 'hex');
    fs.writeSync(handle, begin, 0, begin.length, 0);
    fs.writeSync(handle, Buffer.from([0, 0, 0, 4]), 0, 4, 44);
    fs.writeSync(handle, Buffer.from([0, 0, 0, 1]), 0, 4, 56);
    fs.closeSync(handle);
  };

  /** Its tables have the names and columns they were made with, in the order they were made in: so does the new file. */
  const mendTables = (): void => {
    old?.exec('PRAGMA writable_schema=ON');
    for (const row of sql("SELECT rowid AS id, type, name, tbl_name, sql FROM sqlite_master WHERE type='table'").all())
      old
        ?.prepare('UPDATE sqlite_master SET type=?, name=?, tbl_name=?, sql=? WHERE rowid=?')
        .run(text(row['type']), text(row['name']), text(row['tbl_name']), text(row['sql']), number(row['id']));
  };

  const isSound = (row: Row): boolean => file.stateChecksum(row) === row['checksum'];

  const takeOver = (): number => {
    openOld();
    if (!isReadable()) {
      attempt(mendHeader);
      openOld();
    }
    attempt(mendTables);
    openOld();
    const [saved] = rows('SELECT * FROM state WHERE id=1') ?? [];
    const known = saved !== undefined && isSound(saved) ? saved : undefined;
    const end = Math.max(number(known?.['nextPlace']), mark?.nextPlace ?? 0);

    const streams = new Set<number>();
    for (const row of rows('SELECT * FROM stream') ?? []) {
      if (file.streamChecksum(row) !== row['checksum']) continue;
      streams.add(number(row['id']));
      sql('INSERT OR IGNORE INTO stream VALUES(?, ?, ?, ?, ?)').run(
        number(row['id']),
        text(row['epoch']),
        text(row['name']),
        number(row['next']),
        number(row['checksum']),
      );
    }

    let kept = 0;
    let bytes = 0;
    let last = 0;
    const keep = (row: Row): void => {
      const stream = number(row['stream']);
      if (file.checksum(row) !== row['checksum']) return;
      if (!streams.has(stream)) {
        // Its name is gone; of its numbers, those of the messages are left.
        streams.add(stream);
        const made = { epoch: `${state.epoch}-${stream}`, name: '', next: Number.MAX_SAFE_INTEGER };
        sql('INSERT OR IGNORE INTO stream VALUES(?, ?, ?, ?, ?)').run(stream, made.epoch, made.name, made.next, file.streamChecksum(made));
      }
      if (number(row['priority']) !== 0) file.order();
      const columns = Object.values(row);
      sql(`INSERT OR IGNORE INTO message VALUES(${columns.map(() => '?').join(', ')})`).run(...columns);
      // Which of them had been sent is not known: all may have been.
      sql('INSERT OR IGNORE INTO attempt(place, attempts, crashes, suspect) VALUES(?, 1, 0, 0)').run(number(row['place']));
      kept++;
      bytes += Buffer.byteLength(text(row['topicName'])) + file.bytes(row['payload']).length;
    };
    for (;;) {
      const page = rows('SELECT * FROM message WHERE place > ? ORDER BY place LIMIT 64', last);
      if (page?.length === 0 || last > end + 1_000_000) break;
      if (page === undefined) {
        // Somewhere here is the damage: one by one past it.
        const [row] = rows('SELECT * FROM message WHERE place = ?', ++last) ?? [];
        if (row !== undefined) keep(row);
        if (last >= end) break;
        continue;
      }
      for (const row of page) keep(row);
      // A damaged tree may lead back to where it has been.
      last = Math.max(last + 1, number(page.at(-1)?.['place']));
    }
    // What the receivers are still to be told will never come. The new file reckons each checksum itself.
    for (const row of rows('SELECT * FROM loss') ?? []) {
      const id = number(row['id']);
      if (!streams.has(number(row['stream']))) continue;
      sql('INSERT OR IGNORE INTO loss(id, stream, first, last) VALUES(?, ?, ?, ?)').run(
        id,
        number(row['stream']),
        number(row['first']),
        number(row['last']),
      );
      sql('DELETE FROM loss WHERE id=? AND checksum IS NOT ?').run(id, number(row['checksum']));
    }
    for (const row of rows('SELECT * FROM aside') ?? []) {
      const columns = Object.values(row);
      attempt(() => sql(`INSERT OR IGNORE INTO aside VALUES(${columns.map(() => '?').join(', ')})`).run(...columns));
    }
    const before = known === undefined ? (mark?.inside ?? kept) : number(known['inside']) + Math.max(0, end - number(known['nextPlace']));
    const lost = Math.max(0, before - kept);
    for (const name of ['stored', 'forwarded', 'expired', 'dropped', 'setAside', 'damaged'] as const) state[name] = number(known?.[name]);
    state.damaged += lost;
    state.inside = kept;
    state.stored = state.forwarded + state.expired + state.dropped + state.setAside + state.damaged + kept;
    state.bytes = bytes;
    state.nextPlace = Math.max(end, last + 1, 1);
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
