import fs from 'node:fs';
import { createRequire } from 'node:module';
import zlib from 'node:zlib';
import { failureOf, openDatabase, schema, type Sqlite } from '../../src/outbox/sqlite/database.js';
import { fileState } from '../../src/outbox/sqlite/file-state.js';
import { type MarkFs, openMark } from '../../src/outbox/sqlite/mark-file.js';
import { openFile } from '../../src/outbox/sqlite/open-file.js';
import { putRecords } from '../../src/outbox/sqlite/put-records.js';
import { readRows } from '../../src/outbox/sqlite/read-rows.js';
import { salvage } from '../../src/outbox/sqlite/salvage.js';
import { syncedFolder } from '../../src/outbox/sqlite/sqlite-store.js';
import { storeWorker, type WorkerParts } from '../../src/outbox/sqlite/store-worker.js';
import { takeRecords } from '../../src/outbox/sqlite/take-records.js';
import type { WorkerAnswer, WorkerFailure, WorkerRequest, WorkerResults, WorkerSettings } from '../../src/outbox/sqlite/worker-protocol.js';
import type { Fate, StoreCounts } from '../../src/outbox/store.js';
import { ALL, at, SETTINGS } from './samples.js';

const require = createRequire(import.meta.url);
export const sqlite = (): Sqlite => require('node:sqlite') as Sqlite;

export const crc32 = (zlib as unknown as { readonly crc32: WorkerParts['crc32'] }).crc32;

type Asked = WorkerRequest extends infer R ? (R extends { readonly id: number } ? Omit<R, 'id'> : never) : never;
type Answer<O extends WorkerRequest['op']> = WorkerResults[O] & { readonly counts: StoreCounts };

/** Thrown by {@link InProcess} where the worker tells a failure. */
export class Failed extends Error {
  readonly reason: WorkerFailure['reason'];

  constructor({ reason, message }: WorkerFailure) {
    super(`${reason}: ${message}`);
    this.reason = reason;
  }
}

/** What the worker does, in this process: opening takes a millisecond instead of a thread, and its files and its database can be others. */
export class InProcess {
  private readonly work: (request: WorkerRequest) => void;
  private readonly asked = new Map<number, (answer: WorkerAnswer) => void>();
  private ids = 0;

  constructor(path: string, settings: Partial<WorkerSettings> = {}, parts: Partial<WorkerParts> & { readonly fs?: MarkFs } = {}) {
    this.work = storeWorker({
      post: answers => {
        for (const answer of answers) this.asked.get(answer.id)?.(answer);
      },
      settings: { ...SETTINGS, boot: 0, syncedFolder: syncedFolder(path), ...settings, path },
      fs,
      crc32,
      sqlite,
      openDatabase,
      openMark,
      failureOf,
      openFile,
      fileState,
      schema,
      salvage,
      readRows,
      putRecords,
      takeRecords,
      ...parts,
    });
  }

  open(epoch: string, now = at(0)): Promise<Answer<'open'>> {
    return this.ask<'open'>({ op: 'open', now, epoch });
  }

  /** Stores texts, all to one topic. */
  put(
    texts: readonly string[],
    now = at(0),
    given: {
      readonly topicName?: string;
      readonly key?: string;
      readonly priority?: number;
      readonly members?: string;
      readonly stream?: string;
    } = {},
  ): Promise<Answer<'put'>> {
    const { topicName = 'a', key = topicName, priority = 0, members = '', stream = '' } = given;
    const payloads = texts.map(text => Buffer.from(text));
    const records = {
      messages: texts.length,
      texts: texts.flatMap(() => [stream, key, topicName, members]),
      numbers: Float64Array.from(payloads.flatMap(({ length }) => [priority, now.timeOfDay, Number.NaN, 1, length])),
      payloads: Uint8Array.from(Buffer.concat(payloads)),
    };
    return this.ask<'put'>({ op: 'put', now, records });
  }

  /**
   * Everything that is there, as text, with its id, its place, how often it was handed out before, and the ends of the lost ranges that are
   * told with it.
   */
  async takeAll(now = at(0)): Promise<{
    readonly texts: readonly string[];
    /** Epoch, stream and number: what a receiver tells messages apart by. */
    readonly ids: readonly string[];
    readonly places: readonly number[];
    readonly attempts: readonly number[];
    readonly lost: readonly (readonly number[])[];
    readonly damaged: number;
    readonly counts: StoreCounts;
  }> {
    const texts: string[] = [];
    const ids: string[] = [];
    const places: number[] = [];
    const attempts: number[] = [];
    const lost: (readonly number[])[] = [];
    let damaged = 0;
    for (;;) {
      const { records, counts, ...found } = await this.ask<'take'>({ op: 'take', take: ALL, now });
      damaged += found.damaged;
      if (records.messages === 0) return { texts, ids, places, attempts, lost, damaged, counts };
      lost.push(...records.lost);
      let offset = 0;
      for (let i = 0; i < records.messages; i++) {
        const length = records.numbers[i * 8 + 7] ?? 0;
        texts.push(Buffer.from(records.payloads.subarray(offset, offset + length)).toString());
        ids.push(`${records.texts[i * 5]} ${records.texts[i * 5 + 1]} ${records.numbers[i * 8 + 1]}`);
        places.push(records.numbers[i * 8] ?? 0);
        attempts.push(records.numbers[i * 8 + 5] ?? 0);
        offset += length;
      }
    }
  }

  settle(fates: readonly Fate[], now = at(0)): Promise<Answer<'settle'>> {
    return this.ask<'settle'>({ op: 'settle', fates, now });
  }

  close(): Promise<Answer<'close'>> {
    return this.ask<'close'>({ op: 'close' });
  }

  private ask<O extends WorkerRequest['op']>(request: Extract<Asked, { readonly op: O }>): Promise<Answer<O>> {
    const id = ++this.ids;
    return new Promise((resolve, reject) => {
      this.asked.set(id, answer => {
        this.asked.delete(id);
        if (answer.failure === undefined) resolve({ ...answer.result, counts: answer.counts } as Answer<O>);
        else reject(new Failed(answer.failure));
      });
      this.work({ ...request, id });
    });
  }
}
