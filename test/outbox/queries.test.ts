import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../src/outbox/sqlite/database.js';
import type { Fate } from '../../src/outbox/store.js';
import { InProcess } from './in-process.js';
import { at } from './samples.js';
import { ownFolder } from './stores.js';

/** What SQLite does for each statement of a store at work: `statement: step`. */
const steps = async (priorities: readonly number[], onFull: 'dropOldest' | 'latestPerKey'): Promise<readonly string[]> => {
  const statements = new Set<string>();
  let database: Database | undefined;
  const store = new InProcess(
    join(ownFolder(), 'outbox.sqlite'),
    { maxBytes: 1 << 20, maxAge: 1_000_000, onFull },
    {
      openDatabase: (...given) => {
        const tables = openDatabase(...given);
        ({ database } = tables);
        return {
          ...tables,
          statement: sql => {
            if (/^(SELECT|UPDATE|DELETE)/.test(sql.trim())) statements.add(sql);
            return tables.statement(sql);
          },
        };
      },
    },
  );
  await store.open('epoch');
  // What opening asks for may look at everything: once.
  statements.clear();
  for (let i = 0; i < 40; i++)
    for (const priority of priorities) await store.put([`${i} ${'x'.repeat(20_000)}`], at(i), { topicName: `t${i % 3}`, priority });
  const { places } = await store.takeAll(at(100));
  const fates: readonly Fate['fate'][] = ['sent', 'sending', 'survived', 'released', 'handedBack', 'setAside', 'forwarded'];
  await store.settle(
    places.map((place, i) => ({ place, fate: fates[i % fates.length] ?? 'forwarded' })),
    at(101),
  );
  await store.takeAll(at(102));
  const found = [...statements].flatMap(sql =>
    (database?.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...Array.from({ length: sql.split('?').length - 1 }, () => 1)) ?? []).map(
      ({ detail }) => `${sql.replace(/\s+/g, ' ')}: ${String(detail)}`,
    ),
  );
  await store.close();
  return found;
};

describe('a store at work', () => {
  it.each([
    [[0], 'dropOldest'],
    [[0, 2, -1], 'dropOldest'],
    [[0, 2, -1], 'latestPerKey'],
  ] as const)('looks at no more messages than it needs, with a million as with one: priorities %j, %s', async (priorities, onFull) => {
    const found = await steps(priorities, onFull);
    expect(found.length).toBeGreaterThan(20);
    // To sort, all have to be looked at first.
    expect(found.filter(step => step.includes('USE TEMP B-TREE'))).toEqual([]);
    // But for those that end at the first they find, and for what was set aside, of which there are no more than a thousand.
    const scans = found.filter(step => /: SCAN (message|newer|claim|attempt|loss)\b/.test(step));
    expect(scans.filter(step => !step.includes('LIMIT 1: SCAN'))).toEqual([]);
  });
});
