import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isLeft, type Either } from 'fp-ts/lib/Either.js';
import { firstValueFrom, type Observable } from 'rxjs';
import { onTestFinished } from 'vitest';
import { MemoryFile, memoryStore } from '../../src/outbox/memory-store.js';
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

/** A store, and what of it there is after the process or the power has ended without a word. */
export interface StoreUnderTest {
  readonly store: Store;
  /** `power cut`: the machine went down, too. */
  readonly restart: (why?: 'power cut') => StoreUnderTest;
}

const inMemory = (settings: StoreSettings, file = new MemoryFile()): StoreUnderTest => ({
  store: memoryStore(settings, nextEpoch, file),
  restart: why => {
    if (why === 'power cut') file.cutPower();
    return inMemory(settings, file);
  },
});

const inFile = (settings: StoreSettings, path = join(ownFolder(), 'outbox.sqlite'), boot = 1): StoreUnderTest => {
  const store = sqliteStore({ ...settings, path, boot }, nextEpoch);
  onTestFinished(() => answered(store.close()));
  return {
    store,
    restart: why => {
      // What was told has been synced, so it is in the files as they are.
      const copy = join(ownFolder(), 'outbox.sqlite');
      for (const suffix of ['', '-wal', '-mark']) copyFileSync(path + suffix, copy + suffix);
      return inFile(settings, copy, why === 'power cut' ? boot + 1 : boot);
    },
  };
};

/** The stores there are, each as a function that opens an empty one. */
export const STORES: readonly { readonly name: string; readonly begin: (settings?: Partial<StoreSettings>) => StoreUnderTest }[] = [
  { name: 'in memory', begin: settings => inMemory({ ...SETTINGS, ...settings }) },
  { name: 'in a file', begin: settings => inFile({ ...SETTINGS, ...settings }) },
];
