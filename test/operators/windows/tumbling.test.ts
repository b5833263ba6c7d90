import { asyncScheduler, concat, defer, from, NEVER, of, type SchedulerLike, Subject, take, throwError } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, it, vi } from 'vitest';
import { collect, count, type EventTime, tumbling, type TumblingOptions } from '../../../src/operators/index.js';
import { VirtualTime } from '../../kit/time/virtual-time.js';
import { watched } from '../../kit/time/virtual.js';
import { arriving, described, type Reading, readings } from './described.js';

const options: TumblingOptions<Reading, number, string> = { size: 10, key: reading => reading.key, aggregate: count() };
const eventTime = (more: Partial<EventTime<Reading>> = {}): TumblingOptions<Reading, number, string> => ({
  ...options,
  time: { timestamp: reading => reading.at, ...more },
});
/** What comes of readings that arrive one after the other at once. */
const seen = (text: string, of: TumblingOptions<Reading, number, string>): string[] => {
  const all: string[] = [];
  from(readings(text))
    .pipe(tumbling(of))
    .subscribe(element => all.push(described(element)));
  return all;
};

describe('tumbling, in processing time', () => {
  it('emits when a window is over, aligned to the clock, for each key, the one that was silent for longest first', () => {
    expect(watched(() => arriving('a@3 b@4 a@9 a@10 b@25').pipe(tumbling(options)), described)).toEqual([
      '10 b [0, 10) 1 time',
      '10 a [0, 10) 2 time',
      '20 a [10, 20) 1 time',
      '30 b [20, 30) 1 time',
    ]);
  });

  it('begins windows at the offset', () => {
    expect(watched(() => arriving('a@3 a@7').pipe(tumbling({ ...options, offset: 5 })), described)).toEqual([
      '5 a [-5, 5) 1 time',
      '15 a [5, 15) 1 time',
    ]);
  });

  it('has one timer for all keys, and none while nothing is open', () => {
    let timers = 0;
    const scheduler: SchedulerLike = {
      now: () => asyncScheduler.now(),
      schedule: (...args: Parameters<typeof asyncScheduler.schedule>) => {
        timers++;
        return asyncScheduler.schedule(...args);
      },
    };
    const results = watched(() => arriving('a@1 b@2 c@3 a@4 b@5 a@55').pipe(tumbling({ ...options, scheduler })), described);
    expect(results).toHaveLength(4);
    expect(timers).toBe(2);
  });

  it('waits longer than a timer of Node can, and not less', () => {
    const day = 86_400_000;
    const days = arriving(`a@${day} a@${20 * day} a@${50 * day}`);
    expect(watched(() => days.pipe(tumbling({ ...options, size: 60 * day })), described, 100 * day)).toEqual([
      `${60 * day} a [0, ${60 * day}) 3 time`,
    ]);
  });

  it('emits what is open when the source completes, and then completes', () => {
    expect(watched(() => arriving('a@3 b@4', { completes: true }).pipe(tumbling(options)), described)).toEqual([
      '4 a [0, 10) 1 completion',
      '4 b [0, 10) 1 completion',
      '4 complete',
    ]);
  });

  it('passes an error on at once, without what is open, and ends its timer', () => {
    const source$ = concat(
      from(readings('a@0')),
      throwError(() => new Error('broken')),
    );
    expect(watched(() => source$.pipe(tumbling(options)), described)).toEqual(['0 Error: broken']);
  });

  it('ends its timer when the subscriber leaves', () => {
    new TestScheduler(() => undefined).run(({ flush }) => {
      const subscription = concat(from(readings('a@0')), NEVER)
        .pipe(tumbling(options))
        .subscribe();
      subscription.unsubscribe();
      flush();
      expect(asyncScheduler.now()).toBe(0);
    });
  });

  it("gives to the error channel what key, aggregate and a subscriber's callback throw", () => {
    const thrower = (): never => {
      throw new Error('no');
    };
    expect(watched(() => of(1).pipe(tumbling({ size: 10, key: thrower, aggregate: count() })), String)).toEqual(['0 Error: no']);
    expect(watched(() => of(1).pipe(tumbling({ size: 10, key: 'single', aggregate: count(thrower) })), String)).toEqual(['0 Error: no']);
    const failing = { ...count(), result: thrower };
    expect(watched(() => concat(of(1), NEVER).pipe(tumbling({ size: 10, key: 'single', aggregate: failing })), String)).toEqual([
      '10 Error: no',
    ]);
  });

  it('takes values that come while it emits', () => {
    const source = new Subject<Reading>();
    const all: string[] = [];
    source.pipe(tumbling(eventTime()), take(4)).subscribe(element => {
      all.push(described(element));
      if (all.length === 1) for (const reading of readings('a@25 a@35')) source.next(reading);
    });
    for (const reading of readings('a@1 b@2 a@12 a@45')) source.next(reading);
    expect(all).toEqual(['a [0, 10) 1 time', 'b [0, 10) 1 time', 'a [10, 20) 1 time', 'a [20, 30) 1 time']);
  });
});

