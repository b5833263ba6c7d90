import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** Listens, says so, and then sleeps until it is woken: whoever connects waits in the kernel's queue, which takes two. */
const SLEEPER = `
const { createServer } = require('node:net');
const { workerData, parentPort } = require('node:worker_threads');
const server = createServer((socket) => socket.destroy());
server.listen({ path: workerData.path, backlog: 1 }, () => {
  parentPort.postMessage('listening');
  Atomics.wait(new Int32Array(workerData.wake), 0, 0);
  server.close();
});
`;

/** More than a backlog of one holds. */
const ENOUGH = 8;

/**
 * Listens at a path with a full backlog, for real: a thread that listens and never accepts, and connections that fill its
 * queue. Resolves when the next one is refused with `EAGAIN`; the result ends it and frees the path.
 */
export async function fillBacklog(path: string): Promise<() => Promise<void>> {
  const wake = new SharedArrayBuffer(4);
  const worker = new Worker(SLEEPER, { eval: true, workerData: { path, wake } });
  await once(worker, 'message');
  const waiting: Socket[] = [];
  for (let i = 0; i < ENOUGH; i++) {
    const socket = connect(path);
    waiting.push(socket);
    if (!(await connects(socket))) break;
  }
  return async () => {
    const exited = once(worker, 'exit');
    Atomics.store(new Int32Array(wake), 0, 1);
    Atomics.notify(new Int32Array(wake), 0);
    for (const socket of waiting) socket.destroy();
    await exited;
  };
}

function connects(socket: Socket): Promise<boolean> {
  return new Promise(resolve => {
    socket.once('connect', () => {
      resolve(true);
    });
    socket.on('error', () => {
      resolve(false);
    });
  });
}
