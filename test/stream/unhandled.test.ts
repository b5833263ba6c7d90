import { left, right, type Either } from 'fp-ts/lib/Either.js';
import { NEVER, of, Subject, type Observable, type OperatorFunction } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TokenRefused } from '../../src/errors/errors.js';
import { concurrently } from '../../src/flow/index.js';
import { connect } from '../../src/client/connect.js';
import { governRate } from '../../src/operators/index.js';
import { QOS } from '../../src/shared/qos.js';
import { fixed, limited } from '../../src/schedule/index.js';
import { retryWith } from '../../src/stream/retry.js';
import { catchTag, onRights, orThrow, runToEnd, toTaskEither } from '../../src/stream/index.js';

const lines: string[] = [];

beforeEach(() => {
  lines.length = 0;
  // The lines are rationed by the clock: each test gets a clock of its own, far from the others'.
  vi.useFakeTimers({ toFake: ['Date'], now: (beforeEachRun += 60_000) });
  vi.spyOn(console, 'error').mockImplementation((line: string) => {
    lines.push(line);
  });
});

let beforeEachRun = 1_000_000_000_000;

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Subscribing to an impossible filter fails at once, without a nucleus. */
const refused$ = (): ReturnType<ReturnType<typeof connect>['subscribe']> =>
  connect({ socketPath: 'none', authToken: 'none' }).subscribe({ topicName: 'a/#/b', qos: QOS.AT_LEAST_ONCE });

describe('a terminal failure of a subscription', () => {
  it('that nobody deals with is one line on stderr', () => {
    refused$().subscribe();
    expect(lines).toEqual([expect.stringMatching(/^greengrass-rx: InvalidRequest: .*"a\/#\/b"/)]);
  });

  it('is told once the pipeline behind onRights has passed it', () => {
    const gate = new Subject<never>();
    refused$()
      .pipe(onRights(() => gate))
      .subscribe();
    expect(lines).toEqual([]);
    gate.complete();
    expect(lines).toHaveLength(1);
  });

  it('is not told to one who has left before it came out', () => {
    refused$()
      .pipe(onRights(() => NEVER))
      .subscribe()
      .unsubscribe();
    expect(lines).toEqual([]);
  });

  it.each<[string, () => unknown]>([
    ['runToEnd', () => runToEnd(refused$()).catch(() => undefined)],
    ['runToEnd behind onRights', () => runToEnd(refused$().pipe(onRights(m$ => m$))).catch(() => undefined)],
    [
      'catchTag',
      () =>
        refused$()
          .pipe(catchTag('InvalidRequest', () => of(right('instead'))))
          .subscribe(),
    ],
    [
      'orThrow',
      () =>
        refused$()
          .pipe(orThrow())
          .subscribe({ error: () => undefined }),
    ],
    ['toTaskEither', () => toTaskEither(() => 'empty')(refused$())()],
    [
      'retryWith',
      () =>
        refused$()
          .pipe(retryWith(limited(1)(fixed(1e6)), { while: () => true }))
          .subscribe()
          .unsubscribe(),
    ],
  ])('is not told when %s has it', async (_name, run) => {
    await run();
    expect(lines).toEqual([]);
  });

  it('is not told in virtual time', () => {
    new TestScheduler(() => undefined).run(() => {
      const scheduler = new TestScheduler(() => undefined);
      connect({ socketPath: 'none', authToken: 'none', scheduler }).subscribe({ topicName: '', qos: QOS.AT_LEAST_ONCE }).subscribe();
    });
    expect(lines).toEqual([]);
  });
});

it('a terminal failure out of a stage that nobody deals with is one line on stderr', () => {
  const work = (): Observable<Either<TokenRefused, never>> => of(left(new TokenRefused(true)));
  of(1).pipe(concurrently(1, work)).subscribe();
  expect(lines).toEqual([expect.stringMatching(/^greengrass-rx: TokenRefused: /)]);
});

it.each([
  ['concurrently', concurrently(1, () => NEVER, { buffer: { messages: 0, onFull: 'fail' } })],
  ['governRate', governRate<number>({ messagesPerSecond: 1, mode: 'shape', buffer: { messages: 0, onFull: 'fail' } })],
] as const)('a stage that fails because it is full is one line on stderr: %s', (_, stage: OperatorFunction<number, unknown>) => {
  of(1, 2, 3).pipe(stage).subscribe();
  expect(lines).toEqual([expect.stringMatching(/^greengrass-rx: Overflowed: /)]);
});

it('a clock that is set back silences nothing', () => {
  refused$().subscribe();
  vi.setSystemTime(0);
  refused$().subscribe();
  expect(lines).toHaveLength(2);
});
