import fc from 'fast-check';
import {
  filter,
  asapScheduler,
  asyncScheduler,
  interval,
  map,
  merge,
  NEVER,
  of,
  Subscription,
  tap,
  timeout,
  timer,
  VirtualTimeScheduler,
} from 'rxjs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { marbles } from '../../src/testing/index.js';
import { VirtualTime } from '../../src/testing/virtual-time.js';

/** What a program of timers does, in order: each sets others, puts itself off or is cancelled. */
interface Program {
  readonly delay: number;
  readonly again: number | undefined;
  readonly cancels: number | undefined;
  readonly sets: readonly Program[];
}
const program = fc.letrec<{ program: Program }>(tie => ({
  program: fc.record({
    delay: fc.nat(5),
    again: fc.option(fc.nat(5), { nil: undefined }),
    cancels: fc.option(fc.nat(9), { nil: undefined }),
    sets: fc.oneof({ maxDepth: 2 }, fc.constant([]), fc.array(tie('program'), { maxLength: 3 })),
  }),
})).program;

function trace(scheduler: VirtualTimeScheduler, programs: readonly Program[]): string[] {
  const log: string[] = [];
  const set: Subscription[] = [];
  const start = ({ delay, again, cancels, sets }: Program): void => {
    const nth = set.length;
    set.push(Subscription.EMPTY);
    set[nth] = scheduler.schedule(
      function (times = 0) {
        log.push(`${scheduler.frame} ${nth} ${times}`);
        for (const inner of sets) start(inner);
        if (cancels !== undefined) set[cancels]?.unsubscribe();
        if (again !== undefined && times < 2) this.schedule(times + 1, again);
      },
      delay,
      0,
    );
  };
  for (const one of programs) start(one);
  scheduler.flush();
  return log;
}

/** Sets deadlines that are far away, each with an object that hangs on it, and clears them but for the last. */
function cleared(scheduler: VirtualTime): readonly WeakRef<object>[] {
  return Array.from({ length: 20 }, (_, i) => {
    const kept = { i };
    const deadline = scheduler.schedule(() => kept, 10_000);
    if (i < 19) deadline.unsubscribe();
    return new WeakRef(kept);
  });
}

describe('virtual time', () => {
  test('keeps nothing that hangs on a timer that was cleared', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const scheduler = new VirtualTime();
    const refs = cleared(scheduler);
    // A WeakRef holds its target until the current job is over.
    await new Promise(resolve => setImmediate(resolve));
    collect();
    expect(refs.map(ref => ref.deref() !== undefined)).toEqual(refs.map((_, i) => i === 19));
    scheduler.flush();
  });

  test("does what RxJS' own does, in the same order", () => {
    fc.assert(
      fc.property(fc.array(program, { maxLength: 6 }), programs => {
        const kit = new VirtualTime();
        kit.maxFrames = 50;
        expect(trace(kit, programs)).toEqual(trace(new VirtualTimeScheduler(undefined, 50), programs));
      }),
      { numRuns: 2_000 },
    );
  });

  test('stands when an interval clears another timer of the same frame', () => {
    const seen: unknown[] = [];
    marbles(
      ({ run, time }) => {
        let cleared = Subscription.EMPTY;
        const later = (): Subscription => asyncScheduler.schedule(() => seen.push('cleared, and done all the same'), time('15ms |'));
        run(
          merge(
            interval(10).pipe(tap(i => i === 1 && cleared.unsubscribe())),
            timer(5).pipe(
              tap(() => (cleared = later())),
              map(() => 'set'),
            ),
          ).pipe(tap(value => seen.push(value))),
        );
      },
      { until: 40, expectations: 'outside' },
    )();
    expect(seen).toEqual(['set', 0, 1, 2, 3]);
  });

  test(
    'never comes to what is infinitely far',
    marbles(({ scheduler, expectStream }) => {
      expectStream(NEVER.pipe(timeout({ first: Infinity, with: () => of('late') }))).toBeEmpty();
      scheduler.schedule(() => expect.unreachable(), Infinity);
    }),
  );

  test(
    'has asap before async, in the same frame',
    marbles(({ expectStream }) => {
      const order: string[] = [];
      asyncScheduler.schedule(() => order.push('async'));
      asapScheduler.schedule(() => order.push('asap'));
      expectStream(timer(1).pipe(map(() => order.join()))).toBeMarble('-(o|)', { o: 'asap,async' });
    }),
  );

  test('throws what a timer throws, and does nothing more', () => {
    const done: number[] = [];
    const time = new VirtualTime();
    time.schedule(() => {
      throw new RangeError('no');
    }, 1);
    time.schedule(() => done.push(2), 2);
    expect(() => time.flush()).toThrow(new RangeError('no'));
    time.flush();
    expect(done).toEqual([]);
  });

  test(
    'ends a long interval without a deep recursion',
    marbles(
      ({ run, expectLane }) =>
        expectLane(
          run(
            timer(0, 1).pipe(
              filter(n => n === 99_999),
              map(() => 'x'),
            ),
            '^ 100s !',
          ),
        ).toBeMarble('99999ms x'),
      { until: 100_001 },
    ),
  );

  test("checks what TestScheduler's own expectations say when all is done", () => {
    const drawnAs = (expected: string) =>
      marbles(
        ({ cold, scheduler }) => {
          scheduler.expectObservable(cold('-a|')).toBe(expected);
        },
        { expectations: 'outside' },
      );
    drawnAs('-a|')();
    expect(drawnAs('-b|')).toThrow(/deep-equal/);
  });
});
