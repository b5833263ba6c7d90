// With the official SDK: messages in, until SIGTERM. What it takes to survive a broken connection, as subscriber.ts does.
import { once } from 'node:events';
import { setTimeout as after } from 'node:timers/promises';
import { greengrasscoreipc } from 'aws-iot-device-sdk-v2';

const { QOS } = greengrasscoreipc.model;
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

/** Until the connection breaks, or the component is told to stop. A client can connect once, so each try makes another. */
async function listen(): Promise<void> {
  const client = greengrasscoreipc.createClient();
  try {
    await client.connect();
    const disconnected = once(client, 'disconnection', { signal: stop.signal }).catch(() => undefined);
    const stream = client.subscribeToIoTCore({ topicName: 'my/topic', qos: QOS.AT_MOST_ONCE });
    stream.on('message', ({ message }) => {
      console.log(message?.topicName ?? '', Buffer.from(asBytes(message?.payload)).toString());
    });
    stream.on('streamError', error => console.error(error.message));
    // A connection that breaks meanwhile leaves this promise pending for ever.
    await Promise.race([stream.activate(), disconnected]);
    await disconnected;
  } finally {
    await client.close();
  }
}

/** The payload's type is a text or bytes; what comes are bytes. */
function asBytes(payload: string | ArrayBuffer | ArrayBufferView | undefined): Uint8Array {
  if (payload === undefined) return new Uint8Array();
  if (typeof payload === 'string') return Buffer.from(payload);
  return ArrayBuffer.isView(payload) ? new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength) : new Uint8Array(payload);
}

for (let attempt = 0; !stop.signal.aborted; attempt++) {
  try {
    await listen();
    attempt = 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
  }
  await after(Math.random() * Math.min(30_000, 100 * 2 ** attempt), undefined, { signal: stop.signal }).catch(() => undefined);
}
