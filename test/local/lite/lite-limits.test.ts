import { describe, expect, it } from 'vitest';
import type { Broker, BrokerMessage } from '../../../src/local/broker/broker.js';
import type { ClientSubscription } from '../../../src/local/server/subscriptions.js';
import { LitePublishWindow, mqttPacketSize } from '../../../src/local/lite/publish-window.js';
import { LiteServer } from '../../../src/local/lite/server.js';
import type { ProfileContext } from '../../../src/local/server/protocol.js';
import { COMPONENT, start } from '../../kit/nucleus/nuclei.js';
import { RawClient } from '../../kit/nucleus/raw-client.js';
import { HandClock } from '../../kit/time/hand-clock.js';

const message = (bytes: number): BrokerMessage => ({ topicName: 'a', payload: Buffer.alloc(bytes), qos: 1 });
const to = (filter: string): ClientSubscription =>
  ({ component: 'c', filter, qos: 0, streamId: 1, deliver: () => undefined }) as unknown as ClientSubscription;

const server = (clock = new HandClock()): LiteServer => {
  const broker = { subscribe: () => undefined, unsubscribe: () => undefined, publish: () => undefined } as unknown as Broker;
  const context = { broker, clock, observe: () => undefined, observed: () => false, isObserver: () => false } as unknown as ProfileContext;
  return new LiteServer(context, {
    subscriptions: 3,
    localSubscriptions: 2,
    publishWindow: { messages: 10, bytes: 15_000, pubacksPerSecond: Infinity },
    maxInboundPacket: 4_999,
  });
};

describe("Greengrass Lite's publishes without an answer", () => {
  it('are bounded in bytes of packets, which an acknowledgement gives back', () => {
    const owed: (() => void)[] = [];
    const broker = { publish: (_: BrokerMessage, acknowledged: () => void) => owed.push(acknowledged) } as unknown as Broker;
    const window = new LitePublishWindow(
      { messages: 10, bytes: 3 * mqttPacketSize('a', 100, 1), pubacksPerSecond: Infinity },
      broker,
      new HandClock(),
    );
    for (let i = 0; i < 3; i++) window.reserve(message(100))?.();
    expect(window.reserve(message(100))).toBeUndefined();
    owed.shift()?.();
    expect(window.unacknowledged).toBe(2);
    expect(window.reserve(message(101))).toBeUndefined();
    expect(window.reserve(message(100))).toBeDefined();
  });
});

describe('publishes of Greengrass Lite whose broker is slow', () => {
  it('are acknowledged one after the other, so many a second', () => {
    const clock = new HandClock();
    const broker = { publish: (_: BrokerMessage, acknowledged: () => void) => acknowledged() } as unknown as Broker;
    const window = new LitePublishWindow({ messages: 10, bytes: 15_000, pubacksPerSecond: 100 }, broker, clock);
    for (let i = 0; i < 10; i++) window.reserve(message(100))?.();
    expect(window.reserve(message(100))).toBeUndefined();
    clock.advance(45);
    expect(window.unacknowledged).toBe(6);
    clock.advance(1_000);
    expect(window.unacknowledged).toBe(0);
    window.reserve(message(100))?.();
    clock.advance(9);
    expect(window.unacknowledged).toBe(1);
    clock.advance(1);
    expect(window.unacknowledged).toBe(0);
  });

  it('wait for no turn once their nucleus has stopped: no timer is left', () => {
    const clock = new HandClock();
    const broker = { publish: (_: BrokerMessage, acknowledged: () => void) => acknowledged() } as unknown as Broker;
    const window = new LitePublishWindow({ messages: 10, bytes: 15_000, pubacksPerSecond: 1 }, broker, clock);
    for (let i = 0; i < 10; i++) window.reserve(message(100))?.();
    window.clear();
    expect([clock.pending, window.unacknowledged]).toEqual([0, 0]);
  });

  it('leave no timer behind when a nucleus stops before their turn', async () => {
    const clock = new HandClock();
    await using nucleus = await start('lite', { clock, limits: { pubacksPerSecond: 1 } });
    const client = await RawClient.accepted(nucleus, COMPONENT);
    for (const streamId of [1, 2]) {
      client.publish(streamId, 'test/a', 'x');
      await client.next();
    }
    await expect.poll(() => clock.pending).toBe(2);
    await nucleus.stop();
    expect(clock.pending).toBe(0);
    client.close();
  });

  it('take up no room once their nucleus has stopped, and set no timer when they are acknowledged after that', () => {
    const clock = new HandClock();
    const owed: (() => void)[] = [];
    const broker = { publish: (_: BrokerMessage, acknowledged: () => void) => owed.push(acknowledged) } as unknown as Broker;
    const window = new LitePublishWindow({ messages: 10, bytes: 15_000, pubacksPerSecond: 1 }, broker, clock);
    const withheld: (() => void)[] = [];
    for (let i = 0; i < 5; i++) window.reserve(message(100))?.();
    for (let i = 0; i < 5; i++) window.reserve(message(100))?.(release => withheld.push(release));
    window.clear();
    expect(window.unacknowledged).toBe(0);
    window.reserve(message(100))?.();
    for (const acknowledged of owed.slice(0, 10)) acknowledged();
    for (const release of withheld) release();
    expect([clock.pending, window.unacknowledged]).toEqual([0, 1]);
    owed.at(-1)?.();
    clock.advance(1_000);
    expect([clock.pending, window.unacknowledged]).toEqual([0, 0]);
  });
});

describe("Greengrass Lite's places for subscriptions", () => {
  it('are shared by those to IoT Core, to local topics and to all else, and each has its place back', () => {
    const lite = server();
    lite.local.add(to('a'), false);
    lite.subscribe(to('a'));
    expect(lite.hasSlot).toBe(true);
    const release = lite.takeSlot();
    expect([lite.hasSlot, lite.hasLocalSlot]).toEqual([false, false]);
    release();
    expect([lite.hasSlot, lite.hasLocalSlot]).toEqual([true, true]);
    lite.local.add(to('b'), false);
    expect([lite.hasSlot, lite.hasLocalSlot]).toEqual([false, false]);
  });
});

describe('calls of an MQTT daemon that hangs', () => {
  it('fail each in its own time', () => {
    const clock = new HandClock();
    const lite = server(clock);
    lite.hangMqttDaemon();
    const failed: string[] = [];
    lite.waitsInVain(() => failed.push(`first at ${clock.now()}`));
    clock.advance(4_000);
    lite.waitsInVain(() => failed.push(`second at ${clock.now()}`));
    clock.advance(100_000);
    expect(failed).toEqual(['first at 10000', 'second at 14000']);
    expect(clock.pending).toBe(0);
  });
});
