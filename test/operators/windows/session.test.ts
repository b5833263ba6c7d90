import { from } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { count, type EventTime, session, type SessionOptions } from '../../../src/operators/index.js';
import { watched } from '../../kit/time/virtual.js';
import { arriving, described, type Reading, readings } from './described.js';

const options: SessionOptions<Reading, number, string> = { gap: 10, key: reading => reading.key, aggregate: count() };
const seen = (
  text: string,
  time: Partial<EventTime<Reading>> = {},
  more: Partial<SessionOptions<Reading, number, string>> = {},
): string[] => {
  const all: string[] = [];
  from(readings(text))
    .pipe(session({ ...options, ...more, onGap: 'keep', gap$: undefined, time: { timestamp: reading => reading.at, ...time } }))
    .subscribe(element => all.push(described(element)));
  return all;
};

describe('session, in processing time', () => {
  it('ends when nothing of the key came for the gap; a value at that very moment begins another', () => {
    expect(watched(() => arriving('a@1 b@2 a@10 a@20 a@25').pipe(session(options)), described)).toEqual([
      '12 b [2, 2) 1 time',
      '20 a [1, 10) 2 time',
      '35 a [20, 25) 2 time',
    ]);
  });

  it('ends at completion, with what there is', () => {
    expect(watched(() => arriving('a@1 b@3', { completes: true }).pipe(session(options)), described)).toEqual([
      '3 a [1, 1) 1 completion',
      '3 b [3, 3) 1 completion',
      '3 complete',
    ]);
  });

  it('does not go on over a gap that resets', () => {
    const gap$ = arriving('g@4');
    expect(watched(() => arriving('a@1 a@6').pipe(session({ ...options, onGap: 'reset', gap$ })), described)).toEqual([
      '4 a [1, 1) 1 gap gaps 1',
      '16 a [6, 6) 1 time gaps 1',
    ]);
  });
});

describe('session, in event time', () => {
  it('ends when the watermark has passed the gap after its last value', () => {
    expect(seen('a@1 a@10 b@19 b@20 a@40')).toEqual(['a [1, 10) 2 time', 'b [19, 20) 2 time', 'a [40, 40) 1 completion']);
  });

  it('ends one that began before another of the same key, though it came later, in its own time', () => {
    expect(seen('a@50 a@20 a@75 b@1', { outOfOrder: 40 }).slice(0, 1)).toEqual(['a [20, 20) 1 time']);
  });

  it('becomes one of two by a value between them', () => {
    expect(seen('a@1 a@18 a@9 b@60', { outOfOrder: 20 })).toEqual(['a [1, 18) 3 time', 'b [60, 60) 1 completion']);
  });

  it('tells of data that is late', () => {
    expect(seen('a@1 a@30 a@15 a@21')).toEqual(['a [1, 1) 1 time', 'LateData a@15', 'a [21, 30) 2 completion']);
  });

  it('is corrected by what is late within the lateness, and may go on by it', () => {
    expect(seen('a@1 b@14 a@3 a@8 b@18 b@22', { lateness: 20 })).toEqual([
      'a [1, 1) 1 time',
      'a [1, 3) 2 late revision 1',
      'a [1, 8) 3 late revision 2',
      'b [14, 22) 3 completion',
    ]);
  });

  it('forgets a session when its lateness is over', () => {
    expect(seen('a@1 b@15 b@21 a@2', { lateness: 5 })).toEqual(['a [1, 1) 1 time', 'LateData a@2', 'b [15, 21) 2 completion']);
  });

  it('emits what is open of a key that is evicted', () => {
    expect(seen('a@1 b@2 a@3', {}, { maxKeys: 1, onEvict: () => undefined })).toEqual([
      'a [1, 1) 1 eviction',
      'b [2, 2) 1 eviction',
      'a [3, 3) 1 completion',
    ]);
  });
});

it('session refuses a gap that is none', () => expect(() => session({ ...options, gap: 0 })).toThrow(RangeError));
