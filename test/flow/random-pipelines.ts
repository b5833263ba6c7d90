import fc from 'fast-check';
import {
  auditTime,
  bufferCount,
  bufferTime,
  catchError,
  combineLatest,
  concat,
  concatMap,
  debounceTime,
  defaultIfEmpty,
  defer,
  delay,
  distinctUntilChanged,
  EMPTY,
  endWith,
  exhaustMap,
  filter,
  groupBy,
  map,
  merge,
  mergeMap,
  NEVER,
  Observable,
  of,
  pairwise,
  race,
  retry,
  sampleTime,
  scan,
  type SchedulerLike,
  share,
  shareReplay,
  skip,
  startWith,
  switchMap,
  take,
  takeUntil,
  takeWhile,
  tap,
  throttleTime,
  timeInterval,
  timeout,
  timer,
  timestamp,
  toArray,
  windowTime,
  withLatestFrom,
  zip,
} from 'rxjs';

/** Values with the milliseconds before each, and how it ends. */
export interface SourceSpec {
  readonly gaps: readonly number[];
  readonly end: 'complete' | 'error' | 'never';
}

/** An operator by its name, two small numbers it makes something of, and a second source where it has one. */
export interface OperatorSpec {
  readonly operator: OperatorName;
  readonly a: number;
  readonly b: number;
  readonly other: SourceSpec;
}

/** A pipeline: operators, and stages in between by a number that says which. */
export interface PipelineSpec<S> {
  readonly source: SourceSpec;
  readonly steps: readonly (OperatorSpec | { readonly stage: S })[];
}

type Step = (source$: Observable<number>, other$: Observable<number>, a: number, b: number, clock: SchedulerLike) => Observable<number>;

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

const OPERATORS = {
  map: (s, _, a) => s.pipe(map(x => x + a)),
  filter: (s, _, a) => s.pipe(filter(x => x % (a + 2) !== 0)),
  scan: s => s.pipe(scan((all, x) => (all + x) % 1_000, 0)),
  take: (s, _, a) => s.pipe(take(a + 1)),
  takeWhile: (s, _, a, b) => s.pipe(takeWhile(x => x < 10 * (a + b + 1), true)),
  skip: (s, _, a) => s.pipe(skip(a % 4)),
  distinctUntilChanged: s => s.pipe(distinctUntilChanged()),
  pairwise: s => s.pipe(pairwise(), map(sum)),
  startWith: (s, _, a) => s.pipe(startWith(a)),
  endWith: (s, _, a) => s.pipe(endWith(a)),
  defaultIfEmpty: (s, _, a) => s.pipe(defaultIfEmpty(a)),
  tap: s => s.pipe(tap(() => undefined)),
  bufferCount: (s, _, a) => s.pipe(bufferCount(a + 1), map(sum)),
  expansion: (s, _, a) => s.pipe(mergeMap(x => of(x, x + 1, x + a))),
  groupBy: (s, _, a, _b, clock) =>
    s.pipe(
      groupBy(x => x % 2),
      mergeMap(group => group.pipe(delay(a, clock))),
    ),
  delay: (s, _, a, _b, clock) => s.pipe(delay(a, clock)),
  debounceTime: (s, _, a, _b, clock) => s.pipe(debounceTime(a, clock)),
  throttleTime: (s, _, a, _b, clock) => s.pipe(throttleTime(a, clock, { leading: true, trailing: true })),
  auditTime: (s, _, a, _b, clock) => s.pipe(auditTime(a, clock)),
  sampleTime: (s, _, a, _b, clock) => s.pipe(sampleTime(a + 1, clock)),
  bufferTime: (s, _, a, _b, clock) => s.pipe(bufferTime(a + 1, clock), map(sum)),
  windowTime: (s, _, a, _b, clock) =>
    s.pipe(
      windowTime(a + 1, clock),
      mergeMap(w => w.pipe(toArray())),
      map(sum),
    ),
  timeInterval: (s, _, _a, _b, clock) =>
    s.pipe(
      timeInterval(clock),
      map(({ interval }) => interval),
    ),
  timestamp: (s, _, _a, _b, clock) =>
    s.pipe(
      timestamp(clock),
      map(({ value, timestamp }) => value + timestamp),
    ),
  timeout: (s, other, a, _b, clock) => s.pipe(timeout({ each: a * 5 + 1, with: () => other, scheduler: clock })),
  takeUntil: (s, _, a, b, clock) => s.pipe(takeUntil(timer(a * b, clock))),
  switchMap: (s, _, a, _b, clock) => s.pipe(switchMap(x => timer(a, clock).pipe(map(() => x)))),
  exhaustMap: (s, _, a, _b, clock) => s.pipe(exhaustMap(x => timer(a, clock).pipe(map(() => x)))),
  concatMap: (s, _, a, _b, clock) => s.pipe(concatMap(x => timer(a, clock).pipe(map(() => x)))),
  mergeMap: (s, _, a, b, clock) => s.pipe(mergeMap(x => timer((x * a) % 7, clock).pipe(map(() => x)), (b % 3) + 1)),
  merge: (s, other) => merge(s, other),
  concat: (s, other) => concat(s, other),
  combineLatest: (s, other) => combineLatest([s, other]).pipe(map(sum)),
  withLatestFrom: (s, other) => s.pipe(withLatestFrom(other), map(sum)),
  zip: (s, other) => zip(s, other).pipe(map(sum)),
  race: (s, other) => race(s, other),
  share: (s, _, a, _b, clock) => {
    const shared = s.pipe(share());
    return merge(shared, shared.pipe(delay(a, clock)));
  },
  shareReplay: (s, _, a, _b, clock) => {
    const shared = s.pipe(shareReplay({ bufferSize: 1, refCount: true }));
    return merge(shared, timer(a, clock).pipe(mergeMap(() => shared)));
  },
  catchError: (s, other) => s.pipe(catchError(() => other)),
  retry: (s, _, a, _b, clock) => s.pipe(retry({ count: 2, delay: () => timer(a, clock) })),
} satisfies Record<string, Step>;

