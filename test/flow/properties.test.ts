import fc from 'fast-check';
import {
  concatMap,
  EMPTY,
  interval,
  map,
  mergeMap,
  type Observable,
  of,
  type SchedulerLike,
  share,
  take,
  takeUntil,
  throwError,
  timer,
  VirtualTimeScheduler,
} from 'rxjs';
import { describe, expect, it } from 'vitest';
import { concurrently, Ledger } from '../../src/flow/index.js';
import { build, operatorNames, type PipelineSpec, pipelineSpec, sourceOf, sourceSpec } from './random-pipelines.js';
import { LARGEST, type StageSpec, stageOf, stageSpec, Witness } from './random-stages.js';
import { timeLimit } from '../../scripts/time-limit.js';

/** Pipelines of each property. `FLOW_RUNS=200000 npx vitest run --project unit test/flow/properties` is the long run. */
const numRuns = Number(process.env['FLOW_RUNS'] ?? 5_000);
const limit = timeLimit(numRuns * 40);

/**
 * Runs in virtual time until nothing is left to do. (`TestScheduler.run` throws when one timer clears another that is due at the same
 * moment as an interval.)
 */
const virtually = <A>(run: (clock: SchedulerLike) => A): A => {
  const clock = new VirtualTimeScheduler();
  const result = run(clock);
  clock.flush();
  return result;
};

/** Subscribes until `milliseconds` have passed and notes what comes, with the moment it came at. */
const record = (source$: Observable<number>, milliseconds: number, clock: SchedulerLike): string[] => {
  const seen: string[] = [];
  const note = (what: string): number => seen.push(`${clock.now()} ${what}`);
  const subscription = source$.subscribe({
    next: value => note(String(value)),
    error: () => note('error'),
    complete: () => note('complete'),
  });
  timer(milliseconds, clock).subscribe(() => subscription.unsubscribe());
  return seen;
};

const plain = (spec: PipelineSpec<StageSpec>, clock: SchedulerLike): Observable<number> =>
  build(spec, clock, stage => stageOf(stage, clock, new Ledger(), 'inner', new Witness(stage)));

const lifetime = fc.integer({ min: 0, max: 150 });

describe('a stage', () => {
  it('is tested behind at least 29 operators', () => {
    expect(operatorNames.length).toBeGreaterThanOrEqual(29);
  });

  it(
    'sees what a plain subscriber would, value for value and instant for instant (transparency)',
    () => {
      fc.assert(
        fc.property(pipelineSpec(stageSpec), stageSpec, lifetime, (pipeline, last, milliseconds) => {
          const expected = virtually(clock => record(plain(pipeline, clock), milliseconds, clock));
          const seen: string[] = [];
          const endedAt = virtually(clock => {
            const stage = stageOf(last, clock, new Ledger(), 'last', new Witness(last), value => seen.push(`${clock.now()} ${value}`));
            return record(stage(plain(pipeline, clock)), milliseconds, clock);
          });
          const values = expected.filter(line => !/error|complete/.test(line));
          // A stage that ends by itself (a terminal Left, a defect) has seen the beginning.
          const endedEarly = endedAt.some(line => /error|complete/.test(line)) && seen.length < values.length;
          expect(seen).toEqual(endedEarly ? values.slice(0, seen.length) : values);
        }),
        { numRuns },
      );
    },
    limit,
  );

  it(
    'leaves a second subscriber of a shared source undisturbed',
    () => {
      fc.assert(
        fc.property(pipelineSpec(stageSpec), stageSpec, lifetime, (pipeline, other, milliseconds) => {
          const secondSees = (first: (clock: SchedulerLike) => (source$: Observable<number>) => Observable<number>): string[] =>
            virtually(clock => {
              const shared$ = plain(pipeline, clock).pipe(share());
              first(clock)(shared$)
                .pipe(takeUntil(timer(milliseconds, clock)))
                .subscribe({ error: () => undefined });
              return record(shared$, milliseconds, clock);
            });
          const alone = secondSees(() => source$ => source$);
          const beside = secondSees(clock => stageOf(staying(other), clock, new Ledger(), 'other', new Witness(other)));
          expect(beside).toEqual(alone);
        }),
        { numRuns: Math.ceil(numRuns / 3) },
      );
    },
    limit,
  );

  it(
    'accounts for every value at every moment and never exceeds its bound (account)',
    () => {
      fc.assert(
        fc.property(pipelineSpec(stageSpec), stageSpec, lifetime, fc.integer({ min: 1, max: 7 }), (pipeline, last, milliseconds, every) => {
          const ledger = new Ledger();
          const witnesses = new Map<string, Witness>();
          const witnessed = (
            spec: StageSpec,
            name: string,
            clock: SchedulerLike,
          ): ((source$: Observable<number>) => Observable<number>) => {
            const witness = new Witness(spec);
            witnesses.set(name, witness);
            return stageOf(spec, clock, ledger, name, witness);
          };
          virtually(clock => {
            const inner$ = build(pipeline, clock, (stage, index) => witnessed(stage, `stage ${index}`, clock));
            record(witnessed(last, 'last', clock)(inner$), milliseconds, clock);
            for (let at = 0; at <= milliseconds; at += every) clock.schedule(() => audited(ledger, witnesses, false), at);
          });
          audited(ledger, witnesses, true);
        }),
        { numRuns },
      );
    },
    limit,
  );

  it(
    'is mergeMap where nothing is dropped and order does not matter, and concatMap with one in flight',
    () => {
      fc.assert(
        fc.property(
          sourceSpec(25),
          fc.integer({ min: 1, max: 5 }),
          fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 5 }),
          lifetime,
          (source, n, waits, milliseconds) => {
            const work =
              (clock: SchedulerLike) =>
              (value: number): Observable<number> => {
                const wait = waits[value % waits.length] ?? 0;
                if (wait === 9) return throwError(() => new Error('defect'));
                if (wait === 8) return EMPTY;
                return wait === 0
                  ? of(value, value + 100)
                  : interval(wait, clock).pipe(
                      take(2),
                      map(i => value + 100 * i),
                    );
              };
            const sees = (
              operator: (work: (value: number) => Observable<number>) => (source$: Observable<number>) => Observable<number>,
            ): string[] => virtually(clock => record(operator(work(clock))(sourceOf(source, clock)), milliseconds, clock));
            const staged =
              (width: number, ordered: boolean) => (work: (value: number) => Observable<number>) => (source$: Observable<number>) =>
                source$.pipe(
                  concurrently(width, work, { ordered, buffer: { messages: Infinity } }),
                  map(result => (result._tag === 'Right' ? result.right : -1)),
                );
            expect(sees(staged(n, false))).toEqual(sees(work => mergeMap(work, n)));
            expect(sees(staged(1, true))).toEqual(sees(work => concatMap(work)));
          },
        ),
        { numRuns },
      );
    },
    limit,
  );
});