it('tumbling takes a timestamp that is as far ahead as it may be, and none further', () => {
  const scheduler = new VirtualTime();
  const all: string[] = [];
  from(readings('a@60 a@61'))
    .pipe(tumbling({ ...eventTime({ maxAhead: 60 }), scheduler }))
    .subscribe(element => all.push(element._tag === 'Left' ? element.left._tag : described(element)));
  expect(all).toEqual(['TimestampRefused', 'a [60, 70) 1 completion']);
});

describe('tumbling, when the clock is set', () => {
  const clocked = (times: readonly number[]): string[] => {
    let now = 0;
    const source = new Subject<Reading>();
    const all: string[] = [];
    const scheduler = { now: () => now, schedule: asyncScheduler.schedule.bind(asyncScheduler) };
    const subscription = source.pipe(tumbling({ ...options, scheduler })).subscribe(element => all.push(described(element)));
    for (const time of times) {
      now = time;
      source.next({ key: 'a', at: time, value: 1 });
    }
    subscription.unsubscribe();
    return all;
  };

  it('forward: what is over by then ends', () => expect(clocked([3, 1_000_003])).toEqual(['a [0, 10) 1 time']));
  it('back a little: time stands still', () => expect(clocked([12, 8, 13, 25])).toEqual(['a [10, 20) 3 time']));
  it('back a lot: what is open ends, and windows begin anew', () =>
    expect(clocked([1_003, 5, 12])).toEqual(['a [1000, 1010) 1 clock', 'a [0, 10) 1 time']));

  describe('by a time server, while real timers wait', () => {
    /** What waits for a window's end, with a clock that is set by hand. The time of day is one and the same everywhere. */
    const waitsOf = (size: number, steps: readonly (number | 'timer')[]): { readonly all: string[]; readonly waits: number[] } => {
      let now = 1_800_000_000_000;
      vi.spyOn(Date, 'now').mockImplementation(() => now);
      const waits: number[] = [];
      const time = new VirtualTime();
      const schedule = time.schedule.bind(time);
      vi.spyOn(time, 'schedule').mockImplementation((work, delay = 0, state) => {
        waits.push(delay);
        return schedule(work, delay, state);
      });
      time.now = () => now;
      const source = new Subject<Reading>();
      const all: string[] = [];
      const ofSize = { ...options, size, scheduler: time };
      const subscription = source.pipe(tumbling(ofSize)).subscribe(element => all.push(described(element)));
      for (const step of steps) {
        if (step === 'timer') time.advanceToNextTimer();
        else {
          now += step;
          source.next({ key: 'a', at: now, value: 1 });
        }
      }
      subscription.unsubscribe();
      vi.restoreAllMocks();
      return { all, waits };
    };
    const minute = 60_000;

    it('forward: a window that opens afterwards has a timer of its own, and not what is left of the one before', () => {
      const { all, waits } = waitsOf(minute, [1_000, 3_600_000 + 58_500]);
      expect(all).toHaveLength(1);
      expect(waits).toEqual([59_000, 500]);
    });

    it('forward within a window: its timer waits no longer than the window has left', () => {
      expect(waitsOf(minute, [1_000, 58_000]).waits).toEqual([59_000, 1_000]);
    });

    it('in a long window: the clock is looked at each minute, so that none is hours late', () => {
      expect(waitsOf(24 * 60 * minute, [1_000]).waits).toEqual([minute]);
    });

    it('back a little: the timer waits until the clock has caught up, and does not spin', () => {
      const { waits } = waitsOf(minute, [59_990, -5_000, 'timer']);
      expect(waits.slice(0, 2)).toEqual([10, 5_010]);
    });
  });

  it('back while a timer waits: windows end when the clock, and not the timer, has come to their end', () => {
    const source$ = defer(() => {
      let setBack = 0;
      asyncScheduler.schedule(() => (setBack = 50), 40);
      const scheduler = { now: () => asyncScheduler.now() - setBack, schedule: asyncScheduler.schedule.bind(asyncScheduler) };
      return arriving('a@30 a@60 a@170').pipe(tumbling({ ...options, size: 100, scheduler }));
    });
    expect(watched(() => source$, described)).toEqual(['150 a [0, 100) 2 time', '250 a [100, 200) 1 time']);
  });

  it('back a lot: a gap from before is in no window afterwards, one that goes on is in the first', () => {
    for (const [goesOn, first] of [
      [true, 'a [0, 10) 1 time gaps 1'],
      [false, 'a [0, 10) 1 time'],
    ] as const) {
      let now = 1_003;
      const [source, gap$] = [new Subject<Reading>(), new Subject()];
      const all: string[] = [];
      const scheduler = { now: () => now, schedule: asyncScheduler.schedule.bind(asyncScheduler) };
      const subscription = source.pipe(tumbling({ ...options, scheduler, onGap: 'flag', gap$ })).subscribe(e => all.push(described(e)));
      const arriveAt = (time: number): void => {
        now = time;
        source.next({ key: 'a', at: 0, value: 1 });
      };
      arriveAt(1_003);
      gap$.next('gap');
      if (!goesOn) arriveAt(1_004);
      for (const time of [5, 1_005, 1_012]) arriveAt(time);
      subscription.unsubscribe();
      expect(all.slice(1)).toEqual([first, 'a [1000, 1010) 1 time']);
    }
  });
});

