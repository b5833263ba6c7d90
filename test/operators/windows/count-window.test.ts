import { from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { count, countWindow, type CountWindowOptions, max } from '../../../src/operators/index.js';
import { watched } from '../../kit/time/virtual.js';
import { arriving, described, type Reading, readings } from './described.js';

const options: CountWindowOptions<Reading, number, string> = { count: 2, key: reading => reading.key, aggregate: count() };

describe('countWindow', () => {
  it('emits with each second value of a key, and the rest at completion', () => {
    expect(watched(() => arriving('a@1 b@2 a@3 a@4 b@5', { completes: true }).pipe(countWindow(options)), described)).toEqual([
      '3 a [1, 3) 2 count',
      '5 b [2, 5) 2 count',
      '5 a [4, 4) 1 completion',
      '5 complete',
    ]);
  });

  it('emits the last so many after each so many', () => {
    const all: string[] = [];
    from(readings('a@1=9 a@2=1 a@3=2 a@4=3 a@5=1'))
      .pipe(countWindow({ ...options, count: 3, every: 1, aggregate: max(r => r.value), time: { timestamp: r => r.at } }))
      .subscribe(element => all.push(described(element)));
    expect(all).toEqual(['a [1, 3) 9 of 3 count', 'a [2, 4) 3 count', 'a [3, 5) 3 count']);
  });

  it('emits what there is of a key that is evicted, by ttl or for want of room', () => {
    const evicting = { onEvict: () => undefined };
    expect(watched(() => arriving('a@1 b@9').pipe(countWindow({ ...options, ...evicting, ttl: 20 })), described)).toEqual([
      '21 a [1, 1) 1 eviction',
      '29 b [9, 9) 1 eviction',
    ]);
    expect(watched(() => arriving('a@1 b@9 b@10').pipe(countWindow({ ...options, ...evicting, maxKeys: 1 })), described)).toEqual([
      '9 a [1, 1) 1 eviction',
      '10 b [9, 10) 2 count',
    ]);
  });

  it('refuses numbers that are none', () => {
    expect(() => countWindow({ ...options, count: 0 })).toThrow('count must be a whole number from 1 on, and is 0.');
    expect(() => countWindow({ ...options, every: 3 })).toThrow('every must be a whole number from 1 to 2, and is 3.');
  });
});
