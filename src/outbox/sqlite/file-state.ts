import type { Cell, Row, Statement, Tables } from './database.js';
import type { Moment, StoreNews } from '../store.js';

// Runs in the worker: see database.ts.

/** What the row of an open file says, and what every change of its messages does to that. */
export interface FileState {
  readonly state: {
    epoch: string;
    nextPlace: number;
    stored: number;
    forwarded: number;
    expired: number;
    dropped: number;
    setAside: number;
    damaged: number;
    inside: number;
    bytes: number;
    age: number;
    timeOfDay: number;
  };
  /** `undefined` while the file is closed. */
  readonly use: (tables: Tables | undefined) => void;
  readonly tables: () => Tables;
  /** Whether a message has ever had a priority: only then are they indexed by it. */
  readonly isOrdered: () => boolean;
  /** A message has a priority. */
  readonly order: () => void;
  readonly sql: (text: string) => Statement;
  readonly number: (cell: Cell | undefined) => number;
  readonly text: (cell: Cell | undefined) => string;
  readonly bytes: (cell: Cell | undefined) => Uint8Array;
  /**
   * As it is read again: half of a surrogate pair, as of an emoji that was cut, has no UTF-8 form, and Node 22 ends a text at U+0000. A
   * checksum of anything else would never be right.
   */
  readonly wellFormed: (text: string) => string;
  readonly load: () => boolean;
  readonly save: (now: Moment | undefined) => void;
  /** Back to what it was, after a commit that failed. */
  readonly restore: (before: FileState['state']) => void;
  readonly checksum: (row: Row) => number;
  /** Of a message that was set aside. */
  readonly asideChecksum: (row: Row) => number;
  readonly stateChecksum: (row: Row) => number;
  readonly streamChecksum: (row: Row) => number;
  /** A stream whose numbers go on with this one. */
  readonly addStream: (id: number, epoch: string, name: string, next: number) => void;
  /** A stream has given numbers up to this one. */
  readonly saveStream: (name: string) => void;
  readonly streamOf: (name: string) => { readonly id: number; next: number };
  /** What is thrown where the file is not as it was written: as where SQLite finds that. */
  readonly damaged: (sentence: string) => Error;
  /** A message is handed out: with it goes the word of the losses up to this one. */
  readonly claim: (place: number, told: Cell) => void;
  /** It is handed out no more. */
  readonly release: (place: number) => void;
  /** None is handed out any more. */
  readonly releaseAll: () => void;
  /** How many are handed out. */
  readonly claimed: () => number;
  /** Takes a message out that is not to be sent any more. */
  readonly remove: (row: Row, why: 'forwarded' | 'expired' | 'dropped' | 'setAside' | 'damaged', isTold?: boolean) => void;
  readonly news: () => StoreNews;
  /** The losses up to this one have been told. */
  readonly told: (loss: number) => void;
  /** Messages that are kept aside; of more, the oldest are forgotten. */
  readonly maxAside: number;
  /** The columns that `remove` needs. */
  readonly sized: string;
  readonly unclaimed: string;
}

