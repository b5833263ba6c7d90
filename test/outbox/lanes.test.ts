import { left, right } from 'fp-ts/lib/Either.js';
import { asyncScheduler, of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { GroupCommit } from '../../src/outbox/group-commit.js';
import { Lanes } from '../../src/outbox/lanes.js';
import type { Put, RecordToStore, Store, StoredRecord } from '../../src/outbox/store.js';

const stored = (place: number, priority = 0): StoredRecord => ({ place, priority, key: `${place}` }) as unknown as StoredRecord;

describe('what waits when the connection is back', () => {
  it('is in one order, whichever lane it came from', () => {
    const lanes = new Lanes(0.8);
    lanes.backlog.waiting = [stored(2), stored(5)];
    lanes.live.waiting = [stored(1), stored(3, 1), stored(7)];
    lanes.split(6);
    expect(lanes.backlog.waiting.map(({ place }) => place)).toEqual([3, 1, 2, 5]);
    expect(lanes.live.waiting.map(({ place }) => place)).toEqual([7]);
  });
});

describe('a commit', () => {
  const record = (bytes: number): RecordToStore => ({ payload: new Uint8Array(bytes) }) as RecordToStore;
  /** Commits what is given, and says how many each commit had, and what was told of each message. */
  const commits = (sizes: readonly number[], flush: boolean): { readonly groups: number[]; readonly told: unknown[] } => {
    const groups: number[] = [];
    const told: unknown[] = [];
    const store = {
      put: (records: readonly RecordToStore[]) => {
        groups.push(records.length);
        const numbers = records.map((_, i) => i + 1);
        return of(right({ taken: records.length - 1, numbers, dropped: 3, droppedBytes: 30 } as unknown as Put));
      },
    } as unknown as Store;
    const commit = new GroupCommit(
      store,
      { messages: 100, within: Infinity },
      () => ({ timeOfDay: 0, age: 0 }),
      asyncScheduler,
      () => undefined,
    );
    for (const bytes of sizes)
      commit.add({ record: record(bytes), isGivenUp: () => false, isLast: () => false, onCommitted: answer => told.push(answer) });
    if (flush) commit.flush();
    return { groups, told };
  };

  it('tells once what gave way for it, and who found no room', () => {
    const { told } = commits([1, 1, 7], true);
    expect(told).toMatchObject([
      right({ number: 1, gaveWay: { messages: 3, bytes: 30 } }),
      right({ number: 2, gaveWay: { messages: 0, bytes: 0 } }),
      left({ _tag: 'Overflowed', messages: 1, bytes: 7 }),
    ]);
  });

  it('begins as soon as a mebibyte waits', () => {
    expect(commits([600_000, 400_000, 48_575], false).groups).toEqual([]);
    expect(commits([600_000, 400_000, 48_576, 1], false).groups).toEqual([3]);
  });
});
