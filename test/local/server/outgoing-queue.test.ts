import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FaultSwitches } from '../../../src/local/faults/fault-switches.js';
import { Backpressure } from '../../../src/local/server/backpressure.js';
import { OutgoingQueue, ByteBudget } from '../../../src/local/server/outgoing-queue.js';
import { quietSockets } from '../../kit/nucleus/quiet-sockets.js';
import { socketPathIn } from '../../kit/nucleus/socket-path.js';
import { HandClock } from '../../kit/time/hand-clock.js';

const FRAME = Buffer.alloc(100_000);
/** More than the kernel takes for a client that does not read. */
const FRAMES = 30;

/** The way out to a real client that does not read before it is told to. */
async function outgoingQueue(
  budget: ByteBudget,
  whenFull: 'cut' | 'drop' = 'cut',
  clock = new HandClock(),
  backpressure = new Backpressure(),
): Promise<{ readonly queue: OutgoingQueue; readonly client: Socket; readonly ended: Promise<unknown> }> {
  const folder = await mkdtemp(join(tmpdir(), 'outgoing-'));
  const path = socketPathIn(folder);
  const server = createServer();
  server.listen(path);
  await once(server, 'listening');
  const arrival = once(server, 'connection') as Promise<[Socket]>;
  const client = connect(path).pause();
  const [socket] = await arrival;
  const ended = once(socket, 'close');
  onTestFinished(async () => {
    client.destroy();
    socket.destroy();
    server.close();
    await rm(folder, { recursive: true });
  });
  const made = new OutgoingQueue(
    socket,
    { queueBytes: 16 * 1024 * 1024, whenFull, stallTimeout: 5_000 },
    budget,
    clock,
    new FaultSwitches(),
    () => 'c',
    () => undefined,
    () => undefined,
    backpressure,
  );
  return { queue: made, client, ended };
}

describe('what waits for a client', () => {
  it('is counted until it is taken, however many frames go out at once', async () => {
    const budget = new ByteBudget(1_000_000_000);
    const { queue: made, client } = await outgoingQueue(budget);
    for (let i = 0; i < FRAMES; i++) made.send(FRAME, true);
    expect(made.queuedBytes).toBe(FRAMES * FRAME.length);
    let read = 0;
    await new Promise<void>(done => {
      client.resume().on('data', (bytes: Buffer) => {
        if ((read += bytes.length) === FRAMES * FRAME.length) done();
      });
    });
    await quietSockets();
    expect([made.queuedBytes, budget.bytes]).toEqual([0, 0]);
  });

  it('has its room in the budget back when its events are dropped', async () => {
    const budget = new ByteBudget(1_000_000_000);
    const clock = new HandClock();
    const { queue: made } = await outgoingQueue(budget, 'drop', clock);
    for (let i = 0; i < FRAMES; i++) made.send(FRAME, true);
    await quietSockets();
    made.send(FRAME, true);
    clock.advance(5_000);
    // What the socket has been given already is not taken back.
    expect(budget.bytes).toBe(made.queuedBytes);
    expect(made.queuedBytes).toBeLessThan(FRAMES * FRAME.length);
  });
});

describe('those who publish', () => {
  const fill = (queue: OutgoingQueue, frames: number): void => {
    for (let i = 0; i < frames; i++) queue.send(FRAME, true);
  };

  it.each(['cut', 'drop'] as const)('are held up by a full queue until it is closed (%s)', async whenFull => {
    const [clock, backpressure] = [new HandClock(), new Backpressure()];
    const { queue } = await outgoingQueue(new ByteBudget(1_000_000_000), whenFull, clock, backpressure);
    fill(queue, FRAMES);
    let goesOn = false;
    backpressure.pass(() => (goesOn = true));
    expect(goesOn).toBe(false);
    queue.close();
    expect([goesOn, backpressure.isOn, clock.pending]).toEqual([true, false, 0]);
  });

  it('are held up no more once what waited has been dropped', async () => {
    const [clock, backpressure] = [new HandClock(), new Backpressure()];
    const { queue } = await outgoingQueue(new ByteBudget(1_000_000_000), 'drop', clock, backpressure);
    fill(queue, 5);
    await quietSockets();
    fill(queue, 1);
    clock.advance(4_000);
    fill(queue, FRAMES);
    expect(backpressure.isOn).toBe(true);
    clock.advance(1_000);
    expect([backpressure.isOn, clock.pending]).toEqual([false, 0]);
  });
});

describe('the budget of all clients', () => {
  it('has back what waited for a client whose connection is closed, once', async () => {
    const budget = new ByteBudget(1_000_000_000);
    const { queue: stuck } = await outgoingQueue(budget);
    const { queue: other } = await outgoingQueue(budget);
    for (let i = 0; i < FRAMES; i++) stuck.send(FRAME, true);
    for (let i = 0; i < FRAMES; i++) other.send(FRAME, true);
    expect(budget.bytes).toBe(2 * FRAMES * FRAME.length);
    stuck.close();
    stuck.close();
    stuck.send(FRAME, true);
    expect(budget.bytes).toBe(FRAMES * FRAME.length);
    other.close();
    expect(budget.bytes).toBe(0);
  });

  it('has back what waited for a client that is cut for the sum of all', async () => {
    const budget = new ByteBudget(2 * 1024 * 1024);
    const { queue: stuck, ended } = await outgoingQueue(budget);
    for (let i = 0; i < FRAMES; i++) stuck.send(FRAME, true);
    await ended;
    expect(budget).toMatchObject({ bytes: 0, exceeded: false });
  });

  it('has back what a client has read', async () => {
    const budget = new ByteBudget(1_000_000_000);
    const { queue: read, client, ended } = await outgoingQueue(budget);
    for (let i = 0; i < FRAMES; i++) read.send(FRAME, true);
    read.end();
    client.resume();
    await ended;
    expect(budget.bytes).toBe(0);
  });
});