/** Makes a {@link FileState}. */
export function fileState(crc32: (bytes: Uint8Array | string, start?: number) => number): FileState {
  /** Ranges of lost numbers that are kept for the receivers; of more, the oldest are forgotten. */
  const MAX_LOSSES = 10_000;
  let open: Tables | undefined;
  let toldUpTo = 0;
  let ordered = false;
  /** `undefined`: to be counted. */
  let claims: number | undefined;
  const streams = new Map<string, { readonly id: number; next: number }>();
  const state: FileState['state'] = {
    epoch: '',
    nextPlace: 1,
    stored: 0,
    forwarded: 0,
    expired: 0,
    dropped: 0,
    setAside: 0,
    damaged: 0,
    inside: 0,
    bytes: 0,
    age: 0,
    timeOfDay: 0,
  };

  const tables = (): Tables => {
    if (open === undefined) throw new Error('The outbox is not open.');
    return open;
  };
  const sql = (text: string) => tables().statement(text);
  const lookForOrder = (): void => {
    ordered = open !== undefined && sql("SELECT 1 FROM sqlite_master WHERE type='index' AND name='message_order'").get() !== undefined;
  };
  const num = (cell: Cell | undefined): number => (typeof cell === 'number' ? cell : 0);
  const text = (cell: Cell | undefined): string => (typeof cell === 'string' ? cell : '');
  const wellFormed = (text: string): string => text.replace(/[\ud800-\udfff]/gu, '\ufffd').replaceAll('\0', '\ufffd');
  const bytesOf = (cell: Cell | undefined): Uint8Array => (cell instanceof Uint8Array ? cell : new Uint8Array(0));

  /** Covers all columns of the row but its id: they have the names of the members of `state`. */
  const stateChecksum = (row: Row): number => crc32(JSON.stringify(Object.keys(state).map(name => row[name])));
  const streamChecksum = (row: Row): number => crc32(JSON.stringify([row['id'], row['epoch'], row['name'], row['next']]));
  const damaged = (sentence: string): Error => Object.assign(new Error(sentence), { errcode: 11 });

  const saveState = (now: Moment | undefined): void => {
    if (now !== undefined) {
      state.age = now.age;
      state.timeOfDay = now.timeOfDay;
    }
    sql(
      'UPDATE state SET epoch=?, nextPlace=?, stored=?, forwarded=?, expired=?, dropped=?, setAside=?, damaged=?, inside=?, bytes=?, age=?, timeOfDay=?, checksum=? WHERE id=1',
    ).run(
      state.epoch,
      state.nextPlace,
      state.stored,
      state.forwarded,
      state.expired,
      state.dropped,
      state.setAside,
      state.damaged,
      state.inside,
      state.bytes,
      state.age,
      state.timeOfDay,
      stateChecksum(state),
    );
  };

  const loadState = (): boolean => {
    const row = sql('SELECT * FROM state WHERE id=1').get();
    if (row === undefined) return false;
    if (stateChecksum(row) !== row['checksum']) throw damaged('The checksum of the counters is wrong.');
    for (const stream of sql('SELECT * FROM stream').all())
      if (streamChecksum(stream) !== stream['checksum']) throw damaged('The checksum of a stream is wrong.');
    for (const name of Object.keys(state) as (keyof typeof state)[]) Object.assign(state, { [name]: row[name] });
    tables().check();
    return true;
  };

  /** Node 22 begins at 0 again with bytes of nothing, if SQLite gives them. */
  const withPayload = (head: number, row: Row): number => {
    const payload = bytesOf(row['payload']);
    return payload.length === 0 ? head : crc32(payload, head);
  };

  const checksum = (row: Row): number => {
    const head = [
      row['place'],
      row['stream'],
      row['number'],
      row['key'],
      row['priority'],
      row['storedAt'],
      row['age'],
      row['expires'],
      row['topicName'],
      row['qos'],
      row['members'],
    ];
    return withPayload(crc32(JSON.stringify(head)), row);
  };

  const asideChecksum = (row: Row): number => {
    const names = ['place', 'stream', 'number', 'key', 'priority', 'storedAt', 'topicName', 'qos', 'members', 'reason', 'at'];
    return withPayload(crc32(JSON.stringify(names.map(name => row[name]))), row);
  };

  const addStream = (id: number, epoch: string, name: string, next: number): void => {
    sql('INSERT INTO stream VALUES(?, ?, ?, ?, ?)').run(id, epoch, name, next, streamChecksum({ id, epoch, name, next }));
  };

  const streamOf = (name: string): { readonly id: number; next: number } => {
    const known = streams.get(name);
    if (known !== undefined) return known;
    const row = sql('SELECT id, next FROM stream WHERE epoch=? AND name=?').get(state.epoch, name);
    const id = num((row ?? sql('SELECT coalesce(MAX(id), 0) + 1 AS id FROM stream').get())?.['id']);
    if (row === undefined) addStream(id, state.epoch, name, 1);
    const made = { id, next: row === undefined ? 1 : num(row['next']) };
    streams.set(name, made);
    return made;
  };

  const saveStream = (name: string): void => {
    const { id, next } = streamOf(name);
    sql('UPDATE stream SET next=?, checksum=? WHERE id=?').run(next, streamChecksum({ id, epoch: state.epoch, name, next }), id);
  };

  /** A message that will never come, for the receiver to know. */
  const lose = (stream: number, number: number): void => {
    const last = sql('SELECT id, first, last FROM loss WHERE stream=? ORDER BY id DESC LIMIT 1').get(stream);
    // What has been told is deleted when its message is forwarded, and is not added to.
    if (last !== undefined && num(last['last']) === number - 1 && num(last['id']) > toldUpTo) {
      sql('UPDATE loss SET last=? WHERE id=?').run(number, num(last['id']));
      return;
    }
    sql('INSERT INTO loss(stream, first, last) VALUES(?, ?, ?)').run(stream, number, number);
    sql('DELETE FROM loss WHERE id <= (SELECT MAX(id) FROM loss) - ?').run(MAX_LOSSES);
  };

  const claim = (place: number, told: Cell): void => {
    sql('INSERT INTO claim(place, sent, told) VALUES(?, 0, ?)').run(place, told);
    if (claims !== undefined) claims++;
  };
  const release = (place: number): void => {
    const { changes } = sql('DELETE FROM claim WHERE place=?').run(place);
    if (claims !== undefined) claims -= Number(changes);
  };
  const releaseAll = (): void => {
    sql('DELETE FROM claim').run();
    claims = 0;
  };
  const claimed = (): number => (claims ??= num(sql('SELECT count(*) AS claims FROM claim').get()?.['claims']));

  /** Takes a message out that is not to be sent any more. */
  const remove = (row: Row, why: 'forwarded' | 'expired' | 'dropped' | 'setAside' | 'damaged', isTold = why !== 'forwarded'): void => {
    const place = num(row['place']);
    // It was just read: what cannot be taken out would be sent for ever.
    if (Number(sql('DELETE FROM message WHERE place=?').run(place).changes) === 0) throw damaged('A message is not found where it is.');
    release(place);
    sql('DELETE FROM attempt WHERE place=?').run(place);
    state[why]++;
    state.inside--;
    state.bytes -= num(row['size']);
    if (isTold) lose(num(row['stream']), num(row['number']));
  };

  const news = (): StoreNews => {
    const { stored, forwarded, expired, dropped, setAside, damaged, inside, bytes } = state;
    const oldest =
      open === undefined || inside === 0 ? undefined : sql('SELECT storedAt FROM message ORDER BY place LIMIT 1').get()?.['storedAt'];
    return {
      depth: { messages: inside, bytes, oldest: typeof oldest === 'number' ? oldest : undefined },
      counts: { stored, forwarded, expired, dropped, setAside, damaged, inside },
    };
  };

  return {
    state,
    use: next => {
      open = next;
      claims = undefined;
      streams.clear();
      lookForOrder();
    },
    tables,
    isOrdered: () => ordered,
    order: () => {
      if (!ordered) tables().database.exec('CREATE INDEX message_order ON message(priority DESC, place)');
      ordered = true;
    },
    sql,
    number: num,
    text,
    bytes: bytesOf,
    wellFormed,
    load: loadState,
    save: saveState,
    restore: before => {
      Object.assign(state, before);
      // What these remember from the failed commit is not in the file.
      claims = undefined;
      streams.clear();
      lookForOrder();
    },
    checksum,
    damaged,
    asideChecksum,
    stateChecksum,
    streamChecksum,
    addStream,
    saveStream,
    streamOf,
    claim,
    release,
    releaseAll,
    claimed,
    remove,
    told: loss => {
      toldUpTo = Math.max(toldUpTo, loss);
    },
    news,
    maxAside: 1_000,
    sized: 'place, stream, number, length(CAST(topicName AS BLOB)) + length(payload) AS size',
    unclaimed: 'NOT EXISTS (SELECT 1 FROM claim WHERE claim.place = message.place)',
  };
}
