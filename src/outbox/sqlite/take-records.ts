import type { Fate, Moment, TakeRequest } from '../store.js';
import type { Row } from './database.js';
import type { FileState } from './file-state.js';
import type { WorkerResults, WorkerSettings } from './worker-protocol.js';

// Runs in the worker: see database.ts.

/** Hands messages out, and hears what became of them. */
export interface TakeRecords {
  readonly take: (request: TakeRequest, now: Moment) => WorkerResults['take'];
  readonly settle: (fates: readonly Fate[], now: Moment) => object;
}

/** Makes a {@link TakeRecords}. */
export function takeRecords(file: FileState, { maxAge, boot }: WorkerSettings): TakeRecords {
  const { state, sql, number, remove, sized, unclaimed } = file;
  /** Ends of the process while a message was sent alone, one after the other, after which it is set aside. */
  const CRASHES = 2;
  /** What a claim says of its message; of one that is being sent alone, in which run of the machine, too. */
  const CLAIMED = { survived: 0, sent: 1, sending: 2 + boot } as const;
  /** Places that are looked at before and behind a damaged message for others of its stream. */
  const NEAR = 1_000;

  const take = ({ from, before, messages, bytes }: TakeRequest, now: Moment): WorkerResults['take'] => {
    const texts: string[] = [];
    const numbers: number[] = [];
    const payloads: Uint8Array[] = [];
    const lost: number[][] = [];
    const found = { expired: 0, damaged: 0, setAside: 0 };
    const toldStreams = new Set<number>();
    const { inside } = state;
    let handled = 0;
    let size = 0;
    /** @param priority `undefined`: no message has one. */
    const pick = (priority: number | undefined): void => {
      const [index, condition] = priority === undefined ? ['', ''] : ['INDEXED BY message_order', 'priority = ? AND'];
      const range = priority === undefined ? [from, before] : [priority, from, before];
      for (;;) {
        if (lost.length >= messages || size >= bytes) return;
        // What was handed out or taken out is found again: the tree is damaged.
        if (handled > inside) throw file.damaged('The messages have no end.');
        const rows = sql(
          `SELECT message.*, length(CAST(message.topicName AS BLOB)) + length(payload) AS size, attempts, crashes, suspect, stream.name AS name, stream.epoch AS epoch
             FROM message ${index} LEFT JOIN attempt USING (place) LEFT JOIN stream ON stream.id = message.stream
             WHERE ${condition} place >= ? AND place < ? AND ${unclaimed} ORDER BY place LIMIT ?`,
        ).all(...range, Math.min(64, messages - lost.length));
        if (rows.length === 0) return;
        for (const row of rows) {
          if (size >= bytes) return;
          handled++;
          hand(row);
        }
      }
    };
    /** The highest priority first. What no message has costs nothing. */
    const pickAll = (): void => {
      if (!file.isOrdered()) {
        pick(undefined);
        return;
      }
      for (let below = Infinity; lost.length < messages && size < bytes;) {
        const next = sql('SELECT priority FROM message INDEXED BY message_order WHERE priority < ? ORDER BY priority DESC LIMIT 1').get(
          below,
        );
        const priority = number(next?.['priority']);
        // One that is no lower, or no number: the index is damaged.
        if (next === undefined || priority >= below) return;
        below = priority;
        pick(below);
      }
    };
    const hand = (row: Row): void => {
      const expires = row['expires'];
      if (file.checksum(row) !== row['checksum']) {
        found.damaged++;
        remove(row, 'damaged', isPlausible(row));
      } else if (typeof row['epoch'] !== 'string') {
        // Handed out without it, messages of several streams would have one number.
        throw file.damaged('The stream of a message is not there.');
      } else if ((typeof expires === 'number' && expires <= now.age) || number(row['age']) + maxAge <= now.age) {
        found.expired++;
        remove(row, 'expired');
      } else if (number(row['crashes']) >= CRASHES) {
        found.setAside++;
        setAside(row, 'The process ended twice in a row while it was sent alone.', now);
      } else {
        const place = number(row['place']);
        const stream = number(row['stream']);
        const losses = toldStreams.has(stream)
          ? []
          : sql('SELECT id, first, last FROM loss WHERE stream=? AND last < ? ORDER BY id LIMIT 16').all(stream, number(row['number']));
        toldStreams.add(stream);
        file.told(number(losses.at(-1)?.['id']));
        file.claim(place, losses.at(-1)?.['id'] ?? null);
        const payload = file.bytes(row['payload']);
        texts.push(
          file.text(row['epoch']),
          file.text(row['name']),
          row['key'] === null ? file.text(row['topicName']) : file.text(row['key']),
          file.text(row['topicName']),
          file.text(row['members']),
        );
        numbers.push(
          place,
          number(row['number']),
          number(row['priority']),
          number(row['storedAt']),
          Number(row['qos']),
          number(row['attempts']),
          number(row['suspect']),
          payload.length,
        );
        payloads.push(payload);
        lost.push(losses.flatMap(({ first, last }) => [number(first), number(last)]));
        size += number(row['size']);
      }
    };
    pickAll();
    // What the table has and the index does not find: the index is damaged.
    if (
      lost.length === 0 &&
      from === 0 &&
      sql(`SELECT 1 FROM message WHERE place < ? AND ${unclaimed} LIMIT 1`).get(before) !== undefined
    ) {
      file.tables().database.exec('REINDEX');
      pickAll();
    }
    // The counts say that there is more, and no query finds it: the tree of the table is damaged.
    if (lost.length === 0 && state.inside > file.claimed() && sql(`SELECT 1 FROM message WHERE ${unclaimed} LIMIT 1`).get() === undefined)
      throw file.damaged('Not all messages are found.');
    const all = new Uint8Array(payloads.reduce((sum, { length }) => sum + length, 0));
    let offset = 0;
    for (const payload of payloads) {
      all.set(payload, offset);
      offset += payload.length;
    }
    return { records: { messages: lost.length, texts, numbers: Float64Array.from(numbers), payloads: all, lost }, ...found };
  };

  /** Whether nothing speaks against what a damaged message says of its number: it may be just that which is damaged. */
  const isPlausible = (row: Row): boolean => {
    const [place, stream] = [number(row['place']), number(row['stream'])];
    const near = (query: string): Row | undefined =>
      sql(`SELECT number FROM message WHERE stream=? AND place ${query} LIMIT 1`).get(stream, place, place);
    // Numbers rise with the places. Where no other of its stream is near, what that has come to says it.
    const before = near(`< ? AND place > ? - ${NEAR} ORDER BY place DESC`)?.['number'] ?? 0;
    const after =
      near(`> ? AND place < ? + ${NEAR} ORDER BY place`)?.['number'] ?? sql('SELECT next FROM stream WHERE id=?').get(stream)?.['next'];
    return number(before) < number(row['number']) && number(row['number']) < number(after);
  };

  const setAside = (row: Row, why: string, now: Moment): void => {
    const place = number(row['place']);
    const reason = file.wellFormed(why);
    const stored = sql('SELECT * FROM message WHERE place=?').get(place);
    sql(
      'INSERT OR REPLACE INTO aside SELECT place, stream, number, key, priority, storedAt, topicName, qos, members, payload, ?, ?, ? FROM message WHERE place=?',
    ).run(reason, now.timeOfDay, file.asideChecksum({ ...stored, reason, at: now.timeOfDay }), place);
    sql('DELETE FROM aside WHERE place IN (SELECT place FROM aside ORDER BY place DESC LIMIT -1 OFFSET ?)').run(file.maxAside);
    remove(row, 'setAside');
  };

  const settle = (fates: readonly Fate[], now: Moment): object => {
    for (const { place, fate, reason } of fates) {
      const claim = sql('SELECT told, sent FROM claim WHERE place=?').get(place);
      if (claim === undefined) continue;
      if (number(claim['sent']) >= 2) sql('UPDATE attempt SET crashes=0 WHERE place=? AND crashes > 0').run(place);
      if (fate === 'sent' || fate === 'sending' || fate === 'survived') {
        sql('UPDATE claim SET sent=? WHERE place=?').run(CLAIMED[fate], place);
        continue;
      }
      if (fate === 'released' || fate === 'handedBack') {
        file.release(place);
        if (fate === 'handedBack') continue;
        sql(
          'INSERT INTO attempt(place, attempts, crashes, suspect) VALUES(?, 1, 0, 0) ON CONFLICT(place) DO UPDATE SET attempts = attempts + 1',
        ).run(place);
        continue;
      }
      const row = sql(`SELECT ${sized} FROM message WHERE place=?`).get(place);
      if (row === undefined) throw file.damaged('A message is not found where it was.');
      if (fate === 'forwarded') {
        const told = claim['told'];
        if (typeof told === 'number')
          sql('DELETE FROM loss WHERE stream=? AND id <= ? AND last < ?').run(number(row['stream']), told, number(row['number']));
        remove(row, 'forwarded');
      } else setAside(row, reason ?? 'It was refused.', now);
    }
    return {};
  };

  return { take, settle };
}
