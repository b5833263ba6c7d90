// A nucleus on a thread of its own: it accepts, and answers what comes also while the thread that asks is blocked. `workerData`: the
// socket's path; two numbers in shared memory, how many requests have been answered so far and how many bytes have gone out; how much it
// says behind each answer.
import { createServer } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

const { path, shared, frames, padding } = workerData;
const answered = new Int32Array(shared);
createServer(socket => {
  let pending = Buffer.alloc(0);
  socket.on('error', () => undefined);
  socket.on('data', chunk => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 4 && pending.length >= pending.readUInt32BE(0)) {
      pending = pending.subarray(pending.readUInt32BE(0));
      const next = frames.shift();
      if (next === undefined) continue;
      socket.write(next);
      socket.write(Buffer.concat(Array.from({ length: padding.times }, () => padding.frame)), () => {
        Atomics.add(answered, 0, 1);
        Atomics.notify(answered, 0);
      });
    }
  });
}).listen(path, () => parentPort.postMessage('listening'));
