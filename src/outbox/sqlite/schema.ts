import type { Schema, Statement } from './database.js';

// Runs in the worker: see database.ts.

/** Makes a {@link Schema}. */
export function schema(): Schema {
  const VERSION = 1;
  /** Tables of few small numbers. SQLite itself writes the checksum of a row, of these columns, and a byte that is flipped in one of them changes it. */
  const SMALL = [
    ['claim', '(place * 7 + sent * 3 + coalesce(told, -1)) % 2147483647'],
    ['attempt', '(place * 31 + attempts * 7 + crashes * 3 + suspect) % 2147483647'],
    ['loss', '(id * 31 + stream * 7 + first * 3 + last) % 2147483647'],
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

  return {
    create: `${wanted.join(';\n')}; CREATE INDEX loss_stream ON loss(stream, id); PRAGMA user_version=${VERSION};`,
    isThere: statement => {
      const found = statement("SELECT sql FROM sqlite_master WHERE type <> 'index' ORDER BY rowid")
        .all()
        .map(({ sql }) => String(sql));
      if (found.length === 0) return false;
      if (found.length === wanted.length && found.every((sql, i) => sql === wanted[i])) return true;
      const version = versionOf(statement);
      if (version > VERSION && version < 1_000) throw new Error('It was written by a newer version of greengrass-rx.');
      if (!found.some(sql => wanted.includes(sql))) throw new Error('It is a database of something else.');
      throw Object.assign(new Error('Its tables are not as they were made.'), { errcode: 11 });
    },
    check: statement => {
      for (const [table, checksum] of SMALL) {
        const [says] = Object.values(statement(`PRAGMA integrity_check(${table})`).get() ?? {});
        if (says === 'ok' && statement(`SELECT 1 FROM ${table} WHERE checksum IS NOT ${checksum} LIMIT 1`).get() === undefined) continue;
        throw Object.assign(new Error(`The table ${table} is not as it was written.`), { errcode: 11 });
      }
    },
  };
}
