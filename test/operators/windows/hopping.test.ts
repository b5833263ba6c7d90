import { from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { count, type EventTime, hopping, type HoppingOptions, max } from '../../../src/operators/index.js';
import { watched } from '../../kit/time/virtual.js';
import { arriving, described, type Reading, readings } from './described.js';

const options: HoppingOptions<Reading, number, string> = { size: 20, hop: 10, key: reading => reading.key, aggregate: count() };
const seen = (text: string, time: Partial<EventTime<Reading>>): string[] => {
  const all: string[] = [];
  from(readings(text))
    .pipe(hopping({ ...options, time: { timestamp: reading => reading.at, ...time } }))
    .subscribe(element => all.push(described(element)));
  return all;
};

describe('hopping', () => {
  it('emits the last size each hop, so long as there is something in it', () => {
    expect(watched(() => arriving('a@13 a@21 b@35').pipe(hopping(options)), described)).toEqual([
      '20 a [0, 20) 1 time',
      '30 a [10, 30) 2 time',
      '40 a [20, 40) 1 time',
      '40 b [20, 40) 1 time',
      '50 b [30, 50) 1 time',
    ]);
  });

  it('has windows that its hop does not divide', () => {
    expect(
      watched(() => arriving('a@3=7 a@11=5 a@14=6').pipe(hopping({ ...options, size: 15, aggregate: max(r => r.value) })), described),
    ).toEqual(['5 a [-10, 5) 7 of 1 time', '15 a [0, 15) 7 of 3 time', '25 a [10, 25) 6 of 2 time']);
  });

  it('emits every window that is open at completion', () => {
    expect(seen('a@13 a@25', {})).toEqual(['a [0, 20) 1 time', 'a [10, 30) 2 completion', 'a [20, 40) 1 completion']);
  });

  it('counts a value in those of its windows that are not over, and only one that is in none is late', () => {
    expect(seen('a@25 a@15 a@5', {})).toEqual(['LateData a@5', 'a [10, 30) 2 completion', 'a [20, 40) 1 completion']);
  });

  it('corrects each window that a late value was in', () => {
    expect(seen('a@5 a@31 a@12', { lateness: 15 })).toEqual([
      'a [-10, 10) 1 time',
      'a [0, 20) 1 time',
      'a [0, 20) 2 late revision 1',
      'a [10, 30) 1 time',
      'a [20, 40) 1 completion',
      'a [30, 50) 1 completion',
    ]);
  });

  it('refuses to leave out what lies between windows', () => {
    expect(() => hopping({ ...options, hop: 21 })).toThrow('hop must be at most size, 20, and is 21');
  });
});
