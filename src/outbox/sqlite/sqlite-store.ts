import { left, right } from 'fp-ts/lib/Either.js';
import { Observable } from 'rxjs';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { OutboxUnavailable } from '../../errors/errors.js';
import type { ObservableEither } from '../../stream/observable-either.js';
import type { Opened, Put, RecordToStore, Store, StoredRecord, StoreNews, Taken } from '../store.js';
import { failureOf, openDatabase, schema } from './database.js';
import { fileState } from './file-state.js';
import { openMark } from './mark-file.js';
import { openFile } from './open-file.js';
import { readRows } from './read-rows.js';
import { salvage } from './salvage.js';
import { putRecords } from './put-records.js';
import { storeWorker } from './store-worker.js';
import { takeRecords } from './take-records.js';
import type {
  PackedRecords,
  PackedStored,
  WorkerAnswer,
  WorkerFailure,
  WorkerRequest,
  WorkerResults,
  WorkerSettings,
} from './worker-protocol.js';

/**
 * The worker's whole source: the text of functions that need nothing from outside. A bundler that keeps names calls `__name`, which is not
 * there. `node:sqlite` is asked for in here alone: a Node that has none refuses to load a module that imports it.
 */
function source(): string {
  return `
const { parentPort, workerData } = require('node:worker_threads');
const { crc32 } = require('node:zlib');
const __name = f => f;
const work = (${storeWorker.toString()})({
  post: answers => { if (answers.length > 0) parentPort.postMessage(answers); },
  settings: workerData,
  fs: require('node:fs'),
  crc32,
  sqlite: () => { process.removeAllListeners('warning'); return require('node:sqlite'); },
  openDatabase: ${openDatabase.toString()},
  openMark: ${openMark.toString()},
  failureOf: ${failureOf.toString()},
  openFile: ${openFile.toString()},
  fileState: ${fileState.toString()},
  schema: ${schema.toString()},
  salvage: ${salvage.toString()},
  readRows: ${readRows.toString()},
  putRecords: ${putRecords.toString()},
  takeRecords: ${takeRecords.toString()},
});
parentPort.on('message', work);
`;
}

/** A request before it has its number; each kind of its own. */
type Asked = WorkerRequest extends infer R ? (R extends { readonly id: number } ? Omit<R, 'id'> : never) : never;

