import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ReadableStream } from 'node:stream/web';
import { left, right } from 'fp-ts/lib/Either.js';
import { concat, defer, EMPTY, from, ignoreElements, lastValueFrom, map, type Observable, of, Subject, take, timer, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { ServiceFault, TokenRefused } from '../../src/errors/errors.js';
import {
  concurrently,
  Ledger,
  type PublishPort,
  publishTo,
  publishWritable,
  publishWritableStream,
  pullThrough,
} from '../../src/flow/index.js';
import { openPublishSink } from '../../src/flow/publish-writable.js';
import { asText, fakeProxy } from '../kit/nucleus/fake-proxy.js';
import { watched } from '../kit/time/virtual.js';

/** A nucleus that answers in a microtask, as a promise does, or when it is told to. */
const promptProxy = (
  taken: string[],
  answered = (): Promise<unknown> => Promise.resolve(),
): PublishPort & { readonly most: () => number } => {
  let underWay = 0;
  let most = 0;
  return {
    state$: EMPTY,
    most: () => most,
    publish$: request =>
      defer(() => {
        underWay++;
        most = Math.max(most, underWay);
        return from(answered()).pipe(
          map(() => {
            underWay--;
            taken.push(String(request.payload));
            return right({ by: 'spooler' as const });
          }),
        );
      }),
  };
};

const refused = new ServiceFault('message', {
  operation: 'aws.greengrass#PublishToIoTCore',
  topicName: 'out',
  reason: 'SpoolFull',
  retryable: false,
  remedy: '',
  serverCode: 'ServiceError',
  serverText: '',
});

const all = <A>(source$: Observable<A>): Promise<A[]> => lastValueFrom(source$.pipe(toArray()));

describe('pullThrough', () => {
  it('reads an iterable only when there is room, drops nothing, and keeps virtual time', () => {
    const ledger = new Ledger();
    let read = 0;
    function* numbers(): Generator<number> {
      for (; read < 100; read++) yield read;
    }
    const proxy = fakeProxy(() => ({ after: 10 }));
    const seen = watched(
      () => pullThrough(numbers(), publishTo(proxy, asText, { inFlight: 4, buffer: { messages: 0 }, ledger })),
      outcome => (outcome._tag === 'Right' ? `${outcome.right.value} of ${read + 1}` : 'left'),
    );
    expect(seen.slice(0, 5)).toEqual(['10 0 of 4', '10 1 of 5', '10 2 of 6', '10 3 of 7', '20 4 of 8']);
    expect(seen.at(-1)).toBe('250 complete');
    expect(ledger.snapshot().stages[0]).toMatchObject({ received: { messages: 100 }, emitted: { messages: 100 }, peak: { messages: 4 } });
  });

  it('reads 3 000 lines of a file with 50 under way', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pull-'));
    const path = join(folder, 'lines');
    const lines = Array.from({ length: 3_000 }, (_, i) => `line ${i}`);
    await writeFile(path, lines.join('\n'));
    const ledger = new Ledger();
    const taken: string[] = [];
    const proxy = promptProxy(taken);
    const outcomes$ = pullThrough(createInterface({ input: createReadStream(path) }), publishTo(proxy, asText, { inFlight: 50, ledger }));
    const outcomes = await all(outcomes$);
    await rm(folder, { recursive: true });
    expect(outcomes.filter(({ _tag }) => _tag === 'Right')).toHaveLength(3_000);
    expect(taken.sort()).toEqual(lines.sort());
    expect(proxy.most()).toBeLessThanOrEqual(50);
    expect(ledger.snapshot().stages[0]).toMatchObject({ dropped: { messages: 0 } });
    expect(ledger.snapshot().stages[0]?.peak.messages).toBeLessThanOrEqual(50);
  });

  it('reads Node and Web streams and async generators', async () => {
    async function* letters(): AsyncGenerator<string> {
      yield* ['a', 'b'];
    }
    const upper = concurrently(1, (text: string) => of(text.toUpperCase()));
    const expected = [right('A'), right('B')];
    expect(await all(pullThrough(Readable.from(['a', 'b']), upper))).toEqual(expected);
    expect(await all(pullThrough(ReadableStream.from(['a', 'b']), upper))).toEqual(expected);
    expect(await all(pullThrough(letters(), upper))).toEqual(expected);
  });

  it('reads a million values without filling the stack when all work is done at once', async () => {
    const range = {
      *[Symbol.iterator]() {
        for (let i = 0; i < 1_000_000; i++) yield i;
      },
    };
    expect(
      await lastValueFrom(
        pullThrough(
          range,
          concurrently(1, n => of(n)),
        ),
      ),
    ).toEqual(right(999_999));
  });

  it('closes the source when its subscriber leaves or the stage ends by itself', async () => {
    let closed = 0;
    function* endless(): Generator<number> {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        closed++;
      }
    }
    expect(
      await all(
        pullThrough(
          endless(),
          concurrently(1, n => of(n)),
        ).pipe(take(2)),
      ),
    ).toHaveLength(2);
    expect(closed).toBe(1);
    watched(
      () =>
        pullThrough(
          endless(),
          publishTo(
            fakeProxy(() => ({ after: 1, error: new TokenRefused(true) })),
            asText,
          ),
        ),
      String,
    );
    expect(closed).toBe(2);
  });

  it('destroys a stream that has nothing to read when its subscriber leaves', async () => {
    const stream = new PassThrough({ objectMode: true });
    const subscription = pullThrough(
      stream as AsyncIterable<string>,
      concurrently(1, text => of(text)),
    ).subscribe();
    subscription.unsubscribe();
    expect(stream.destroyed).toBe(true);
  });

  it('hands what an iterator written by hand throws at a later read to the error channel', async () => {
    let reads = 0;
    const next = (): Promise<IteratorResult<number>> => {
      if (++reads === 3) throw new Error('not a promise');
      return Promise.resolve({ done: false, value: reads });
    };
    const source: AsyncIterable<number> = { [Symbol.asyncIterator]: () => ({ next }) };
    const work = concurrently(1, (n: number) => Promise.resolve(n));
    await expect(all(pullThrough(source, work))).rejects.toThrow('not a promise');
    expect(reads).toBe(3);
  });

  it('refuses a plain operator, which does not say when it has room', () => {
    const double = map((n: number) => n * 2);
    // @ts-expect-error -- an operator is no stage
    expect(() => pullThrough([1, 2], double)).toThrow('pullThrough needs a stage');
    // @ts-expect-error -- a stage with operators behind it is none either
    expect(() => pullThrough([1, 2], (source: Observable<number>) => source.pipe(concurrently(1, n => of(n))))).toThrow(TypeError);
  });

  it('ends in good order where closing its source throws', async () => {
    const value = { done: false, value: 1 } as const;
    const refuse = (): never => {
      throw new Error('cannot be closed');
    };
    const sync: Iterable<number> = { [Symbol.iterator]: () => ({ next: () => value, return: refuse }) };
    const later: AsyncIterable<number> = { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve(value), return: refuse }) };
    const work = concurrently(1, (n: number) => of(n));
    expect(await all(pullThrough(sync, work).pipe(take(2)))).toEqual([right(1), right(1)]);
    expect(await all(pullThrough(later, work).pipe(take(2)))).toEqual([right(1), right(1)]);
  });

  it('hands an error while reading to the error channel', async () => {
    function* broken(): Generator<number> {
      yield 1;
      throw new Error('disk');
    }
    await expect(
      all(
        pullThrough(
          broken(),
          concurrently(1, n => of(n)),
        ),
      ),
    ).rejects.toThrow('disk');
    const stream = new Readable({ read: () => undefined });
    setImmediate(() => stream.destroy(new Error('disk')));
    await expect(
      all(
        pullThrough(
          stream as AsyncIterable<string>,
          concurrently(1, text => of(text)),
        ),
      ),
    ).rejects.toThrow('disk');
  });

  it('has what a synchronous source throws when there is room again for its error', () => {
    const source = function* (): Generator<number> {
      yield 1;
      throw new Error('boom');
    };
    const work = (n: number) => concat(timer(5).pipe(ignoreElements()), of(n));
    const seen = watched(
      () => pullThrough(source(), concurrently(1, work, { ledger: new Ledger() })),
      ({ _tag }) => _tag,
    );
    expect(seen).toEqual(['5 Right', '5 Error: boom']);
  });
});

