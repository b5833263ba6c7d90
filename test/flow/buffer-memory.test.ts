import { NEVER, of, Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { LedgerAccount } from '../../src/flow/account.js';
import { BoundedBuffer, type BufferPolicy } from '../../src/flow/bounded-buffer.js';
import { BUFFER_MEMORY, BufferMemory, bufferMemory, bytesOf } from '../../src/flow/buffer-memory.js';
import { batch, concurrently, publishTo } from '../../src/flow/index.js';
import { QOS } from '../../src/shared/qos.js';
import { fallbackTo } from '../../src/sinks/index.js';

const MIB = 1_024 * 1_024;
const block = new ArrayBuffer(MIB);
/** Each counts for itself, and none takes memory. */
const payloads = (count: number): Uint8Array[] => Array.from({ length: count }, () => new Uint8Array(block));

const bufferOf = <A>(policy: BufferPolicy<A>, memory = new BufferMemory(16 * MIB)): BoundedBuffer<A> =>
  new BoundedBuffer(policy, new LedgerAccount('concurrently', 'test'), undefined, false, memory);

describe('the memory that buffers share', () => {
  it('is for whoever comes first up to its half, and above that each may hold its part of the other half', () => {
    const memory = new BufferMemory(100);
    const [a, b] = [memory.share(), memory.share()];
    expect([a.has(50), a.has(51)]).toEqual([true, false]);
    a.hold(50, undefined);
    expect([a.has(1), b.has(25), b.has(26)]).toEqual([false, true, false]);
    b.hold(25, undefined);
    expect([memory.held, b.has(1)]).toEqual([75, false]);
    a.release(40);
    expect([b.has(15), b.has(16)]).toEqual([true, false]);
  });

  it('is never more than it is, however many buffers come after one that holds much', () => {
    const memory = new BufferMemory(100);
    for (let i = 0; i < 20; i++) {
      const share = memory.share();
      while (share.has(1)) share.hold(1, undefined);
    }
    expect(memory.held).toBeLessThanOrEqual(100);
  });

  it('is given back when a buffer is closed, once', () => {
    const memory = new BufferMemory(100);
    const [a, b] = [memory.share(), memory.share()];
    a.hold(50, undefined);
    a.close();
    a.close();
    b.hold(50, undefined);
    expect([memory.held, b.has(1)]).toEqual([50, false]);
  });

  it('is not taken by a buffer that was closed', () => {
    const memory = new BufferMemory(16 * MIB);
    const policy: BufferPolicy<Uint8Array> = { onFull: 'latestPerKey', key: () => buffer.discard() };
    const buffer: BoundedBuffer<Uint8Array> = bufferOf(policy, memory);
    for (const payload of payloads(2)) buffer.offer(payload, 0);
    expect([memory.held, buffer.length]).toEqual([0, 0]);
  });

  it('is 16 MiB for all buffers of the process', () => {
    expect([BUFFER_MEMORY, bufferMemory.limit]).toEqual([16 * MIB, 16 * MIB]);
  });
});

describe('the bytes of a value that waits', () => {
  const reading = { id: 'a', celsius: 21 };
  it.each([
    ['a number', 1, 8],
    ['a text', 'x'.repeat(1_000), 1_008],
    ['binary data', new Uint8Array(1_000), 1_032],
    ['a message', { topicName: 't', payload: new Uint8Array(1_000) }, 32 + 17 + 1_040],
    ['an object with objects in it', { reading, more: null }, 32 + 8 + (32 + 17 + 16) + 16],
    ['a list of 10 000 numbers', new Array(10_000).fill(1), 80_032],
    ['a map', new Map([['a', 'x'.repeat(1_000)]]), 32 + (32 + 9 + 1_008)],
    ['a set', new Set(['x'.repeat(1_000)]), 32 + 1_008],
    ['nothing', undefined, 8],
  ])('are reckoned by what it is made of: %s', (_what, value, bytes) => {
    expect(bytesOf(value, undefined)).toBe(bytes);
  });

  it('are reckoned from the first members of one that has many', () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`k${i}`, 'x'.repeat(100)]));
    expect(bytesOf(many, undefined)).toBe(32 + 1_000 * 116);
    const rows = Array.from({ length: 1_000 }, () => ({ text: 'x'.repeat(100) }));
    expect(bytesOf(rows, undefined)).toBe(32 + 1_000 * 148);
  });

  it('leave out what the value before it has too', () => {
    const model = new Uint8Array(MIB);
    expect(bytesOf([reading, model], [reading, model])).toBeLessThan(100);
    expect(bytesOf({ n: 2, model }, { n: 1, model })).toBeLessThan(100);
    expect(bytesOf(reading, reading)).toBe(8);
  });

  it('are not multiplied where objects refer to each other', () => {
    const parent: { children: object[] } = { children: [] };
    for (let n = 0; n < 1_000; n++) parent.children.push({ n, parent });
    expect(bytesOf(parent, undefined)).toBeLessThan(200_000);
    expect(bytesOf(parent.children[7], undefined)).toBeLessThan(200_000);
  });

  it('are reckoned from few members also of one that is endlessly deep', () => {
    let reads = 0;
    const endless = (): object => ({
      get next() {
        reads++;
        return endless();
      },
    });
    bytesOf(endless(), undefined);
    expect(reads).toBeLessThanOrEqual(64);
  });

  it('are told of one that refers to itself, and of one that cannot be read', () => {
    const loop: { self?: unknown } = {};
    loop.self = loop;
    expect(bytesOf(loop, undefined)).toBeLessThan(10_000);
    const hostile = Object.defineProperty({}, 'member', {
      enumerable: true,
      get: () => {
        throw new Error('not to be read');
      },
    });
    expect(bytesOf(hostile, undefined)).toBe(32);
  });
});

