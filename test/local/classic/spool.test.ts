import { describe, expect, it } from 'vitest';
import type { Broker, BrokerMessage } from '../../../src/local/broker/broker.js';
import { ClassicSpool } from '../../../src/local/classic/spool.js';

const message = (bytes: number, qos: 0 | 1 = 1): BrokerMessage => ({ topicName: 'a', payload: Buffer.alloc(bytes), qos });
const FULL = 'Message spool is full. Message could not be added.';

/** A spool of 10 bytes, and the acknowledgements its broker still owes. */
const spool = (): { readonly spool: ClassicSpool; readonly owed: (() => void)[] } => {
  const owed: (() => void)[] = [];
  const broker = { publish: (_message: BrokerMessage, acknowledged: () => void) => owed.push(acknowledged) };
  return { spool: new ClassicSpool({ bytes: 10, inFlight: 2 }, broker as unknown as Broker), owed };
};

describe("the classic nucleus' spool", () => {
  it('holds a message of its whole size, and none that is larger', () => {
    expect(spool().spool.add(message(10))).toBeUndefined();
    expect(spool().spool.add(message(11))).toBe('Message is larger than the size of message spool.');
  });

  it('has room again for what was acknowledged, and not before', () => {
    const { spool: one, owed } = spool();
    expect([one.add(message(6)), one.add(message(4)), one.add(message(1))]).toEqual([undefined, undefined, FULL]);
    one.drain();
    expect(one.add(message(6))).toBe(FULL);
    owed.shift()?.();
    expect(one.add(message(6))).toBeUndefined();
    expect(one.add(message(1))).toBe(FULL);
  });

  it('evicts QoS 0 for what comes, also after it was cleared', () => {
    const { spool: one } = spool();
    one.add(message(5, 0));
    one.clear();
    expect(one.size).toBe(0);
    one.add(message(4));
    one.add(message(6, 0));
    expect(one.add(message(6))).toBeUndefined();
    expect(one.size).toBe(2);
    expect(one.add(message(1))).toBe(FULL);
  });
});