describe('tumbling, in event time', () => {
  it('ends windows when the watermark, of all keys, has passed them', () => {
    expect(seen('a@3 b@8 b@10 a@12 b@31', eventTime())).toEqual([
      'a [0, 10) 1 time',
      'b [0, 10) 1 time',
      'b [10, 20) 1 time',
      'a [10, 20) 1 time',
      'b [30, 40) 1 completion',
    ]);
  });

  it('waits for what may come out of order', () => {
    expect(seen('a@3 a@12 a@9 a@15 a@16', eventTime({ outOfOrder: 5 }))).toEqual(['a [0, 10) 2 time', 'a [10, 20) 3 completion']);
  });

  it('tells of late data at once, with the value, and goes on', () => {
    expect(seen('a@3 a@12 a@9 b@2 b@14', eventTime())).toEqual([
      'a [0, 10) 1 time',
      'LateData a@9',
      'LateData b@2',
      'a [10, 20) 1 completion',
      'b [10, 20) 1 completion',
    ]);
  });

  it('says by how much a value was late, and what to do about it', () => {
    const lefts: unknown[] = [];
    from(readings('a@12 a@9'))
      .pipe(tumbling(eventTime()))
      .subscribe(element => lefts.push(element._tag === 'Left' ? element.left : undefined));
    expect(lefts[0]).toMatchObject({ _tag: 'LateData', kind: 'message', key: 'a', timestamp: 9, watermark: 12, value: { at: 9 } });
    expect(lefts[0]).toHaveProperty('message', expect.stringMatching(/came 3 ms behind the watermark.*outOfOrder.*lateness/));
  });

  it('corrects a result by values that are late within the lateness', () => {
    expect(seen('a@3 a@12 a@9 a@8 b@1 b@2 a@14 a@15 a@7', eventTime({ lateness: 5 }))).toEqual([
      'a [0, 10) 1 time',
      'a [0, 10) 2 late revision 1',
      'a [0, 10) 3 late revision 2',
      'b [0, 10) 1 time',
      'b [0, 10) 2 late revision 1',
      'LateData a@7',
      'a [10, 20) 3 completion',
    ]);
  });

  it('forgets a window when its lateness is over', () => {
    const values: string[] = [];
    from(readings('a@1 b@12 b@15 a@3 a@17'))
      .pipe(tumbling(eventTime({ lateness: 5 })))
      .subscribe(element => values.push(described(element)));
    expect(values).toEqual(['a [0, 10) 1 time', 'LateData a@3', 'b [10, 20) 2 completion', 'a [10, 20) 1 completion']);
  });

  it('ends windows in the order of time when event time leaps', () => {
    expect(seen('a@3 b@12 a@25 b@4 a@60', eventTime({ outOfOrder: 30 }))).toEqual([
      'a [0, 10) 1 time',
      'b [0, 10) 1 time',
      'b [10, 20) 1 time',
      'a [20, 30) 1 time',
      'a [60, 70) 1 completion',
    ]);
  });

  it('has no timer: while the source is silent, windows stay open', () => {
    expect(watched(() => concat(from(readings('a@3')), NEVER).pipe(tumbling(eventTime())), described)).toEqual([]);
  });

  it('ends what is open after a silence of idleAfter, and what comes of it later has a result of its own', () => {
    const source$ = arriving('a@3 b@8 a@50 a@70');
    const slow: TumblingOptions<Reading, number, string> = {
      ...options,
      time: { timestamp: ({ at }) => (at === 50 ? 4 : at), idleAfter: 15 },
    };
    expect(watched(() => source$.pipe(tumbling(slow)), described)).toEqual([
      '23 a [0, 10) 1 idle',
      '23 b [0, 10) 1 idle',
      '65 a [0, 10) 1 idle',
      '85 a [70, 80) 1 idle',
    ]);
  });

  it('refuses timestamps that are none, and those too far ahead of the clock, and event time stays where it is', () => {
    const time = { maxAhead: 100, timestamp: (reading: Reading) => reading.at };
    expect(
      watched(
        () => from(readings('a@3 a@NaN a@Infinity a@8.64e15 a@8.65e15 a@-1e300 a@101 a@5')).pipe(tumbling({ ...options, time })),
        described,
      ),
    ).toEqual([
      '0 TimestampRefused a@NaN',
      '0 TimestampRefused a@Infinity',
      '0 TimestampRefused a@8640000000000000',
      '0 TimestampRefused a@8650000000000000',
      '0 TimestampRefused a@-1e+300',
      '0 TimestampRefused a@101',
      '0 a [0, 10) 2 completion',
      '0 complete',
    ]);
  });

  it('refuses what is no number for a timestamp: null is not 1970, and a text not the number in it', () => {
    const told: string[] = [];
    const times: readonly unknown[] = [null, '7', '2026-01-01T00:00:00Z', undefined, true, 5n, 5];
    from(times)
      .pipe(tumbling({ size: 10, key: 'single', aggregate: count(), time: { timestamp: at => at as number } }))
      .subscribe(element => {
        if (element._tag === 'Right') told.push(`[${element.right.start}, ${element.right.end}) ${element.right.value}`);
        else if (element.left._tag === 'TimestampRefused')
          told.push(`${element.left.reason} ${element.left.timestamp} ${/the timestamp (.*), which/.exec(element.left.message)?.[1]}`);
      });
    expect(told).toEqual([
      'not-a-time NaN null',
      "not-a-time NaN '7'",
      "not-a-time NaN '2026-01-01T00:00:00Z'",
      'not-a-time NaN undefined',
      'not-a-time NaN true',
      'not-a-time NaN 5n',
      '[0, 10) 1',
    ]);
  });

  it('is right for times before 1970 and between milliseconds', () => {
    expect(seen('a@-0.5 a@-10 a@-10.5 a@9.75', eventTime({ outOfOrder: 20 }))).toEqual([
      'a [-20, -10) 1 completion',
      'a [-10, 0) 2 completion',
      'a [0, 10) 1 completion',
    ]);
  });
});

