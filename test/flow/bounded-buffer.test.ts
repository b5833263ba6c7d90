import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LedgerAccount } from '../../src/flow/account.js';
import { BoundedBuffer, type BufferPolicy } from '../../src/flow/bounded-buffer.js';

interface Item {
  readonly id: number;
  readonly key: number;
  readonly bytes: number;
}

/** What a bounded buffer must do, in arrays and without care for speed. */
class Model {
  waiting: Item[] = [];
  dropped: Item[] = [];
  readonly messages: number;
  readonly bytes: number;
  readonly onFull: string;
  private overtaken: Item[] = [];

  constructor(messages: number, bytes: number, onFull: string) {
    this.messages = messages;
    this.bytes = bytes;
    this.onFull = onFull;
  }

  offer(item: Item): boolean {
    const fits = (): boolean =>
      this.waiting.length <= this.messages && this.waiting.reduce((sum, { bytes }) => sum + bytes, 0) <= this.bytes;
    const older = this.waiting.findLast(({ key }) => key === item.key);
    this.waiting.push(item);
    if (fits()) {
      if (older !== undefined) this.overtaken.push(older);
      return true;
    }
    if (this.onFull === 'fail' || this.onFull === 'dropNewest' || this.messages === 0 || item.bytes > this.bytes) {
      this.waiting.pop();
      this.dropped.push(item);
      return this.onFull !== 'fail';
    }
    if (older !== undefined) this.overtaken.push(older);
    while (!fits()) {
      const victim =
        (this.onFull === 'latestPerKey' ? this.overtaken.find(each => this.waiting.includes(each)) : undefined) ?? this.waiting[0];
      this.waiting = this.waiting.filter(each => each !== victim);
      if (victim !== undefined) this.dropped.push(victim);
    }
    return true;
  }
}

const bufferOf = (
  messages: number,
  bytes: number,
  onFull: 'dropOldest' | 'dropNewest' | 'latestPerKey' | 'fail',
  onDrop: (item: Item) => void,
): [BoundedBuffer<Item>, LedgerAccount] => {
  const account = new LedgerAccount('concurrently', 'test');
  const common = { messages, bytes, sizeOf: (item: Item) => item.bytes, onDrop };
  const policy: BufferPolicy<Item> = onFull === 'latestPerKey' ? { ...common, onFull, key: item => item.key } : { ...common, onFull };
  return [new BoundedBuffer(policy, account), account];
};

const drain = <A>(buffer: BoundedBuffer<A>): A[] => {
  const all: A[] = [];
  while (buffer.length > 0) all.push(buffer.shift());
  return all;
};

describe('a bounded buffer', () => {
  it.each(['dropOldest', 'dropNewest', 'latestPerKey', 'fail'] as const)(
    'with %s keeps and drops what the plain model does, in the same order',
    onFull => {
      const step = fc.oneof(
        { weight: 3, arbitrary: fc.record({ key: fc.integer({ min: 0, max: 3 }), bytes: fc.integer({ min: 0, max: 6 }) }) },
        { weight: 1, arbitrary: fc.constant('take' as const) },
      );
      fc.assert(
        fc.property(
          fc.array(step, { maxLength: 60 }),
          fc.integer({ min: 0, max: 6 }),
          fc.option(fc.integer({ min: 0, max: 20 }), { nil: Infinity }),
          (steps, messages, bytes) => {
            const model = new Model(messages, bytes, onFull);
            const dropped: Item[] = [];
            const [buffer, account] = bufferOf(messages, bytes, onFull, item => dropped.push(item));
            let taken = 0;
            steps.forEach((step, id) => {
              if (step === 'take') {
                expect(buffer.length).toBe(model.waiting.length);
                if (buffer.length === 0) return;
                const { bytes } = model.waiting[0] ?? { bytes: -1 };
                expect(buffer.headBytes()).toBe(bytes);
                expect(buffer.shift()).toBe(model.waiting.shift());
                account.emit(1, bytes);
                taken++;
                return;
              }
              const item = { id, ...step };
              account.receive(item.bytes);
              expect(buffer.offer(item, item.bytes)).toBe(model.offer(item));
              expect(buffer.length).toBeLessThanOrEqual(messages);
            });
            const { received, buffered, emitted, peak } = account.snapshot();
            expect(dropped).toEqual(model.dropped);
            expect(received.messages).toBe(taken + dropped.length + model.waiting.length);
            expect([buffered.messages, emitted.messages]).toEqual([model.waiting.length, taken]);
            expect(peak.messages).toBeLessThanOrEqual(messages);
            expect(peak.bytes).toBeLessThanOrEqual(bytes);
            const overflow = buffer.takeOverflow();
            expect(overflow?.messages ?? 0).toBe(dropped.length);
            expect(overflow?.bytes ?? 0).toBe(dropped.reduce((sum, item) => sum + item.bytes, 0));
            expect(buffer.takeOverflow()).toBeUndefined();
            expect(drain(buffer)).toEqual(model.waiting);
          },
        ),
        { numRuns: 1_000 },
      );
    },
  );

  it('keeps the last value of every key while there is room for all keys', () => {
    const [buffer] = bufferOf(3, Infinity, 'latestPerKey', () => undefined);
    for (let id = 0; id < 100; id++) buffer.offer({ id, key: id < 90 ? id % 3 : 0, bytes: 1 }, 1);
    expect(drain(buffer).map(({ id }) => id)).toEqual([88, 89, 99]);
  });

  it('lets what onDrop feeds back in stay in order, and counts it', () => {
    const account = new LedgerAccount('concurrently', 'test');
    const buffer: BoundedBuffer<number> = new BoundedBuffer<number>(
      {
        messages: 2,
        onDrop: value => {
          if (value >= 100) return;
          account.receive(0);
          buffer.offer(value + 100, 0);
        },
      },
      account,
    );
    for (const value of [1, 2, 3]) {
      account.receive(0);
      buffer.offer(value, 0);
    }
    const { received, dropped, buffered } = account.snapshot();
    expect(received.messages).toBe(dropped.messages + buffered.messages);
    expect(buffered.messages).toBe(2);
    expect(buffer.length).toBe(2);
  });

  it('throws what onDrop threw once everything is counted', () => {
    const account = new LedgerAccount('concurrently', 'test');
    const buffer = new BoundedBuffer<number>(
      {
        messages: 1,
        onDrop: () => {
          throw new Error('broken');
        },
      },
      account,
    );
    account.receive(0);
    account.receive(0);
    buffer.offer(1, 0);
    expect(() => buffer.offer(2, 0)).toThrow('broken');
    expect(account.snapshot()).toMatchObject({ dropped: { messages: 1 }, buffered: { messages: 1 } });
    expect(buffer.shift()).toBe(2);
  });

  it.each([-1, NaN])('refuses a capacity of %d', messages => {
    expect(() => new BoundedBuffer({ messages }, new LedgerAccount('concurrently', 'test'))).toThrow(RangeError);
  });

  it('refuses a policy that it does not know, which was taken for dropOldest', () => {
    const policy = { onFull: 'drop-newest' } as never;
    expect(() => new BoundedBuffer(policy, new LedgerAccount('concurrently', 'test'))).toThrow('buffer.onFull must be "dropOldest" or ');
  });
});
