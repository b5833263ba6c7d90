import * as fc from 'fast-check';
import { concat, map, NEVER, type Observable, of, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { dedupe, type Mark, missing, type MissingOptions } from '../../src/outbox/index.js';
import type { MqttMessage } from '../../src/ports/mqtt-proxy.js';
import { watched } from '../kit/time/virtual.js';
import { atTime } from './virtual.js';

const message = (number: number, given: Partial<Mark> = {}): MqttMessage => {
  const { lost = [], ...rest } = given;
  const mark = {
    epoch: 'e',
    stream: '',
    number,
    storedAt: 0,
    attempt: 1,
    replayed: false,
    ...rest,
    lost: lost.map(({ first, last }) => [first, last]),
  };
  return { topicName: 't', payload: Buffer.from(JSON.stringify({ ...mark, payload: number })) };
};

const numberOf = ({ payload }: MqttMessage): number => Number(/"number":(\d+)/.exec(Buffer.from(payload).toString())?.[1]);

/** What is told of messages that come at their milliseconds. */
const told = (messages: readonly (readonly [at: number, message: MqttMessage])[], options: MissingOptions<MqttMessage> = {}): string[] => {
  const messages$ = new Subject<MqttMessage>();
  return watched(
    () => {
      for (const [at, next] of messages) atTime(at, () => messages$.next(next));
      return messages$.pipe(missing({ within: 100, ...options }));
    },
    ({ epoch, stream, first, last, lost }) => `${epoch}${stream} ${first}-${last}${lost ? ' lost' : ''}`,
    10_000,
  );
};

it.each([
  ['dedupe', (mark: () => never): Observable<unknown> => of(message(1)).pipe(dedupe({ mark }))],
  ['missing', (mark: () => never): Observable<unknown> => of(message(1)).pipe(missing({ mark }))],
])('%s has a mark that is a promise for its error', (_name, stream$) => {
  const failures: unknown[] = [];
  stream$(() => Promise.reject(new Error('nobody looks after this')) as never).subscribe({
    error: (error: unknown) => failures.push(String(error)),
  });
  expect(failures).toEqual([expect.stringContaining('mark returned a promise')]);
});

describe('dedupe', () => {
  it('passes each number of each stream and epoch once, in any order, and what has no mark', () => {
    const plain: MqttMessage = { topicName: 't', payload: Buffer.from('{}') };
    const messages = [
      message(1),
      message(3),
      message(1),
      message(2),
      message(3),
      message(2),
      message(1, { stream: 's' }),
      message(1, { epoch: 'f' }),
      plain,
      plain,
    ];
    expect(
      watched(
        () =>
          of(...messages).pipe(
            dedupe(),
            map(passed => (passed === plain ? 'plain' : String(numberOf(passed)))),
          ),
        String,
      ),
    ).toEqual([...['1', '3', '2', '1', '1', 'plain', 'plain'].map(text => `0 ${text}`), '0 complete']);
  });

  it('passes of any numbers what a set would', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 120 }), numbers => {
        const passed: number[] = [];
        of(...numbers.map(number => message(number)))
          .pipe(dedupe())
          .subscribe(next => passed.push(numberOf(next)));
        expect(passed).toEqual([...new Set(numbers)]);
      }),
    );
  });

  it('forgets the lowest numbers, and the stream heard of longest ago, where there are too many', () => {
    const passed: number[] = [];
    of(1, 3, 5, 1, 5)
      .pipe(
        map(number => message(number)),
        dedupe({ maxRanges: 2 }),
      )
      .subscribe(next => passed.push(numberOf(next)));
    expect(passed).toEqual([1, 3, 5, 1]);
    let count = 0;
    of('a', 'b', 'a', 'c', 'a', 'b')
      .pipe(
        map(stream => message(1, { stream })),
        dedupe({ maxStreams: 2 }),
      )
      .subscribe(() => count++);
    expect(count).toBe(4);
  });

  it('passes an error on, and what its mark throws', () => {
    expect(watched(() => throwError(() => 'boom').pipe(dedupe()), String)).toEqual(['0 boom']);
    const throws = (): never => {
      throw new Error('odd');
    };
    expect(watched(() => concat(of(message(1)), NEVER).pipe(dedupe({ mark: throws })), String)).toEqual(['0 Error: odd']);
  });
});

describe('missing', () => {
  it('tells what has not come in time, once, and nothing of what has', () => {
    expect(
      told([
        [0, message(1)],
        [10, message(5)],
        [50, message(3)],
        [80, message(7)],
        [300, message(8)],
      ]),
    ).toEqual(['110 e 2-2', '110 e 4-4', '180 e 6-6']);
  });

  it('tells at once what the outbox says will never come, and the rest in time', () => {
    const lost = [{ first: 2, last: 3 }];
    expect(
      told([
        [0, message(1)],
        [10, message(6, { lost })],
        [20, message(7, { lost })],
      ]),
    ).toEqual(['10 e 2-3 lost', '110 e 4-5']);
  });

  it('looks at each stream and epoch by itself, from the first number on or from the start', () => {
    const messages = [
      [0, message(3)],
      [0, message(8, { stream: 's' })],
      [5, message(10, { stream: 's' })],
      [6, message(2)],
    ] as const;
    expect(told(messages)).toEqual(['105 es 9-9']);
    expect(told(messages, { fromStart: true })).toEqual(['100 e 1-1', '100 es 1-7', '105 es 9-9']);
  });

  it('tells the oldest gap at once where there are too many, and those of a stream that is forgotten', () => {
    const streams = (['a', 'a', 'b', 'c'] as const).map((stream, at) => [at, message(at === 1 ? 3 : 1, { stream })] as const);
    expect(told(streams, { maxStreams: 2 })).toEqual(['3 ea 2-2']);
    expect(
      told(
        [1, 3, 5, 7].map(number => [0, message(number)] as const),
        { maxRanges: 2 },
      ),
    ).toEqual(['0 e 2-2', '100 e 4-4', '100 e 6-6']);
  });

  it('tells each number that is missing in the end once, whatever comes in whatever order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 40 }), numbers => {
        const ranges = told(
          numbers.map((number, at) => [at, message(number)] as const),
          { fromStart: true, within: 1_000 },
        );
        const lacking = ranges.flatMap(line => {
          const [, first = 0, last = 0] = /e (\d+)-(\d+)/.exec(line)?.map(Number) ?? [];
          return Array.from({ length: last - first + 1 }, (_, i) => first + i);
        });
        const expected = Array.from({ length: Math.max(...numbers) }, (_, i) => i + 1).filter(number => !numbers.includes(number));
        expect(lacking.sort((a, b) => a - b)).toEqual(expected);
      }),
    );
  });

  it.each([[{ within: 0 }], [{ maxRanges: 0 }], [{ maxStreams: -1 }]])('refuses %o', options => {
    expect(() => watched(() => NEVER.pipe(missing(options)), String, 1)).toThrow(RangeError);
  });
});