/** The same stage without anything that makes it leave before its source ends. */
const staying = (spec: StageSpec): StageSpec => {
  const doings = spec.doings.filter(doing => doing !== 'terminal' && doing !== 'defect');
  return { ...spec, doings: doings.length === 0 ? ['slow'] : doings, onFull: spec.onFull === 'fail' ? 'dropOldest' : spec.onFull };
};

const must = (holds: boolean, what: string, ...seen: unknown[]): void => {
  // Not `expect`, which takes longer than a whole pipeline.
  if (!holds) throw new Error(`${what}: ${JSON.stringify(seen)}`);
};

/** What the ledger says against what the test saw itself. */
const audited = (ledger: Ledger, witnesses: ReadonlyMap<string, Witness>, over: boolean): void => {
  for (const account of ledger.snapshot().stages) {
    const { name, received, emitted, dropped, failed, buffered, discarded, peak, active } = account;
    const witness = witnesses.get(name);
    if (witness === undefined) throw new Error(name);
    for (const unit of ['messages', 'bytes'] as const) {
      const accounted = emitted[unit] + dropped[unit] + failed[unit] + buffered[unit] + discarded[unit];
      must(received[unit] === accounted, 'every value is accounted for', unit, account);
      must(buffered[unit] >= 0, 'no value leaves twice', unit, account);
    }
    const { spec } = witness;
    const isBatch = spec.kind === 'batch';
    const most = isBatch ? spec.messages + 1 : spec.messages + spec.n;
    const mostBytes = (spec.bytes ?? Infinity) + (isBatch ? 1 : spec.n) * LARGEST;
    must(received.messages === witness.received, 'received', account, witness);
    must(peak.messages <= most * witness.mostSubscriptions, 'the bound in messages', account, witness);
    must(peak.bytes <= mostBytes * witness.mostSubscriptions, 'the bound in bytes', account, witness);
    must(isBatch || witness.underWay <= spec.n * witness.subscriptions, 'work under way', account, witness);
    // Beyond these, a value counts as dropped whose results could not all be held for their turn.
    must(dropped.messages >= witness.dropped && witness.reported <= dropped.messages, 'dropped', account, witness);
    if (spec.kind === 'concurrently') {
      const waiting = witness.received - witness.dropped - witness.begun;
      must(discarded.messages > 0 || waiting <= spec.messages * witness.subscriptions, 'waiting', account, witness);
    }
    if (!over) continue;
    must(active === 0 && buffered.messages === 0 && buffered.bytes === 0 && witness.underWay === 0, 'nothing is left', account, witness);
    must(witness.left > 0 || witness.reported === dropped.messages, 'every drop is reported', account, witness);
  }
};