describe('tumbling, keys and gaps', () => {
  it('emits what is open of a key that is evicted; its later values have a result of their own', () => {
    const evicted: string[] = [];
    const bounds = { maxKeys: 2, onEvict: ({ key, reason }: { key: string; reason: string }) => void evicted.push(`${key} ${reason}`) };
    expect(seen('a@1 b@2 c@3 a@4 a@5', { ...eventTime(), ...bounds })).toEqual([
      'a [0, 10) 1 eviction',
      'b [0, 10) 1 eviction',
      'c [0, 10) 1 completion',
      'a [0, 10) 2 completion',
    ]);
    expect(evicted).toEqual(['a maxKeys', 'b maxKeys']);
  });

  it('emits a silent key by its ttl, which is by the clock', () => {
    const ttl = { ttl: 20, onEvict: () => undefined };
    expect(watched(() => arriving('a@1 b@9').pipe(tumbling({ ...eventTime(), ...ttl })), described)).toEqual([
      '21 a [0, 10) 1 eviction',
      '29 b [0, 10) 1 eviction',
    ]);
  });

  it('a late value of a key that was evicted corrects nothing', () => {
    expect(seen('a@1 a@11 b@12 a@2', { ...eventTime({ lateness: 50 }), maxKeys: 1, onEvict: () => undefined })).toEqual([
      'a [0, 10) 1 time',
      'a [10, 20) 1 eviction',
      'b [10, 20) 1 eviction',
      'a [0, 10) 1 time',
    ]);
  });

  it('flags the windows that a gap fell into, and no others', () => {
    const gap$ = arriving('g@12 g@13 g@27');
    const source$ = arriving('a@3 a@11 a@15 a@22 b@24 a@33');
    expect(watched(() => source$.pipe(tumbling({ ...options, onGap: 'flag', gap$ })), described)).toEqual([
      '10 a [0, 10) 1 time',
      '20 a [10, 20) 2 time gaps 1',
      '30 a [20, 30) 1 time gaps 1',
      '30 b [20, 30) 1 time gaps 1',
      '40 a [30, 40) 1 time gaps 1',
    ]);
  });

  it('at a gap, where that resets, emits what is open and begins anew', () => {
    const source$ = arriving('a@3 b@4 a@8');
    expect(watched(() => source$.pipe(tumbling({ ...options, onGap: 'reset', gap$: arriving('g@5') })), described)).toEqual([
      '5 a [0, 10) 1 gap gaps 1',
      '5 b [0, 10) 1 gap gaps 1',
      '10 a [0, 10) 1 time gaps 1',
    ]);
  });

  it('keeps no values unless told to, and then says so', () => {
    const all: unknown[] = [];
    from([1, 2, 3])
      .pipe(tumbling({ size: 10, key: 'single', aggregate: collect(2), time: { timestamp: () => 0 } }))
      .subscribe(element => all.push(element));
    expect(all).toMatchObject([{ right: { key: 'single', value: [1, 2], count: 3 } }]);
  });
});

it('tumbling refuses what cannot be, where it is written', () => {
  expect(() => tumbling({ ...options, size: 0 })).toThrow('size must be a whole number of milliseconds from 1 on, and is 0.');
  expect(() => tumbling({ ...options, size: 1.5 })).toThrow(RangeError);
  expect(() => tumbling({ ...options, offset: Number.NaN })).toThrow(RangeError);
  expect(() => tumbling({ ...options, maxKeys: 0 })).toThrow(RangeError);
  expect(() => tumbling(eventTime({ lateness: -1 }))).toThrow('lateness');
  expect(() => tumbling(eventTime({ idleAfter: 0 }))).toThrow('idleAfter');
});
