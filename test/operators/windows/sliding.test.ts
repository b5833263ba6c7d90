import { asyncScheduler, concat, from, NEVER } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { count, sliding, type SlidingOptions } from '../../../src/operators/index.js';
import { watched } from '../../kit/time/virtual.js';
import { arriving, described, type Reading, readings } from './described.js';

const options: SlidingOptions<Reading, number, string> = { size: 20, resolution: 10, key: reading => reading.key, aggregate: count() };

describe('sliding', () => {
  it('emits at each value what its key had in the size before, and at completion nothing more', () => {
    expect(watched(() => arriving('a@3 b@5 a@12 a@21 a@99', { completes: true }).pipe(sliding(options)), described)).toEqual([
      '3 a [-10, 3) 1 value',
      '5 b [-10, 5) 1 value',
      '12 a [0, 12) 2 value',
      '21 a [10, 21) 2 value',
      '99 a [80, 99) 1 value',
      '99 complete',
    ]);
  });

  it('is exact to the millisecond where that is asked for', () => {
    expect(watched(() => arriving('a@3 a@22 a@23').pipe(sliding({ ...options, resolution: 1 })), described)).toEqual([
      '3 a [-16, 3) 1 value',
      '22 a [3, 22) 2 value',
      '23 a [4, 23) 2 value',
    ]);
  });

  it('has as many as 60 panes if not told otherwise', () => {
    const starts: unknown[] = [];
    from(readings('a@3599999'))
      .pipe(sliding({ size: 3_600_000, key: 'single', aggregate: count(), time: { timestamp: r => r.at } }))
      .subscribe(element => starts.push(element));
    expect(starts).toMatchObject([{ right: { start: 0 } }]);
    expect(() => sliding({ size: 997, key: 'single', aggregate: count() })).toThrow('needs a resolution');
    expect(() => sliding({ ...options, resolution: 3 })).toThrow('resolution must divide size, 20, and is 3');
  });

  it('forgets a key when nothing came for its size, with one timer, and then has none', () => {
    let timers = 0;
    const scheduler = {
      now: () => asyncScheduler.now(),
      schedule: ((...args: Parameters<typeof asyncScheduler.schedule>) => {
        timers++;
        return asyncScheduler.schedule(...args);
      }) as typeof asyncScheduler.schedule,
    };
    const evicted: string[] = [];
    const bounds = { maxKeys: 1, onEvict: ({ key }: { key: string }) => void evicted.push(key) };
    watched(() => arriving('a@3 a@7 b@500').pipe(sliding({ ...options, ...bounds, scheduler })), described);
    expect(evicted).toEqual([]);
    expect(timers).toBe(2);
  });

  it('goes by the time of each key, counts what is out of order, and tells of what is older than the window', () => {
    const all: string[] = [];
    from(readings('a@25 b@3 a@12 a@9 a@31'))
      .pipe(sliding({ ...options, time: { timestamp: reading => reading.at } }))
      .subscribe(element => all.push(described(element)));
    expect(all).toEqual(['a [10, 25) 1 value', 'b [-10, 3) 1 value', 'a [10, 25) 2 value', 'LateData a@9', 'a [20, 31) 2 value']);
  });

  it('begins anew at a gap that resets', () => {
    const gap$ = concat(arriving('g@5'), NEVER);
    expect(watched(() => arriving('a@3 a@7').pipe(sliding({ ...options, onGap: 'reset', gap$ })), described)).toEqual([
      '3 a [-10, 3) 1 value',
      '7 a [-10, 7) 1 value gaps 1',
    ]);
  });
});
