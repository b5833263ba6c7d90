import fc from 'fast-check';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { concat, defer, finalize, map, NEVER, type Observable, of, type SchedulerLike, tap, timer } from 'rxjs';
import { type PublishError, ProxyClosed, ServiceFault } from '../../src/errors/errors.js';
import { batch, type BufferPolicy, concurrently, type Ledger, publishTo } from '../../src/flow/index.js';
import type { Accepted } from '../../src/ports/mqtt-proxy.js';
import { asText } from '../kit/nucleus/fake-proxy.js';

/** What becomes of one value in a stage. */
type Doing = 'at once' | 'slow' | 'many' | 'left' | 'never' | 'defect' | 'terminal';

export interface StageSpec {
  readonly kind: 'concurrently' | 'publishTo' | 'batch';
  readonly n: number;
  readonly ordered: boolean;
  readonly messages: number;
  readonly bytes: number | undefined;
  readonly onFull: 'dropOldest' | 'dropNewest' | 'latestPerKey' | 'fail';
  readonly milliseconds: number;
  /** What is done with the values in turn. */
  readonly doings: readonly Doing[];
}

export const stageSpec: fc.Arbitrary<StageSpec> = fc.record({
  kind: fc.constantFrom('concurrently', 'concurrently', 'publishTo', 'publishTo', 'batch'),
  n: fc.integer({ min: 1, max: 4 }),
  ordered: fc.boolean(),
  messages: fc.integer({ min: 0, max: 5 }),
  bytes: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined }),
  onFull: fc.constantFrom('dropOldest', 'dropOldest', 'dropNewest', 'latestPerKey', 'fail'),
  milliseconds: fc.integer({ min: 0, max: 12 }),
  doings: fc.array(
    fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom<Doing>('at once', 'slow', 'many', 'left') },
      { weight: 1, arbitrary: fc.constantFrom<Doing>('never', 'defect', 'terminal') },
    ),
    { minLength: 1, maxLength: 6 },
  ),
});

/** What a test saw of one stage, over all its subscriptions, without asking the stage. */
export class Witness {
  readonly spec: StageSpec;
  received = 0;
  dropped = 0;
  begun = 0;
  underWay = 0;
  reported = 0;
  mostSubscriptions = 0;
  subscriptions = 0;
  /** Subscriptions that ended before the stage had. */
  left = 0;

  constructor(spec: StageSpec) {
    this.spec = spec;
  }
}

/** Bytes of the largest value. */
export const LARGEST = 5;
const sizeOf = (value: number): number => (Math.abs(value) % LARGEST) + 1;

/** Makes a stage of a spec, and lets `witness` see what happens in it. Its results are made numbers again. */
export const stageOf =
  (
    spec: StageSpec,
    clock: SchedulerLike,
    ledger: Ledger,
    name: string,
    witness: Witness,
    onValue: (value: number) => void = () => undefined,
  ) =>
  (source$: Observable<number>): Observable<number> => {
    const seen = (value: number): number => {
      witness.received++;
      onValue(value);
      return sizeOf(value);
    };
    const common = { messages: spec.messages, sizeOf: seen, bytes: spec.bytes ?? Infinity, onDrop: () => (witness.dropped += 1) };
    const buffer: BufferPolicy<number> =
      spec.onFull === 'latestPerKey' ? { ...common, onFull: spec.onFull, key: value => value % 3 } : { ...common, onFull: spec.onFull };
    const results$ = results(spec, clock, ledger, name, buffer, seen, witness)(source$);
    return defer(() => {
      witness.subscriptions++;
      witness.mostSubscriptions = Math.max(witness.mostSubscriptions, witness.subscriptions);
      return results$.pipe(
        tap({ unsubscribe: () => witness.left++ }),
        finalize(() => witness.subscriptions--),
      );
    });
  };

const results = (
  spec: StageSpec,
  clock: SchedulerLike,
  ledger: Ledger,
  name: string,
  buffer: BufferPolicy<number>,
  seen: (value: number) => number,
  witness: Witness,
): ((source$: Observable<number>) => Observable<number>) => {
  const doing = (): Doing => spec.doings[witness.begun++ % spec.doings.length] ?? 'at once';
  const watched = <R>(work: (doing: Doing) => Observable<R>): Observable<R> =>
    defer(() => {
      witness.underWay++;
      return work(doing()).pipe(finalize(() => witness.underWay--));
    });
  const toNumber = (result: Either<{ readonly _tag: string; readonly messages?: number }, number>): number => {
    if (result._tag === 'Right') return result.right;
    if (result.left._tag === 'Overflowed') witness.reported += result.left.messages ?? 0;
    return -1;
  };
  if (spec.kind === 'batch') {
    const { messages, bytes, milliseconds } = spec;
    return source$ =>
      source$.pipe(
        batch({ messages: messages + 1, bytes: bytes ?? Infinity, within: milliseconds, sizeOf: seen, ledger, name, scheduler: clock }),
        map(values => values.reduce((all, value) => all + value, 0)),
      );
  }
  if (spec.kind === 'concurrently') {
    return source$ =>
      source$.pipe(
        concurrently(spec.n, value => watched(how => workOn(value, how, spec.milliseconds, clock)), {
          ordered: spec.ordered,
          buffer,
          ledger,
          name,
        }),
        map(toNumber),
      );
  }
  const proxy = { state$: NEVER, publish$: () => watched(how => answer(how, spec.milliseconds, clock)) };
  const retry = { delay: ({ attempt }: { attempt: number }) => (attempt > 1 ? undefined : 3), resetAfter: undefined };
  return source$ =>
    source$.pipe(
      publishTo(proxy, asText, { inFlight: spec.n, ordered: spec.ordered, buffer, ledger, name, timeout: 8, retry, scheduler: clock }),
      map(outcome => toNumber(outcome._tag === 'Right' ? right(outcome.right.value) : outcome)),
    );
};

const workOn = (
  value: number,
  how: Doing,
  milliseconds: number,
  clock: SchedulerLike,
): Observable<number | Either<{ readonly _tag: string; readonly kind: string }, number>> => {
  switch (how) {
    case 'at once':
      return of(value);
    case 'slow':
      return timer(milliseconds, clock).pipe(map(() => value));
    case 'many':
      return concat(of(value, value + 1), timer(milliseconds, clock).pipe(map(() => right(value + 2))));
    case 'left':
      return of(left({ _tag: 'NotToday', kind: 'message' }));
    case 'never':
      return NEVER;
    case 'terminal':
      return timer(milliseconds, clock).pipe(map(() => left({ _tag: 'NeverAgain', kind: 'terminal' })));
    case 'defect':
      return defer(() => {
        throw new Error('defect');
      });
  }
};

const answer = (how: Doing, milliseconds: number, clock: SchedulerLike): Observable<Either<PublishError, Accepted>> => {
  const accepted = right<PublishError, Accepted>({ by: 'spooler' });
  switch (how) {
    case 'at once':
    case 'many':
      return of(accepted);
    case 'slow':
      return timer(milliseconds, clock).pipe(map(() => accepted));
    case 'left':
      return timer(milliseconds, clock).pipe(map(() => left(refusal)));
    case 'never':
      return NEVER;
    case 'terminal':
      return timer(milliseconds, clock).pipe(map(() => left(new ProxyClosed())));
    case 'defect':
      return defer(() => {
        throw new Error('defect');
      });
  }
};

const refusal = new ServiceFault('message', {
  operation: 'aws.greengrass#PublishToIoTCore',
  topicName: 'out',
  reason: 'SpoolFull',
  retryable: true,
  remedy: '',
  serverCode: 'ServiceError',
  serverText: '',
});