/** The store in an SQLite file, in a thread of its own, so that no commit holds up messages. */
export function sqliteStore(
  given: Omit<WorkerSettings, 'boot' | 'syncedFolder'> & Pick<Partial<WorkerSettings>, 'boot'>,
  newEpoch: () => string,
): Store {
  const settings: WorkerSettings = { ...given, boot: given.boot ?? thisBoot(), syncedFolder: syncedFolder(given.path) };
  let worker: Worker | undefined;
  let closed = false;
  let ids = 0;
  const asked = new Map<number, (answer: WorkerAnswer) => void>();

  const fail = (reason: WorkerFailure['reason'], message: string): void => {
    const waiting = [...asked];
    asked.clear();
    worker = undefined;
    for (const [id, answer] of waiting) answer({ id, failure: { reason, message } });
  };

  /** A sync that does not return holds the thread up: it cannot be ended, and the process would not end before it. */
  const abandon = (): void => {
    const abandoned = worker;
    if (abandoned === undefined) return;
    const kill = (): void => void process.kill(process.pid, 'SIGKILL');
    process.once('exit', kill);
    abandoned.once('exit', () => process.off('exit', kill));
    void abandoned.terminate();
    abandoned.unref();
    fail('sync-failed', 'The disk did not answer.');
  };

  const start = (): Worker => {
    const made = new Worker(source(), {
      eval: true,
      workerData: settings,
      name: 'greengrass-rx outbox',
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    made.on('message', (answers: readonly WorkerAnswer[]) => {
      for (const answer of answers) {
        const told = asked.get(answer.id);
        asked.delete(answer.id);
        told?.(answer);
      }
      // A worker that nobody waits for must not keep the process.
      if (asked.size === 0 && worker === made) made.unref();
    });
    made.on('error', error => {
      if (worker === made) fail('unusable', String(error));
    });
    made.on('exit', code => {
      if (worker === made) fail('unusable', `The outbox' worker ended with ${code}.`);
    });
    return made;
  };

  const ask = <O extends WorkerRequest['op'], R>(
    request: Extract<Asked, { readonly op: O }>,
    transfer: readonly ArrayBuffer[],
    read: (result: WorkerResults[O], news: StoreNews) => R,
  ): ObservableEither<OutboxUnavailable<'message'>, R> =>
    new Observable(destination => {
      const id = ++ids;
      if (closed && request.op !== 'close') {
        destination.next(left(new OutboxUnavailable('message', settings.path, 'closed')));
        destination.complete();
        return;
      }
      worker ??= start();
      worker.ref();
      asked.set(id, answer => {
        // The answer to this very request.
        if (answer.failure === undefined) destination.next(right(read(answer.result as WorkerResults[O], answer)));
        else
          destination.next(left(new OutboxUnavailable('message', settings.path, answer.failure.reason, new Error(answer.failure.message))));
        destination.complete();
      });
      worker.postMessage({ ...request, id }, transfer);
    });

  return {
    open: now =>
      ask<'open', Opened>({ op: 'open', now, epoch: newEpoch() }, [], (result, { depth, counts }) => ({ ...result, depth, counts })),
    put: (records, now) => {
      const packed = pack(records);
      return ask<'put', Put>(
        { op: 'put', records: packed, now },
        [packed.payloads.buffer as ArrayBuffer, packed.numbers.buffer as ArrayBuffer],
        (result, { depth, counts }) => ({ ...result, depth, counts }),
      );
    },
    take: (take, now) =>
      ask<'take', Taken>({ op: 'take', take, now }, [], ({ records, ...found }, { depth, counts }) => ({
        records: unpack(records),
        ...found,
        depth,
        counts,
      })),
    settle: (fates, now) => ask<'settle', StoreNews>({ op: 'settle', fates, now }, [], (_, { depth, counts }) => ({ depth, counts })),
    close: () =>
      new Observable(destination => {
        closed = true;
        if (worker === undefined) {
          destination.next(right(undefined));
          destination.complete();
          return undefined;
        }
        ask<'close', undefined>({ op: 'close' }, [], () => undefined).subscribe({
          complete: () => {
            const ended = worker;
            worker = undefined;
            void (ended?.terminate() ?? Promise.resolve()).then(() => {
              destination.next(right(undefined));
              destination.complete();
            });
          },
        });
        return abandon;
      }),
  };
}

/** The folder of a file, where folders can be synced. Windows has no such thing: its file system has a log of its own for names. */
export function syncedFolder(path: string, platform: NodeJS.Platform = process.platform): string | undefined {
  return platform === 'win32' ? undefined : dirname(path);
}

/** Linux gives each run of the machine an id. Elsewhere an end of the machine is not told from one of the process. */
function thisBoot(): number {
  try {
    return parseInt(readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8), 16) >>> 1;
  } catch {
    return 0;
  }
}

function pack(records: readonly RecordToStore[]): PackedRecords {
  const payloads = new Uint8Array(records.reduce((sum, { payload }) => sum + payload.length, 0));
  const numbers = new Float64Array(records.length * 5);
  const texts: string[] = [];
  let offset = 0;
  let at = 0;
  for (const { stream, key, topicName, members, priority, storedAt, expiresIn, qos, payload } of records) {
    texts.push(stream, key, topicName, members);
    numbers[at++] = priority;
    numbers[at++] = storedAt;
    numbers[at++] = expiresIn ?? Number.NaN;
    numbers[at++] = qos === '1' ? 1 : 0;
    numbers[at++] = payload.length;
    payloads.set(payload, offset);
    offset += payload.length;
  }
  return { messages: records.length, texts, numbers, payloads };
}

function unpack({ messages, texts, numbers, payloads, lost }: PackedStored): readonly StoredRecord[] {
  const records: StoredRecord[] = [];
  let offset = 0;
  for (let i = 0; i < messages; i++) {
    const [epoch = '', stream = '', key = '', topicName = '', members = ''] = texts.slice(i * 5, i * 5 + 5);
    const [place = 0, number = 0, priority = 0, storedAt = 0, qos = 0, attempts = 0, suspect = 0, length = 0] = numbers.subarray(
      i * 8,
      i * 8 + 8,
    );
    const ends = lost[i] ?? [];
    const ranges = Array.from({ length: ends.length / 2 }, (_, r) => ({ first: ends[r * 2] ?? 0, last: ends[r * 2 + 1] ?? 0 }));
    records.push({
      epoch,
      stream,
      key,
      topicName,
      members,
      place,
      number,
      priority,
      storedAt,
      qos: qos === 1 ? '1' : '0',
      attempts,
      suspect: suspect === 1,
      payload: payloads.subarray(offset, offset + length),
      lost: ranges,
    });
    offset += length;
  }
  return records;
}