describe('a buffer without a bound in bytes', () => {
  it.each(['dropOldest', 'dropNewest', 'fail'] as const)('gives way by its rule when its part of the memory is full: %s', onFull => {
    const dropped: number[] = [];
    const buffer = bufferOf<{ n: number; payload: Uint8Array }>({ onFull, onDrop: ({ n }) => dropped.push(n) });
    const taken = payloads(9).map((payload, n) => buffer.offer({ n, payload }, 0));
    expect(taken.at(-1)).toBe(onFull !== 'fail');
    expect(dropped).toEqual(onFull === 'dropOldest' ? [0, 1] : [7, 8]);
    expect(buffer.length).toBe(7);
    const overflow = onFull === 'fail' ? buffer.takeFatalOverflow() : buffer.takeOverflow();
    expect(overflow).toMatchObject({ messages: 2, bytes: 0, bounds: ['shared'] });
    expect(overflow?.message).toBe(
      `A buffer was full (its part of the 16 MiB that all buffers share) and dropped 2 messages (${onFull}). Let the stage work on more at once, give it a bound of its own (buffer: { bytes, sizeOf }), or send it less.`,
    );
  });

  it('keeps the latest of each key when its part of the memory is full', () => {
    const buffer = bufferOf<{ n: number; payload: Uint8Array }>({ onFull: 'latestPerKey', key: ({ n }) => n % 7 });
    payloads(20).forEach((payload, n) => buffer.offer({ n, payload }, 0));
    const kept: number[] = [];
    while (buffer.length > 0) kept.push(buffer.shift().n);
    expect(kept).toEqual([13, 14, 15, 16, 17, 18, 19]);
  });

  it('drops what is larger than all the memory, and nothing else for it', () => {
    const buffer = bufferOf<{ payload: Uint8Array }>({});
    buffer.offer({ payload: new Uint8Array(10) }, 0);
    buffer.offer({ payload: new Uint8Array(new ArrayBuffer(17 * MIB)) }, 0);
    expect([buffer.length, buffer.takeOverflow()?.bounds]).toEqual([1, ['shared']]);
  });

  it('counts by sizeOf where there is one', () => {
    const buffer = bufferOf<number>({ sizeOf: () => 3 * MIB });
    for (const n of [1, 2, 3]) buffer.offer(n, 3 * MIB);
    expect([buffer.length, buffer.headBytes(), buffer.takeOverflow()?.bytes]).toEqual([2, 3 * MIB, 3 * MIB]);
  });

  it('leaves its memory to the others when less waits, and when it has ended', () => {
    const memory = new BufferMemory(16 * MIB);
    const buffer = bufferOf<Uint8Array>({}, memory);
    for (const payload of payloads(3)) buffer.offer(payload, 0);
    expect(memory.held).toBe(3 * MIB + 96);
    buffer.shift();
    expect(memory.held).toBe(2 * MIB + 64);
    buffer.discard();
    expect(memory.held).toBe(0);
  });

  it('that is stuck leaves another its part', () => {
    const memory = new BufferMemory(16 * MIB);
    const [stuck, other] = [bufferOf<Uint8Array>({}, memory), bufferOf<Uint8Array>({}, memory)];
    for (const payload of payloads(30)) stuck.offer(payload, 0);
    for (const payload of payloads(3)) other.offer(payload, 0);
    expect([stuck.length, other.length, other.takeOverflow()]).toEqual([7, 3, undefined]);
  });
});

