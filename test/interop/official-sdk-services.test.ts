import { greengrasscoreipc } from 'aws-iot-device-sdk-v2';
import { afterEach, expect, test } from 'vitest';
import { startLocalNucleus, type Profile } from '../../src/local/index.js';

const COMPONENT = 'com.example.Sdk';
const PROFILES: readonly Profile[] = ['classic', 'lite'];
const before = { ...process.env };

afterEach(() => {
  process.env = { ...before };
});

/** What a stream of the SDK brings, one by one. */
function arrivals<A>(): { readonly push: (value: A) => void; readonly next: () => Promise<A> } {
  const values: A[] = [];
  const waiting: ((value: A) => void)[] = [];
  return {
    push: value => {
      const resolve = waiting.shift();
      if (resolve === undefined) values.push(value);
      else resolve(value);
    },
    next: () => {
      const value = values.shift();
      return value === undefined
        ? new Promise(resolve => {
            waiting.push(resolve);
          })
        : Promise.resolve(value);
    },
  };
}

test.each(PROFILES)('the official SDK on %s publishes and subscribes to local topics, JSON and binary', async profile => {
  const operations = ['aws.greengrass#PublishToTopic', 'aws.greengrass#SubscribeToTopic'];
  const accessControl = { 'aws.greengrass.ipc.pubsub': { 'sdk:1': { operations, resources: ['my/*'] } } };
  await using nucleus = await startLocalNucleus({ profile, components: [{ name: COMPONENT, accessControl }] });
  Object.assign(process.env, nucleus.environment(COMPONENT));
  const ipc = greengrasscoreipc.createClient();
  await ipc.connect();
  const stream = ipc.subscribeToTopic({ topic: 'my/topic' });
  const messages = arrivals<greengrasscoreipc.model.SubscriptionResponseMessage>();
  stream.on('message', messages.push);
  await stream.activate();
  await ipc.publishToTopic({ topic: 'my/topic', publishMessage: { jsonMessage: { message: { celsius: 21.5, on: true } } } });
  expect((await messages.next()).jsonMessage).toMatchObject({ message: { celsius: 21.5, on: true }, context: { topic: 'my/topic' } });
  await ipc.publishToTopic({ topic: 'my/topic', publishMessage: { binaryMessage: { message: 'Hello, World' } } });
  expect(Buffer.from((await messages.next()).binaryMessage?.message as ArrayBuffer).toString()).toBe('Hello, World');
  await stream.close();
  await ipc.close();
});

test.each(PROFILES)('the official SDK on %s reads, writes and follows configuration', async profile => {
  await using nucleus = await startLocalNucleus({ profile, components: [{ name: COMPONENT, accessControl: {} }] });
  Object.assign(process.env, nucleus.environment(COMPONENT));
  const ipc = greengrasscoreipc.createClient();
  await ipc.connect();
  const stream = ipc.subscribeToConfigurationUpdate({ keyPath: [] });
  const changes = arrivals<greengrasscoreipc.model.ConfigurationUpdateEvents>();
  stream.on('message', changes.push);
  await stream.activate();
  // With a fraction: Lite refuses a whole second.
  await ipc.updateConfiguration({ timestamp: new Date(4_102_444_800_500), valueToMerge: { interval: 5 } });
  expect((await changes.next()).configurationUpdateEvent).toEqual({ componentName: COMPONENT, keyPath: ['interval'] });
  expect(await ipc.getConfiguration({ keyPath: ['interval'] })).toMatchObject({ componentName: COMPONENT, value: { interval: 5 } });
  await stream.close();
  await ipc.close();
});
