import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { right } from 'fp-ts/lib/Either.js';
import { asyncScheduler, of } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect } from '../../src/client/connect.js';
import type { MqttProxy } from '../../src/ports/mqtt-proxy.js';
import { publishTo } from '../../src/flow/publish-to.js';
import { encodeRpcMessage, MessageType, type RpcMessageInit } from '../../src/ipc/wire/rpc-message.js';
import { QOS } from '../../src/shared/qos.js';
import { CONNECT_ACK } from '../kit/nucleus/raw-server.js';
import { socketPathIn } from '../kit/nucleus/socket-path.js';
import { record } from '../kit/streams/recorded.js';
import { published, subscribed } from '../kit/nucleus/scripted-nucleus.js';
import { VirtualTime } from '../kit/time/virtual-time.js';
import { timeLimit } from '../../scripts/time-limit.js';

const PING: RpcMessageInit = { type: MessageType.Ping, flags: 0, streamId: 0, payload: 'x'.repeat(1_000) };
/**
 * What a server says behind each answer. With aws-crt, which reads on a thread of its own, more than a socket holds: when it is written,
 * the answer has been read.
 */
const PADDING = { socket: 0, crt: 2_000 } as const;

interface Blocked {
  readonly proxy: MqttProxy;
  readonly time: VirtualTime;
  /** Blocks the event loop until the nucleus has answered so many messages, and fires all timers before anything can be read. */
  readonly blockUntil: (answers: number, milliseconds: number) => void;
}

/**
 * A proxy on a real socket to a nucleus on another thread, with timers that fire when told to. They wait in real time as far as anyone can
 * tell.
 */
async function connected(transport: 'socket' | 'crt', answers: readonly RpcMessageInit[]): Promise<Blocked> {
  const folder = await mkdtemp(join(tmpdir(), 'blocked-'));
  const path = socketPathIn(folder);
  const shared = new SharedArrayBuffer(4);
  const padding = { frame: encodeRpcMessage(PING), times: PADDING[transport] };
  const frames = answers.map(encodeRpcMessage);
  const thread = new Worker(new URL('../kit/nucleus/answering-thread.mjs', import.meta.url), {
    workerData: { path, shared, frames, padding },
  });
  await once(thread, 'message');
  const time = new VirtualTime();
  time.now = () => asyncScheduler.now();
  const proxy = connect({ socketPath: path, authToken: 'ABCDEFGHIJKLMNOP', profile: 'classic', transport, scheduler: time });
  onTestFinished(async () => {
    await proxy.close();
    await thread.terminate();
    await rm(folder, { recursive: true });
  });
  const answered = new Int32Array(shared);
  return {
    proxy,
    time,
    blockUntil: (count, milliseconds) => {
      for (let seen = Atomics.load(answered, 0); seen < count; seen = Atomics.load(answered, 0)) {
        // For what hangs: a thread of a busy machine may have to wait. The limit of the test cannot end a thread that stands still.
        if (Atomics.wait(answered, 0, seen, timeLimit() * 0.8) === 'timed-out') throw new Error('The nucleus did not answer.');
      }
      time.advance(milliseconds);
    },
  };
}

/** After what was written in this turn has left. */
const written = (): Promise<void> => new Promise(resolve => process.nextTick(() => process.nextTick(resolve)));

describe.each(['socket', 'crt'] as const)('after the event loop was blocked, over %s', transport => {
  it('a publish that was answered in time is accepted, however late that is read', async () => {
    const { proxy, blockUntil } = await connected(transport, [CONNECT_ACK, published(1)]);
    await proxy.ready()();
    const outcome = proxy.publish({ topicName: 'a', payload: '', qos: QOS.AT_LEAST_ONCE })();
    await written();
    blockUntil(2, 3_600_000);
    expect(await outcome).toEqual(right({ by: 'spooler' }));
  });

  it('so is one with a timeout of its stage', async () => {
    const { proxy, time, blockUntil } = await connected(transport, [CONNECT_ACK, published(1)]);
    await proxy.ready()();
    const request = { topicName: 'a', payload: '', qos: QOS.AT_LEAST_ONCE };
    const outcomes = record(of(1).pipe(publishTo(proxy, () => request, { timeout: 2_000, scheduler: time })));
    await written();
    blockUntil(2, 3_600_000);
    expect(await outcomes.all()).toMatchObject([{ _tag: 'Right' }]);
  });

  it('a subscription that was answered in time is active', async () => {
    const { proxy, blockUntil } = await connected(transport, [CONNECT_ACK, subscribed(1)]);
    await proxy.ready()();
    const told: string[] = [];
    const active = new Promise<void>(resolve => {
      const request = {
        topicName: 'a',
        qos: QOS.AT_LEAST_ONCE,
        onStatus: ({ status }: { readonly status: string }) => {
          told.push(status);
          if (status !== 'subscribing') resolve();
        },
      };
      proxy.subscribe(request).subscribe();
    });
    await written();
    blockUntil(2, 3_600_000);
    await active;
    expect(told).toEqual(['subscribing', 'active']);
  });
});

describe('a blocked event loop that was to connect', () => {
  it('has the time to be accepted once its socket is open', async () => {
    const { proxy, blockUntil } = await connected('socket', [CONNECT_ACK]);
    const ready = proxy.ready()();
    blockUntil(0, 3_600_000);
    expect(await ready).toMatchObject({ _tag: 'Right' });
  });
});
