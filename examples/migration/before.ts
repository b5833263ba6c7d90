// The component with the official SDK: the mean of each five readings of a sensor.
import { greengrasscoreipc } from 'aws-iot-device-sdk-v2';

const { QOS } = greengrasscoreipc.model;
const COUNT = 5;
const readings = new Map<string, number[]>();
const underWay = new Set<Promise<void>>();
let client = greengrasscoreipc.createClient();
let stopped = false;

function onMessage({ message }: greengrasscoreipc.model.IoTCoreMessage): void {
  const id = message?.topicName.split('/')[1] ?? '';
  const celsius = celsiusIn(message?.payload);
  if (celsius === undefined) {
    console.error(`cannot read a message of ${id}`);
    return;
  }
  const collected = [...(readings.get(id) ?? []), celsius];
  readings.set(id, collected.length < COUNT ? collected : []);
  if (collected.length < COUNT) return;
  const mean = collected.reduce((sum, n) => sum + n, 0) / COUNT;
  const publishing = publish(`means/${id}`, JSON.stringify({ mean: Number(mean.toFixed(2)) })).finally(() => underWay.delete(publishing));
  underWay.add(publishing);
}

function celsiusIn(payload: unknown): number | undefined {
  try {
    const value = JSON.parse(Buffer.from(payload as ArrayBuffer).toString()) as { celsius?: unknown } | null;
    return typeof value?.celsius === 'number' ? value.celsius : undefined;
  } catch {
    return undefined;
  }
}

async function publish(topicName: string, payload: string): Promise<void> {
  try {
    await client.publishToIoTCore({ topicName, payload, qos: QOS.AT_LEAST_ONCE });
  } catch (error) {
    console.error(`not published on ${topicName}:`, error);
  }
}

async function start(): Promise<void> {
  client = greengrasscoreipc.createClient();
  client.on('disconnection', () => {
    // A client can connect once.
    if (!stopped) setTimeout(() => void start().catch(giveUp), 1_000);
  });
  await client.connect();
  const stream = client.subscribeToIoTCore({ topicName: 'sensors/+/temperature', qos: QOS.AT_LEAST_ONCE });
  stream.on('message', onMessage);
  stream.on('streamError', error => console.error(error));
  await stream.activate();
}

function giveUp(error: unknown): void {
  console.error(error);
  process.exit(1);
}

process.once('SIGTERM', () => {
  stopped = true;
  void Promise.all(underWay)
    .then(() => client.close())
    .then(() => process.exit(0));
});
await start().catch(giveUp);
