import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLeft, type Either } from 'fp-ts/lib/Either.js';
import { firstValueFrom, type Observable } from 'rxjs';
import { onTestFinished } from 'vitest';
import { memoryStore } from '../../src/outbox/memory-store.js';
import { sqliteStore } from '../../src/outbox/sqlite/sqlite-store.js';
import type { RecordToStore, Store, StoreSettings } from '../../src/outbox/store.js';
import { at, SETTINGS } from './samples.js';

/** A folder of the test's own, gone when it has finished. */
export const ownFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'outbox-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

/** The one answer of a store, or the failure as an exception. */
export const answered = async <A>(answer$: Observable<Either<Error, A>>): Promise<A> => {
  const answer = await firstValueFrom(answer$);
  if (isLeft(answer)) throw answer.left;
  return answer.right;
};

let epochs = 0;
/** Epochs that can be told apart. */
export const nextEpoch = (): string => `epoch-${++epochs}`;

/** A message; what is not given is the same for all. */
export const record = (text: string, given: Partial<RecordToStore> = {}): RecordToStore => ({
  stream: '',
  key: given.topicName ?? 'a',
  priority: 0,
  storedAt: at(0).timeOfDay,
  expiresIn: undefined,
  topicName: 'a',
  qos: '1',
  payload: Buffer.from(text),
  members: '',
  ...given,
});

/** The stores there are, each as a function that opens an empty one. */
export const STORES: readonly { readonly name: string; readonly make: (settings?: Partial<StoreSettings>) => Store }[] = [
  { name: 'in memory', make: settings => memoryStore({ ...SETTINGS, ...settings }, nextEpoch) },
  {
    name: 'in a file',
    make: settings => {
      const store = sqliteStore({ ...SETTINGS, ...settings, path: join(ownFolder(), 'outbox.sqlite') }, nextEpoch);
      onTestFinished(() => answered(store.close()));
      return store;
    },
  },
];
