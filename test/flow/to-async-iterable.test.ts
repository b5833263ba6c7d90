import { pipeline } from 'node:stream/promises';
import { Writable } from 'node:stream';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { concat, finalize, from, interval, of, range, Subject, take, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Overflowed } from '../../src/errors/errors.js';
import { Ledger, toAsyncIterable, toReadable } from '../../src/flow/index.js';

const shown = (element: Either<unknown, unknown>): string =>
  element._tag === 'Right'
    ? String(element.right)
    : element.left instanceof Overflowed
      ? `overflowed ${element.left.messages}`
      : `left ${String(element.left)}`;

const read = async (elements: AsyncIterable<Either<unknown, unknown>>): Promise<string[]> => {
  const seen: string[] = [];
  for await (const element of elements) seen.push(shown(element));
  return seen;
};

describe('toAsyncIterable', () => {
  it('gives what came, Eithers as they are, and ends with the source', async () => {
    expect(await read(toAsyncIterable(of(1, left('no'), right(2))))).toEqual(['1', 'left no', '2']);
    expect(await read(toAsyncIterable(interval(1).pipe(take(3))))).toEqual(['0', '1', '2']);
  });

  it('reports what a slow reader missed in front of what it reads next', async () => {
    const source = new Subject<number>();
    const ledger = new Ledger();
    const iterator = toAsyncIterable(source, { buffer: { messages: 2 }, ledger })[Symbol.asyncIterator]();
    for (const value of [1, 2, 3, 4, 5]) source.next(value);
    source.complete();
    const seen: string[] = [];
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) seen.push(shown(next.value));
    expect(seen).toEqual(['overflowed 3', '4', '5']);
    expect(ledger.snapshot().stages[0]).toMatchObject({
      received: { messages: 5 },
      emitted: { messages: 2 },
      dropped: { messages: 3 },
      buffered: { messages: 0 },
      active: 0,
    });
  });

  it('reports drops even if nothing follows them', async () => {
    expect(await read(toAsyncIterable(range(1, 3), { buffer: { messages: 0 } }))).toEqual(['overflowed 3']);
  });

  it('ends with the overflow, or with what sizeOf or onDrop throws, where the source emits while it is being subscribed', async () => {
    const full = toAsyncIterable(range(1, 3), { buffer: { messages: 1, onFull: 'fail' } });
    expect(await read(full)).toEqual(['overflowed 1']);
    const boom = (): never => {
      throw new Error('boom');
    };
    await expect(read(toAsyncIterable(range(1, 3), { buffer: { sizeOf: boom } }))).rejects.toThrow('boom');
    await expect(read(toAsyncIterable(range(1, 3), { buffer: { messages: 1, onDrop: boom } }))).rejects.toThrow('boom');
    await expect(pipeline(toReadable(range(1, 3), { buffer: { sizeOf: boom } }), new Writable({ objectMode: true }))).rejects.toThrow(
      'boom',
    );
  });

  it('ends with a terminal Overflowed where the policy is fail', async () => {
    const source = new Subject<number>();
    const iterator = toAsyncIterable(source, { buffer: { messages: 1, onFull: 'fail' } })[Symbol.asyncIterator]();
    source.next(1);
    source.next(2);
    expect(source.observed).toBe(false);
    const next = await iterator.next();
    expect(next.done === true ? 'done' : shown(next.value)).toBe('overflowed 1');
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('answers reads that came before their values in order, and all of them when it ends', async () => {
    const source = new Subject<number>();
    const iterator = toAsyncIterable(source, { buffer: { messages: 0 } })[Symbol.asyncIterator]();
    const reads = [iterator.next(), iterator.next(), iterator.next(), iterator.next()];
    source.next(1);
    source.next(2);
    source.complete();
    expect(await Promise.all(reads)).toEqual([
      { done: false, value: right(1) },
      { done: false, value: right(2) },
      { done: true, value: undefined },
      { done: true, value: undefined },
    ]);
  });

  it('rejects once with an error of the source, after what came before it', async () => {
    const iterator = toAsyncIterable(
      concat(
        of(1),
        throwError(() => new Error('broken')),
      ),
    )[Symbol.asyncIterator]();
    expect(await iterator.next()).toEqual({ done: false, value: right(1) });
    await expect(iterator.next()).rejects.toThrow('broken');
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('rejects with what onDrop throws, and unsubscribes', async () => {
    const source = new Subject<number>();
    const onDrop = (): never => {
      throw new Error('broken');
    };
    const iterator = toAsyncIterable(source, { buffer: { messages: 1, onDrop } })[Symbol.asyncIterator]();
    source.next(1);
    source.next(2);
    expect(source.observed).toBe(false);
    await iterator.next();
    await iterator.next();
    await expect(iterator.next()).rejects.toThrow('broken');
  });

  it('unsubscribes when the loop is left, and answers a read that still waits', async () => {
    let ended = false;
    for await (const element of toAsyncIterable(interval(1).pipe(finalize(() => (ended = true))))) if (shown(element) === '2') break;
    expect(ended).toBe(true);
    const iterator = toAsyncIterable(new Subject())[Symbol.asyncIterator]();
    const waiting = iterator.next();
    await iterator.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  it('counts what was left behind as discarded', async () => {
    const ledger = new Ledger();
    const iterator = toAsyncIterable(from([1, 2, 3]), { ledger })[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.return?.();
    expect(ledger.snapshot().stages[0]).toMatchObject({
      emitted: { messages: 1 },
      discarded: { messages: 2 },
      buffered: { messages: 0 },
      active: 0,
    });
  });
});

describe('toReadable', () => {
  it('feeds a pipeline at its pace and says what it dropped', async () => {
    const source = new Subject<number>();
    const seen: string[] = [];
    let release: (() => void) | undefined;
    const slow = new Writable({
      objectMode: true,
      highWaterMark: 1,
      write: (element: Either<unknown, unknown>, _encoding, written) => {
        seen.push(shown(element));
        if (release === undefined) release = written;
        else written();
      },
    });
    const ended = pipeline(toReadable(source, { buffer: { messages: 3 }, highWaterMark: 1 }), slow);
    source.next(1);
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    for (let value = 2; value <= 100; value++) source.next(value);
    source.complete();
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    expect(seen).toEqual(['1']);
    release?.();
    await ended;
    expect(seen.at(-1)).toBe('100');
    const values = seen.filter(line => !line.startsWith('overflowed')).length;
    const dropped = seen.map(line => Number(/overflowed (\d+)/.exec(line)?.[1] ?? 0)).reduce((a, b) => a + b);
    expect(values + dropped).toBe(100);
    expect(values).toBeLessThanOrEqual(1 + 1 + 1 + 3 + 1);
  });

  it('is destroyed by an error of the source, and unsubscribes when it is destroyed', async () => {
    await expect(read(toReadable(throwError(() => new Error('broken'))))).rejects.toThrow('broken');
    const source = new Subject<number>();
    const readable = toReadable(source);
    readable.resume();
    expect(source.observed).toBe(true);
    readable.destroy();
    await new Promise(resolve => readable.once('close', resolve));
    expect(source.observed).toBe(false);
  });
});
