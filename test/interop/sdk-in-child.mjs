// The official client in a process of its own, for what it leaves pending for ever. Prints one JSON line and exits.
import { once } from 'node:events';
import { setImmediate, setTimeout } from 'node:timers';
import { greengrasscoreipc } from 'aws-iot-device-sdk-v2';

const [scenario] = process.argv.slice(2);
const client = greengrasscoreipc.createClient();
const { QOS } = greengrasscoreipc.model;

/** What a promise has come to by the end of a few turns after `event`. */
async function outcome(promise, event) {
  const settled = promise.then(
    () => 'resolved',
    error => `rejected: ${String(error.message)}`,
  );
  const pending = event.then(async () => {
    for (let i = 0; i < 50; i++) await new Promise(resolve => setImmediate(resolve));
    return 'pending';
  });
  return Promise.race([settled, pending]);
}

const scenarios = {
  connect: () => outcome(client.connect(), new Promise(() => undefined)),
  // It can only be seen for a while that nothing comes.
  'connect without an answer': () => outcome(client.connect(), new Promise(resolve => setTimeout(resolve, 300))),
  'publish too much': async () => {
    await client.connect();
    const lost = once(client, 'disconnection');
    return outcome(client.publishToIoTCore({ topicName: 'test/a', qos: QOS.AT_LEAST_ONCE, payload: 'x'.repeat(10_000) }), lost);
  },
};

console.log(JSON.stringify(await scenarios[scenario]()));
process.exit(0);
