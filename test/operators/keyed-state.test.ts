import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import fc from 'fast-check';
import { asyncScheduler } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type EvictedKey, type KeyBounds, KeyedState } from '../../src/operators/keyed-state.js';

const fail = (error: unknown): void => {
  throw error;
};

const watchedStates = (bounds: KeyBounds): { readonly states: KeyedState<string>; readonly evicted: string[] } => {
  const evicted: string[] = [];
  const states = new KeyedState<string>(
    { onEvict: ({ key, reason }) => evicted.push(`${key} by ${reason}`), ...bounds },
    { operator: 'test', fail },
  );
  return { states, evicted };
};

const inVirtualTime = (body: (at: (milliseconds: number, work: () => void) => void) => void): void => {
  new TestScheduler(() => undefined).run(({ flush }) => {
    body((milliseconds, work) => asyncScheduler.schedule(work, milliseconds));
    flush();
  });
};

afterEach(() => {
  vi.restoreAllMocks();
});

describe('KeyedState', () => {
  it('evicts the least recently used key for one too many, and says so', () => {
    const { states, evicted } = watchedStates({ maxKeys: 2 });
    states.set('a', 'A');
    states.set('b', 'B');
    expect(states.get('a')).toBe('A');
    states.set('c', 'C');
    expect([states.get('b'), evicted]).toEqual([undefined, ['b by maxKeys']]);
    expect(states.entries()).toEqual([
      ['a', 'A'],
      ['c', 'C'],
    ]);
  });

  it('a peek does not count as use, nor does a delete as an eviction', () => {
    const { states, evicted } = watchedStates({ maxKeys: 2 });
    states.set('a', 'A');
    states.set('b', 'B');
    expect(states.peek('a')).toBe('A');
    states.set('c', 'C');
    states.delete('b');
    expect([states.size, evicted]).toEqual([1, ['a by maxKeys']]);
  });

  it('evicts a key after its ttl, without being asked for it', () => {
    inVirtualTime(at => {
      const { states, evicted } = watchedStates({ ttl: 10 });
      states.set('a', 'A');
      at(4, () => states.set('b', 'B'));
      at(6, () => states.get('a'));
      at(13, () => expect([states.size, evicted]).toEqual([2, []]));
      at(15, () => expect([states.size, evicted]).toEqual([1, ['b by ttl']]));
      at(15, () => expect(states.peek('a')).toBe('A'));
      at(17, () => expect([states.size, evicted]).toEqual([0, ['b by ttl', 'a by ttl']]));
      at(18, () => states.set('a', 'again'));
      at(27, () => expect(states.peek('a')).toBe('again'));
      at(28, () => expect(states.peek('a')).toBe(undefined));
    });
  });

  it('has one timer for all keys, and none when it is empty', () => {
    inVirtualTime(at => {
      const scheduled = vi.spyOn(asyncScheduler, 'schedule');
      const { states } = watchedStates({ ttl: 10 });
      for (let i = 0; i < 1_000; i++) states.set(String(i), '');
      expect(scheduled).toHaveBeenCalledTimes(1);
      at(20, () => {
        expect(states.size).toBe(0);
        expect(scheduled).toHaveBeenCalledTimes(2);
      });
    });
  });

  it('hands the state to its owner, and what a hook throws at a timer to fail', () => {
    const released: string[] = [];
    const states = new KeyedState<string>(
      { maxKeys: 1, onEvict: () => undefined },
      { operator: 'test', fail, evicted: state => released.push(state) },
    );
    states.set('a', 'A');
    states.set('b', 'B');
    expect(released).toEqual(['A']);
    inVirtualTime(at => {
      const failed: unknown[] = [];
      const failing = new KeyedState<string>(
        { ttl: 5, onEvict: () => fail('thrown') },
        { operator: 'test', fail: error => failed.push(error) },
      );
      failing.set('a', 'A');
      at(6, () => expect(failed).toEqual(['thrown']));
    });
  });

  it('tells the diagnostics channel, and stderr where nobody listens; not of what a ttl ends', () => {
    const told: unknown[] = [];
    const listen = (event: unknown): number => told.push(event);
    const stderr = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    subscribe('greengrass-rx:key:evict', listen);
    const states = new KeyedState<string>({ maxKeys: 1 }, { operator: 'tested', fail });
    states.set('a', 'A');
    states.set('b', 'B');
    states.set('c', 'C');
    inVirtualTime(at => {
      const aging = new KeyedState<string>({ ttl: 5 }, { operator: 'aging', fail });
      aging.set('a', 'A');
      at(6, () => expect(aging.size).toBe(0));
    });
    unsubscribe('greengrass-rx:key:evict', listen);
    expect(told).toEqual([
      { key: 'a', reason: 'maxKeys', operator: 'tested' },
      { key: 'b', reason: 'maxKeys', operator: 'tested' },
      { key: 'a', reason: 'ttl', operator: 'aging' },
    ]);
    expect(stderr.mock.calls).toHaveLength(1);
    expect(String(stderr.mock.calls[0]?.[0])).toContain('tested forgot the key "a" because there are more than 1');
  });

  it('forgets a key that is no text as any other, and says which', () => {
    const stderr = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    // What a JavaScript program gives for a key, or one whose messages are not what their types say.
    const keys = [1, null, undefined, { id: 1 }, Symbol('s')] as unknown as readonly string[];
    for (const [index, key] of keys.entries()) {
      const states = new KeyedState<string>({ maxKeys: 1 }, { operator: `of ${index}`, fail });
      states.set(key, 'A');
      states.set('b', 'B');
      expect([states.size, states.get(key)]).toEqual([1, undefined]);
    }
    expect(stderr.mock.calls.map(([line]) => /forgot the key (.*) because/.exec(String(line))?.[1])).toEqual([
      '1',
      'null',
      'nothing',
      '{id}',
      'a symbol',
    ]);
  });

  it('refuses bounds that are none', () => {
    for (const bounds of [{ maxKeys: 0 }, { maxKeys: Number.NaN }, { ttl: 0 }, { ttl: Number.NaN }])
      expect(() => watchedStates(bounds)).toThrow(RangeError);
  });

  it('remembers what a naive least-recently-used list remembers, whatever is done', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const step = fc.oneof(
      fc.record({ what: fc.constant('set' as const), key }),
      fc.record({ what: fc.constantFrom('get' as const, 'peek' as const, 'delete' as const), key }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), (maxKeys, steps) => {
        const gone: EvictedKey[] = [];
        const states = new KeyedState<number>({ maxKeys, onEvict: evicted => gone.push(evicted) }, { operator: 'test', fail });
        let naive: (readonly [string, number])[] = [];
        const naivelyGone: string[] = [];
        steps.forEach(({ what, key }, i) => {
          const known = naive.find(([k]) => k === key);
          if (what === 'set') {
            states.set(key, i);
            naive = [...naive.filter(([k]) => k !== key), [key, i]];
            if (naive.length > maxKeys) naivelyGone.push(naive[0]?.[0] ?? '');
            naive = naive.slice(-maxKeys);
          } else if (what === 'delete') {
            states.delete(key);
            naive = naive.filter(([k]) => k !== key);
          } else {
            expect(states[what](key)).toBe(known?.[1]);
            if (what === 'get' && known !== undefined) naive = [...naive.filter(([k]) => k !== key), known];
          }
          expect(states.entries()).toEqual(naive);
        });
        expect(gone.map(({ key }) => key)).toEqual(naivelyGone);
      }),
    );
  });
});