describe('publishWritable', () => {
  it('ends a pipeline when every value has its outcome, with no more under way than told', async () => {
    const taken: string[] = [];
    const proxy = promptProxy(taken);
    const outcomes: string[] = [];
    await pipeline(
      Readable.from(Array.from({ length: 1_000 }, (_, i) => i)),
      publishWritable(proxy, (n: number) => asText(n), { inFlight: 3, onOutcome: outcome => outcomes.push(outcome._tag) }),
    );
    expect(taken.map(Number)).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
    expect(outcomes).toEqual(taken.map(() => 'Right'));
    expect(proxy.most()).toBe(3);
  });

  it('reads no further than its room and high-water mark while the nucleus is silent', async () => {
    let read = 0;
    const answers = new Subject<never>();
    const source = new Readable({ objectMode: true, highWaterMark: 1, read: () => void source.push(read++) });
    const writable = publishWritable({ state$: EMPTY, publish$: () => answers }, asText, {
      inFlight: 4,
      highWaterMark: 2,
      timeout: Infinity,
    });
    const ended = pipeline(source, writable);
    // Some turns of the event loop, in which a pipeline without backpressure reads thousands.
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
    expect(read).toBeLessThanOrEqual(4 + 2 + 3);
    writable.destroy();
    await expect(ended).rejects.toThrow();
    expect(answers.observed).toBe(false);
  });

  it('fails the pipeline with the first failed publish, unless somebody looks at the outcomes', async () => {
    const proxy: PublishPort = {
      state$: EMPTY,
      publish$: ({ payload }) => of(payload === '2' ? left(refused) : right({ by: 'spooler' as const })),
    };
    await expect(pipeline(Readable.from([1, 2, 3]), publishWritable(proxy, asText))).rejects.toMatchObject({
      _tag: 'ServiceFault',
      value: 2,
    });
    const outcomes: string[] = [];
    await pipeline(Readable.from([1, 2, 3]), publishWritable(proxy, asText, { onOutcome: outcome => outcomes.push(outcome._tag) }));
    expect(outcomes).toEqual(['Right', 'Left', 'Right']);
  });

  it('fails the pipeline with a terminal failure even if somebody looks, and with a defect', async () => {
    const closed: PublishPort = { state$: EMPTY, publish$: () => of(left(new TokenRefused(true))) };
    await expect(pipeline(Readable.from([1, 2]), publishWritable(closed, asText, { onOutcome: () => undefined }))).rejects.toMatchObject({
      _tag: 'TokenRefused',
    });
    const broken = (): never => {
      throw new Error('broken');
    };
    await expect(pipeline(Readable.from([1]), publishWritable(promptProxy([]), broken))).rejects.toThrow('broken');
    await expect(pipeline(Readable.from([1]), publishWritable(promptProxy([]), asText, { onOutcome: broken }))).rejects.toThrow('broken');
  });

  it('fails the pipeline when its stage cannot be opened, which is before there is a stream', async () => {
    const failing: PublishPort = {
      ...promptProxy([]),
      holdDrain: () => {
        throw new Error('no drain');
      },
    };
    await expect(pipeline(Readable.from([1]), publishWritable(failing, asText))).rejects.toThrow('no drain');
    await expect(ReadableStream.from([1]).pipeTo(publishWritableStream(failing, asText))).rejects.toThrow('no drain');
  });

  it('answers the write that waits when it is stopped, so that an aborted stream does not wait for the nucleus', () => {
    const answers = new Subject<never>();
    const answered: unknown[] = [];
    const sink = openPublishSink({ state$: EMPTY, publish$: () => answers }, asText, { inFlight: 1, timeout: Infinity });
    sink.write('a', error => answered.push(error));
    expect(answered).toEqual([]);
    sink.stop(new Error('enough'));
    expect(answered).toEqual([new Error('enough')]);
    expect(answers.observed).toBe(false);
  });
});

