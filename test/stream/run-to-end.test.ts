import { left, right, type Either } from 'fp-ts/lib/Either.js';
import { map, Observable, of, range, Subject, take, tap, throwError, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { runToEnd, type ObservableEither } from '../../src/stream/index.js';

const terminal = { kind: 'terminal' as const, why: 'refused' };
const stderr = vi.spyOn(console, 'error').mockImplementation(() => undefined);
afterEach(() => {
  stderr.mockClear();
});

describe('runToEnd', () => {
  test('resolves when the stream completes and shows each passing left', async () => {
    const seen: unknown[] = [];
    await expect(runToEnd(of(right(1), left('x'), right(2), left('y')), { onLeft: e => seen.push(e) })).resolves.toBeUndefined();
    expect(seen).toEqual(['x', 'y']);
    expect(stderr).not.toHaveBeenCalled();
  });

  test('rejects with the error of a terminal left, after it has left the source', async () => {
    const order: string[] = [];
    const source = new Observable<Either<typeof terminal, never>>(subscriber => {
      subscriber.next(left(terminal));
      return () => order.push('unsubscribed');
    });
    await runToEnd(source).catch((e: unknown) => {
      expect(e).toBe(terminal);
      order.push('rejected');
    });
    expect(order).toEqual(['unsubscribed', 'rejected']);
  });

  test('stops a synchronous source at its terminal left', async () => {
    let produced = 0;
    const source = range(0, 1_000_000).pipe(
      tap(() => (produced += 1)),
      map(n => (n === 2 ? left(terminal) : right(n))),
    );
    await expect(runToEnd(source)).rejects.toBe(terminal);
    expect(produced).toBe(3);
  });

  test('rejects with a defect of the stream', async () => {
    await expect(runToEnd(throwError(() => new Error('defect')))).rejects.toThrow('defect');
  });

  test('rejects with what onLeft throws and leaves the source', async () => {
    const source = new Subject<Either<string, never>>();
    const run = runToEnd(source, {
      onLeft: () => {
        throw new Error('handler');
      },
    });
    source.next(left('x'));
    expect(source.observed).toBe(false);
    await expect(run).rejects.toThrow('handler');
  });

  test('writes the first left of each tag to stderr when nobody looks at them, and counts the others', async () => {
    const lefts: ObservableEither<{ _tag: string; message: string } | Error | string, never> = of(
      left({ _tag: 'Garbled', message: 'm' }),
      left({ _tag: 'Garbled', message: 'm' }),
      left(Object.assign(new Error('lost'), { _tag: 'Lost' })),
      left('bare'),
      left({ _tag: 'Garbled', message: 'm' }),
    );
    await runToEnd(lefts);
    expect(stderr.mock.calls.map(([line]: unknown[]) => line)).toEqual([
      'greengrass-rx: Garbled: m',
      'greengrass-rx: Lost: lost',
      'greengrass-rx: Left: bare',
      'greengrass-rx: Garbled: 2 more were not written',
    ]);
  });

  test('writes a bounded number of lines however many tags there are', async () => {
    await runToEnd(range(0, 10_000).pipe(map(n => left({ _tag: `tag ${n}` }))));
    expect(stderr.mock.calls.length).toBeLessThanOrEqual(34);
    expect(stderr.mock.calls.at(-1)?.[0]).toBe('greengrass-rx: others: 9967 more were not written');
  });

  test('writes one more line about a tag after ten seconds, with the number it stands for', () => {
    const scheduler = new TestScheduler(() => undefined);
    scheduler.run(({ flush }) => {
      void runToEnd(
        timer(0, 1000).pipe(
          take(12),
          map(n => left({ _tag: 'Tick', message: String(n) })),
        ),
      );
      scheduler.maxFrames = Infinity;
      flush();
    });
    expect(stderr.mock.calls.map(([line]: unknown[]) => line)).toEqual([
      'greengrass-rx: Tick: 0',
      'greengrass-rx: Tick: 10 (and 9 more since the last such line)',
      'greengrass-rx: Tick: 1 more were not written',
    ]);
  });
});
