import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Either } from 'fp-ts/lib/Either.js';
import { firstValueFrom, type Observable } from 'rxjs';
import { describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import type { OutboxUnavailable } from '../../src/errors/errors.js';
import { sqliteStore } from '../../src/outbox/sqlite/sqlite-store.js';
import type { Store } from '../../src/outbox/store.js';
import { ALL, at, SETTINGS } from './samples.js';
import { answered, nextEpoch, ownFolder, record } from './stores.js';

/** A disk of its own of so many bytes; the test is skipped, and says why, where nobody may mount one. */
const disk = (context: TestContext, bytes: number): string => {
  const folder = ownFolder();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder], { stdio: 'pipe' });
  } catch (error) {
    context.skip(`a disk of its own cannot be mounted here: ${error instanceof Error ? error.message.trim() : String(error)}`);
  }
  onTestFinished(() => void execFileSync('umount', ['-l', folder]));
  return folder;
};

const remount = (folder: string, how: 'ro' | 'rw'): void => void execFileSync('mount', ['-o', `remount,${how}`, folder]);

const storeIn = (folder: string): Store => {
  const store = sqliteStore({ ...SETTINGS, maxBytes: 64 << 20, path: join(folder, 'outbox.sqlite') }, nextEpoch);
  onTestFinished(() => answered(store.close()));
  return store;
};

/** What an answer is: `done`, or the reason why not. */
const how = async (answer$: Observable<Either<OutboxUnavailable<'message'>, unknown>>): Promise<string> => {
  const answer = await firstValueFrom(answer$);
  return answer._tag === 'Right' ? 'done' : answer.left.reason;
};

const large = (nth: number) => [record(`${nth} `.padEnd(20_000, 'x'))];

/** The numbers of the messages that a store hands out. */
const numbersIn = async (store: Store): Promise<readonly number[]> => {
  const numbers: number[] = [];
  for (;;) {
    const { records } = await answered(store.take(ALL, at(0)));
    if (records.length === 0) return numbers;
    numbers.push(...records.map(({ payload }) => Number.parseInt(Buffer.from(payload).toString(), 10)));
  }
};

/** Stores until there is no room, and gives the numbers of what was told as stored. */
const fill = async (store: Store, from: number): Promise<readonly number[]> => {
  const stored: number[] = [];
  for (let nth = from; ; nth++) {
    const answer = await how(store.put(large(nth), at(0)));
    if (answer === 'done') stored.push(nth);
    else {
      expect(answer).toBe('disk-full');
      return stored;
    }
  }
};

describe('on a real disk', () => {
  it('that is full, nothing that was told is lost, all else says so, and it goes on when there is room', async context => {
    const folder = disk(context, 4 << 20);
    const filler = join(folder, 'filler');
    writeFileSync(filler, Buffer.alloc(1 << 20));
    const store = storeIn(folder);
    await answered(store.open(at(0)));
    const stored = [...(await fill(store, 0))];
    expect(stored.length).toBeGreaterThan(20);
    // Again and again, and with what is smaller than a page.
    for (let i = 0; i < 5; i++) expect(await how(store.put(large(-1), at(0)))).toBe('disk-full');
    rmSync(filler);
    const more = await fill(store, stored.length);
    expect(more.length).toBeGreaterThan(5);
    stored.push(...more);
    // Closed while it is full, and opened again with a little room: what was written and not told may be there or not, what was told is.
    await answered(store.close());
    const next = storeIn(folder);
    const reopened = await firstValueFrom(next.open(at(0)));
    expect(reopened).toMatchObject({ _tag: 'Right', right: { lostToDamage: 0, movedTo: undefined } });
    const there = await numbersIn(next);
    expect(there.filter(number => number >= 0)).toEqual(stored);
    expect(existsSync(join(folder, 'outbox.sqlite.damaged'))).toBe(false);
  });

  it('that is full before there is a file, says so, and begins when there is room', async context => {
    const folder = disk(context, 1 << 20);
    const filler = join(folder, 'filler');
    try {
      writeFileSync(filler, Buffer.alloc(2 << 20));
    } catch {
      // That is what full means.
    }
    const store = storeIn(folder);
    expect(await how(store.open(at(0)))).toBe('disk-full');
    rmSync(filler);
    expect(await how(store.open(at(0)))).toBe('done');
    expect(await how(store.put([record('1')], at(0)))).toBe('done');
  });

  it('that is mounted read-only, says so, changes nothing, and has all when it may be written again', async context => {
    const folder = disk(context, 8 << 20);
    const before = storeIn(folder);
    await answered(before.open(at(0)));
    await answered(before.put(large(1), at(0)));
    await answered(before.close());
    const files = readdirSync(folder);
    remount(folder, 'ro');
    const store = storeIn(folder);
    expect(await how(store.open(at(0)))).toBe('read-only');
    expect(readdirSync(folder)).toEqual(files);
    remount(folder, 'rw');
    expect(await how(store.open(at(0)))).toBe('done');
    expect(await numbersIn(store)).toEqual([1]);
  });
});
