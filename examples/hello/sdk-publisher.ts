// With the official SDK: one message out. What it takes to be as sure of it as publisher.ts is.
import { setTimeout as after } from 'node:timers/promises';
import { greengrasscoreipc } from 'aws-iot-device-sdk-v2';

const PATIENCE = 10_000;

const client = greengrasscoreipc.createClient();
/** Neither connect() nor a publish has a limit of its own: one that gets no answer waits for ever. */
const inTime = <A>(promise: Promise<A>, what: string): Promise<A> =>
  Promise.race([
    promise,
    after(PATIENCE, undefined, { ref: false }).then(() => {
      throw new Error(`No answer to ${what} in ${PATIENCE} ms.`);
    }),
  ]);

try {
  await inTime(client.connect(), 'connect');
  await inTime(
    client.publishToIoTCore({ topicName: 'my/topic', payload: 'Hello, World', qos: greengrasscoreipc.model.QOS.AT_LEAST_ONCE }),
    'publish',
  );
} finally {
  await client.close();
}
