import { describe, expect, it } from 'vitest';
import type { Fate, Store, StoredRecord } from '../../src/outbox/store.js';
import { ALL, at } from './samples.js';
import { answered, record, STORES } from './stores.js';

const texts = (records: readonly StoredRecord[]): string[] => records.map(({ payload }) => Buffer.from(payload).toString());

describe.each(STORES)('a store $name', ({ begin }) => {
  const make = (settings?: Parameters<typeof begin>[0]): Store => begin(settings).store;

  it('hands out what was put in, member for member, in its order', async () => {
    const store = make();
    await answered(store.open(at(0)));
    const full = record('second', {
      stream: 's',
      key: 'k',
      priority: 0,
      topicName: 'täg/°',
      qos: '0',
      payload: Uint8Array.from([0, 255, 128]),
      members: '{"retain":true}',
    });
    const put = await answered(store.put([record('first'), full], at(5)));
    expect(put).toMatchObject({ taken: 2, numbers: [1, 1], dropped: 0, counts: { stored: 2, inside: 2 } });
    const { records } = await answered(store.take(ALL, at(6)));
    expect(texts(records.slice(0, 1))).toEqual(['first']);
    const [, second] = records;
    expect(second).toMatchObject({
      stream: 's',
      key: 'k',
      topicName: 'täg/°',
      qos: '0',
      members: '{"retain":true}',
      number: 1,
      attempts: 0,
      lost: [],
    });
    expect([...(second?.payload ?? [])]).toEqual([0, 255, 128]);
  });

  it('keeps a message whose key and stream were cut in the middle of a character, over an end of the process too', async () => {
    const begun = begin();
    await answered(begun.store.open(at(0)));
    await answered(begun.store.put([record('kept', { key: 'Zähler \ud83d', stream: 'Werk \ud83c' })], at(0)));
    const { store } = begun.restart();
    const opened = await answered(store.open(at(1)));
    const taken = await answered(store.take(ALL, at(1)));
    expect([opened.movedTo, opened.lostToDamage, taken.damaged, texts(taken.records)]).toEqual([undefined, 0, 0, ['kept']]);
    expect(await answered(store.put([record('next', { stream: 'Werk \ud83c' })], at(1)))).toMatchObject({ numbers: [2] });
  });

  it('numbers each stream by itself, without gaps', async () => {
    const store = make();
    await answered(store.open(at(0)));
    const put = await answered(
      store.put(
        ['x', 'y', 'x', 'x', 'y'].map(stream => record('', { stream })),
        at(0),
      ),
    );
    expect(put.numbers).toEqual([1, 1, 2, 3, 2]);
  });

  it('counts bytes of topics and payloads, whatever letters a topic has, and none when nothing is inside', async () => {
    const store = make();
    await answered(store.open(at(0)));
    const put = await answered(store.put([record('abc', { topicName: 'täg/°€' })], at(0)));
    expect(put.depth.bytes).toBe(13);
    const [taken] = (await answered(store.take(ALL, at(0)))).records;
    const settled = await answered(store.settle([{ place: taken?.place ?? 0, fate: 'forwarded' }], at(0)));
    expect(settled.depth).toMatchObject({ messages: 0, bytes: 0 });
  });

  it('hands a message out once, again when it is given back, and counts the attempts', async () => {
    const store = make();
    await answered(store.open(at(0)));
    await answered(store.put([record('a'), record('b'), record('c')], at(0)));
    const first = await answered(store.take({ ...ALL, messages: 2 }, at(0)));
    expect(texts(first.records)).toEqual(['a', 'b']);
    expect(texts((await answered(store.take(ALL, at(0)))).records)).toEqual(['c']);
    const [a, b] = first.records;
    await answered(
      store.settle(
        [
          { place: a?.place ?? 0, fate: 'released' },
          { place: b?.place ?? 0, fate: 'handedBack' },
        ],
        at(0),
      ),
    );
    expect((await answered(store.take(ALL, at(0)))).records.map(({ attempts }) => attempts)).toEqual([1, 0]);
  });

  it('forgets what was forwarded, and what it counts adds up', async () => {
    const store = make();
    await answered(store.open(at(0)));
    await answered(store.put([record('a'), record('bb'), record('c', { expiresIn: 10 }), record('d')], at(0)));
    const { records } = await answered(store.take({ ...ALL, messages: 2 }, at(0)));
    const [a, b] = records.map(({ place }) => place);
    await answered(
      store.settle(
        [
          { place: a ?? 0, fate: 'forwarded' },
          { place: b ?? 0, fate: 'setAside', reason: 'refused' },
        ],
        at(1),
      ),
    );
    const later = await answered(store.take(ALL, at(10)));
    expect(texts(later.records)).toEqual(['d']);
    expect(later.expired).toBe(1);
    expect(later.counts).toEqual({ stored: 4, forwarded: 1, expired: 1, dropped: 0, setAside: 1, damaged: 0, inside: 1 });
    expect(later.depth).toMatchObject({ messages: 1, bytes: 2 });
  });

  it('takes the more urgent first, and among equals the older', async () => {
    const store = make();
    await answered(store.open(at(0)));
    const priorities = [0, 5, -1, 5, 0.5, 0];
    await answered(
      store.put(
        priorities.map((priority, i) => record(String(i), { priority })),
        at(0),
      ),
    );
    expect(texts((await answered(store.take(ALL, at(0)))).records)).toEqual(['1', '3', '4', '0', '5', '2']);
  });

  it('takes from a range of places, and no more than was asked for', async () => {
    const store = make();
    await answered(store.open(at(0)));
    const { place } = await answered(
      store.put(
        ['a', 'b', 'c', 'd'].map(text => record(text)),
        at(0),
      ),
    );
    expect(texts((await answered(store.take({ ...ALL, from: place + 1, before: place + 3 }, at(0)))).records)).toEqual(['b', 'c']);
    expect(texts((await answered(store.take({ ...ALL, bytes: 1 }, at(0)))).records)).toEqual(['a']);
  });

  it('tells with the next message of a stream which numbers will never come, until that one is forwarded', async () => {
    const store = make();
    await answered(store.open(at(0)));
    const given = ['a', 'b', 'c', 'd', 'e'].map((text, i) => record(text, i === 1 || i === 2 ? { expiresIn: 10 } : {}));
    await answered(store.put(given, at(0)));
    const [a] = (await answered(store.take({ ...ALL, messages: 1 }, at(0)))).records;
    expect(a?.lost).toEqual([]);
    const next = (await answered(store.take({ ...ALL, messages: 1 }, at(10)))).records;
    expect(next.map(({ number, lost }) => ({ number, lost }))).toEqual([{ number: 4, lost: [{ first: 2, last: 3 }] }]);
    await answered(store.settle([{ place: next[0]?.place ?? 0, fate: 'forwarded' }], at(10)));
    expect((await answered(store.take({ ...ALL, messages: 1 }, at(10)))).records.map(({ lost }) => lost)).toEqual([[]]);
  });

  it('does not forget a loss that came after what was told, or that belongs to a later message', async () => {
    const store = make();
    await answered(store.open(at(0)));
    const given = ['a', 'b', 'c', 'd', 'e', 'f'].map((text, i) =>
      record(text, { expiresIn: i === 0 ? 10 : i === 1 ? 20 : undefined, priority: i === 2 ? 1 : 0 }),
    );
    await answered(store.put(given, at(0)));
    // The third goes first and tells of no loss; at 10 the first expires, and the fourth, having a high place, is not reached yet.
    const [third] = (await answered(store.take({ ...ALL, messages: 1 }, at(0)))).records;
    const [second] = (await answered(store.take({ ...ALL, messages: 1 }, at(10)))).records;
    expect([third, second].map(found => found?.lost)).toEqual([[], [{ first: 1, last: 1 }]]);
    // The second is given up after its loss was told with it; it is a loss that follows on that one.
    await answered(store.settle([{ place: second?.place ?? 0, fate: 'setAside', reason: 'odd' }], at(10)));
    const [fourth] = (await answered(store.take({ ...ALL, messages: 1 }, at(10)))).records;
    expect(fourth?.lost).toEqual([
      { first: 1, last: 1 },
      { first: 2, last: 2 },
    ]);
    await answered(store.settle([{ place: fourth?.place ?? 0, fate: 'forwarded' }], at(10)));
    expect((await answered(store.take({ ...ALL, messages: 1 }, at(10)))).records.map(({ lost }) => lost)).toEqual([[]]);
  });

  it('lets the oldest give way when it is full, and counts them', async () => {
    const store = make({ maxBytes: 1 << 20 });
    await answered(store.open(at(0)));
    let dropped = 0;
    for (let i = 0; i < 40; i++)
      ({ dropped } = addTo(dropped, await answered(store.put([record('x'.repeat(50_000), { stream: String(i % 2) })], at(i)))));
    const { records, counts } = await answered(store.take({ ...ALL, messages: 1 }, at(40)));
    expect(dropped).toBeGreaterThan(10);
    expect(counts).toMatchObject({ stored: 40, dropped, inside: 40 - dropped });
    expect(records.map(({ place }) => place)).toEqual([dropped + 1]);
  });

  it('refuses what does not fit, where nothing gives way', async () => {
    const store = make({ maxBytes: 1 << 20, onFull: 'refuse' });
    await answered(store.open(at(0)));
    const put = await answered(
      store.put(
        Array.from({ length: 40 }, () => record('x'.repeat(50_000))),
        at(0),
      ),
    );
    expect(put.taken).toBeGreaterThan(5);
    expect(put.taken).toBeLessThan(40);
    expect(put.counts).toMatchObject({ stored: put.taken, inside: put.taken, dropped: 0 });
  });

  it('keeps the latest of each key, where there is room for one of each', async () => {
    const store = make({ maxBytes: 1 << 20, onFull: 'latestPerKey' });
    await answered(store.open(at(0)));
    for (let i = 0; i < 60; i++) await answered(store.put([record('x'.repeat(40_000), { key: `k${i % 6}` })], at(i)));
    const { records } = await answered(store.take(ALL, at(60)));
    expect(new Set(records.map(({ key }) => key)).size).toBe(6);
    for (const key of ['k0', 'k1', 'k2', 'k3', 'k4', 'k5'])
      expect(records.filter(found => found.key === key).at(-1)?.place).toBe(54 + Number(key.slice(1)) + 1);
  });

  it('forgets what is older than it keeps anything', async () => {
    const store = make({ maxAge: 100 });
    await answered(store.open(at(0)));
    await answered(store.put([record('old')], at(0)));
    await answered(store.put([record('new')], at(60)));
    const { records, expired } = await answered(store.take(ALL, at(100)));
    expect([texts(records), expired]).toEqual([['new'], 1]);
  });

  it('has after an end of the process what it had told, hands out again what it had handed out, and goes on numbering and counting', async () => {
    const first = begin();
    const opened = await answered(first.store.open(at(0)));
    await answered(
      first.store.put(
        ['a', 'b', 'c', 'd', 'e'].map(text => record(text)),
        at(1),
      ),
    );
    const [a, b, c] = (await answered(first.store.take({ ...ALL, messages: 3 }, at(2)))).records;
    await answered(
      first.store.settle(
        [
          { place: a?.place ?? 0, fate: 'forwarded' },
          { place: b?.place ?? 0, fate: 'sent' },
          { place: c?.place ?? 0, fate: 'sending' },
        ],
        at(3),
      ),
    );
    await answered(first.store.take({ ...ALL, messages: 1 }, at(4)));
    const { store } = first.restart();
    const reopened = await answered(store.open(at(5)));
    expect(reopened).toMatchObject({
      epoch: opened.epoch,
      lostToDamage: 0,
      nextPlace: 6,
      age: 4,
      counts: { stored: 5, forwarded: 1, inside: 4 },
    });
    const { records } = await answered(store.take(ALL, at(5)));
    expect(records.map(({ payload, attempts, suspect }) => [Buffer.from(payload).toString(), attempts, suspect])).toEqual([
      // Sent, and not confirmed; on its way alone; handed out, which may be what ended the process, too; not touched.
      ['b', 1, false],
      ['c', 1, true],
      ['d', 1, true],
      ['e', 0, false],
    ]);
    expect((await answered(store.put([record('f')], at(6)))).numbers).toEqual([6]);
  });

  it('accounts for all that was ever stored, whatever became of it and however often it was started again', async () => {
    let under = begin({ maxBytes: 1 << 20, maxAge: 5_000 });
    let stored = 0;
    let forwarded = 0;
    for (let start = 0; start < 6; start++) {
      await answered(under.store.open(at(start * 1_000)));
      const put = await answered(
        under.store.put(
          Array.from({ length: 12 }, (_, i) => record('x'.repeat(i % 3 === 0 ? 80_000 : 10), i === 5 ? { expiresIn: 500 } : {})),
          at(start * 1_000),
        ),
      );
      stored += put.taken;
      const { records } = await answered(under.store.take({ ...ALL, messages: 4 }, at(start * 1_000 + 600)));
      const { counts } = await answered(
        under.store.settle(
          records.slice(0, 3).map(({ place }, i) => ({ place, fate: i === 2 ? 'setAside' : 'forwarded' })),
          at(start * 1_000 + 600),
        ),
      );
      forwarded += Math.min(2, records.length);
      const { expired, dropped, setAside, damaged, inside } = counts;
      expect(counts).toMatchObject({ stored, forwarded, damaged: 0 });
      expect(stored).toBe(forwarded + expired + dropped + setAside + damaged + inside);
      under = under.restart();
    }
    const { counts } = await answered(under.store.open(at(6_000)));
    expect(counts.stored).toBe(stored);
    expect([counts.expired, counts.dropped, counts.setAside].every(count => count > 0)).toBe(true);
  });

  it('sets aside what was sent alone when the process ended, at the second time', async () => {
    let under = begin();
    await answered(under.store.open(at(0)));
    await answered(under.store.put([record('poison'), record('good')], at(0)));
    for (let time = 0; time < 2; time++) {
      const { records } = await answered(under.store.take(ALL, at(0)));
      expect(texts(records)).toEqual(['poison', 'good']);
      const [poison, good] = records;
      await answered(
        under.store.settle(
          [
            { place: good?.place ?? 0, fate: 'handedBack' },
            { place: poison?.place ?? 0, fate: 'sending' },
          ],
          at(0),
        ),
      );
      under = under.restart();
      await answered(under.store.open(at(0)));
    }
    const { records, setAside, counts } = await answered(under.store.take(ALL, at(0)));
    expect([texts(records), setAside, counts.setAside]).toEqual([['good'], 1, 1]);
  });

  /** A message is stored and, for so many starts, handed out and done something with. Gives what is handed out at the last. */
  const startedAgain = async (
    starts: number,
    meanwhile: (store: Store, record: StoredRecord, start: number) => Promise<void>,
    why?: 'power cut',
  ) => {
    let under = begin();
    await answered(under.store.open(at(0)));
    await answered(under.store.put([record('patient')], at(0)));
    for (let start = 0; start < starts; start++) {
      const [first] = (await answered(under.store.take(ALL, at(0)))).records;
      if (first !== undefined) await meanwhile(under.store, first, start);
      under = under.restart(why);
      await answered(under.store.open(at(0)));
    }
    return texts((await answered(under.store.take(ALL, at(0)))).records);
  };

  const settled = async (store: Store, place: number, ...fates: readonly Fate['fate'][]): Promise<void> => {
    for (const fate of fates) await answered(store.settle([{ place, fate }], at(0)));
  };

  it('sends again, however often the process ends, what was refused when it was sent alone', async () => {
    const last = await startedAgain(5, async (store, { place, attempts, suspect }, start) => {
      expect([attempts, suspect]).toEqual([start, start > 0]);
      await settled(store, place, 'sending');
      // Each second end is one while it is sent, of which two in a row would be held against it.
      if (start % 2 === 0) await settled(store, place, 'survived');
    });
    expect(last).toEqual(['patient']);
  });

  it('sends again, however often the machine goes down, what was being sent alone at that moment', async () => {
    expect(await startedAgain(4, (store, { place }) => settled(store, place, 'sending'), 'power cut')).toEqual(['patient']);
  });

  it('forgets an end of the process at which a message was sent alone, when that has been survived', async () => {
    const last = await startedAgain(4, async (store, { place }, start) => {
      await settled(store, place, 'sending', start % 2 === 0 ? 'released' : 'survived');
      if (start % 2 === 0) await answered(store.take(ALL, at(0)));
      await settled(store, place, 'sending');
    });
    expect(last).toEqual(['patient']);
  });

  it('does not drop what has been handed out', async () => {
    const store = make({ maxBytes: 1 << 20 });
    await answered(store.open(at(0)));
    await answered(store.put([record('first')], at(0)));
    const [first] = (await answered(store.take(ALL, at(0)))).records;
    for (let i = 0; i < 40; i++) await answered(store.put([record('x'.repeat(50_000))], at(i)));
    const { counts } = await answered(store.settle([{ place: first?.place ?? 0, fate: 'forwarded' }], at(40)));
    expect(counts.forwarded).toBe(1);
  });
});

const addTo = (dropped: number, put: { readonly dropped: number }): { readonly dropped: number } => ({ dropped: dropped + put.dropped });