export type OperatorName = keyof typeof OPERATORS;
export const operatorNames = Object.keys(OPERATORS) as OperatorName[];

export const sourceOf = ({ gaps, end }: SourceSpec, clock: SchedulerLike): Observable<number> =>
  new Observable<number>(subscriber => {
    const last = end === 'complete' ? EMPTY : end === 'never' ? NEVER : defer((): Observable<number> => throwNow());
    const values = gaps.map((gap, i) => (gap === 0 ? of(i) : timer(gap, clock).pipe(map(() => i))));
    return concat(...values, last).subscribe(subscriber);
  });

const throwNow = (): never => {
  throw new Error('source');
};

export const build = <S>(
  spec: PipelineSpec<S>,
  clock: SchedulerLike,
  stage: (spec: S, index: number) => (source$: Observable<number>) => Observable<number>,
): Observable<number> =>
  spec.steps.reduce<Observable<number>>(
    (source$, step, index) => {
      if ('stage' in step) return stage(step.stage, index)(source$);
      const apply: Step = OPERATORS[step.operator];
      return apply(source$, sourceOf(step.other, clock), step.a, step.b, clock);
    },
    sourceOf(spec.source, clock),
  );

const gap = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 6 }) },
  { weight: 1, arbitrary: fc.integer({ min: 20, max: 50 }) },
);

export const sourceSpec = (maxLength: number): fc.Arbitrary<SourceSpec> =>
  fc.record({ gaps: fc.array(gap, { maxLength }), end: fc.constantFrom('complete', 'complete', 'error', 'never') });

const operatorSpec: fc.Arbitrary<OperatorSpec> = fc.record({
  operator: fc.constantFrom(...operatorNames),
  a: fc.integer({ min: 0, max: 9 }),
  b: fc.integer({ min: 0, max: 9 }),
  other: sourceSpec(6),
});

/** Pipelines of up to eight steps, of which about every fourth is a stage. */
export const pipelineSpec = <S>(stage: fc.Arbitrary<S>): fc.Arbitrary<PipelineSpec<S>> =>
  fc.record({
    source: sourceSpec(25),
    steps: fc.array(fc.oneof({ weight: 3, arbitrary: operatorSpec }, { weight: 1, arbitrary: fc.record({ stage }) }), { maxLength: 8 }),
  });