describe('publishWritableStream', () => {
  it('publishes a stream of the platform, a few at a time, and ends when all have their outcomes', async () => {
    const taken: string[] = [];
    const proxy = promptProxy(taken, () => new Promise(setImmediate));
    const outcomes: string[] = [];
    const writable = publishWritableStream(proxy, asText, { inFlight: 2, onOutcome: outcome => outcomes.push(outcome._tag) });
    await ReadableStream.from([1, 2, 3, 4, 5]).pipeTo(writable);
    expect(taken).toEqual(['1', '2', '3', '4', '5']);
    expect(outcomes).toHaveLength(5);
    expect(proxy.most()).toBe(2);
  });

  it('rejects with the first failure where nobody looks at outcomes', async () => {
    const refusing: PublishPort = {
      state$: EMPTY,
      publish$: ({ payload }) => of(payload === '2' ? left(refused) : right({ by: 'spooler' as const })),
    };
    await expect(ReadableStream.from([1, 2, 3]).pipeTo(publishWritableStream(refusing, asText))).rejects.toMatchObject({
      _tag: 'ServiceFault',
    });
  });

  it('is not held up by a publish without an answer when it is aborted', async () => {
    const silent: PublishPort = { state$: EMPTY, publish$: () => new Subject<never>() };
    const writer = publishWritableStream(silent, asText, { inFlight: 1, timeout: Infinity }).getWriter();
    const written = Promise.allSettled([writer.write(1), writer.write(2), writer.closed]);
    await writer.abort(new Error('enough'));
    expect(await written).toMatchObject(Array.from({ length: 3 }, () => ({ status: 'rejected', reason: new Error('enough') })));
  });
});