it('a buffer with bounds of its own has none of the shared memory, and tells which was hit', () => {
  const memory = new BufferMemory(16 * MIB);
  const buffer = bufferOf<Uint8Array>({ messages: 3, bytes: 20, sizeOf: ({ length }) => length }, memory);
  const offer = (bytes: number): boolean => buffer.offer(new Uint8Array(bytes), bytes);
  for (const bytes of [1, 1, 1, 1]) offer(bytes);
  expect([memory.held, buffer.takeOverflow()?.bounds]).toEqual([0, ['messages']]);
  offer(18);
  offer(18);
  expect(buffer.takeOverflow()?.message).toBe(
    'A buffer was full (buffer.messages, buffer.bytes) and dropped 4 messages (dropOldest). Let the stage work on more at once, give it a larger buffer, or send it less.',
  );
});

describe('stages', () => {
  it('hold no more of large values than the memory has for them, and say so in their place', () => {
    const before = bufferMemory.held;
    const values$ = new Subject<Uint8Array>();
    const gate$ = new Subject<number>();
    const results: unknown[] = [];
    const running = values$.pipe(concurrently(1, () => gate$)).subscribe(result => results.push(result));
    for (const payload of payloads(30)) values$.next(payload);
    expect(bufferMemory.held).toBeGreaterThan(before);
    expect(bufferMemory.held).toBeLessThanOrEqual(BUFFER_MEMORY);
    gate$.next(1);
    expect(results).toMatchObject([{ _tag: 'Left', left: { _tag: 'Overflowed', bounds: ['shared'] } }, { right: 1 }]);
    running.unsubscribe();
    expect(bufferMemory.held).toBe(before);
  });

  it('that gather give a batch away before it takes more than its part', () => {
    const before = bufferMemory.held;
    const values$ = new Subject<Uint8Array>();
    const sizes: number[] = [];
    const running = values$.pipe(batch({})).subscribe(({ length }) => sizes.push(length));
    for (const payload of payloads(30)) values$.next(payload);
    expect(bufferMemory.held).toBeGreaterThan(before);
    values$.complete();
    expect(sizes.length).toBeGreaterThan(3);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(30);
    running.unsubscribe();
    expect(bufferMemory.held).toBe(before);
  });

  it('that gather give a value at once that is larger than their part, and leave others theirs', () => {
    const before = bufferMemory.held;
    const values$ = new Subject<Uint8Array>();
    const sizes: number[] = [];
    const running = values$.pipe(batch({})).subscribe(({ length }) => sizes.push(length));
    values$.next(new Uint8Array(1));
    values$.next(new Uint8Array(new ArrayBuffer(BUFFER_MEMORY + 1)));
    expect([sizes, bufferMemory.held]).toEqual([[1, 1], before]);
    running.unsubscribe();
  });

  it('tell a fallback which bound a value was over', () => {
    const values$ = new Subject<Uint8Array>();
    const port = { publish$: () => NEVER, state$: NEVER };
    const messages: string[] = [];
    const running = values$
      .pipe(
        publishTo(port, payload => ({ topicName: 'out', payload, qos: QOS.AT_LEAST_ONCE })),
        fallbackTo(
          concurrently(1, value => of(value.length)),
          {
            when: ({ message }) => messages.push(message) > 0,
          },
        ),
      )
      .subscribe();
    for (const payload of payloads(40)) values$.next(payload);
    expect(messages[0]).toMatch(/^\d+ publishes already wait for the nucleus, which is all that fits \(its part of the 16 MiB/);
    running.unsubscribe();
  });
});
