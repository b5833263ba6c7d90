import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { startLocalNucleus, type LocalNucleus, type Profile } from '../../src/local/index.js';
import { COMPONENT, event, Example } from './example.js';
import { javaExamples } from './java-examples.js';
import { javaJars, python } from './peers.js';

const TOPIC = 'my/topic';
const PROFILES: readonly Profile[] = ['classic', 'lite'];
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const operations = ['aws.greengrass#PublishToIoTCore', 'aws.greengrass#SubscribeToIoTCore'];

function start(profile: Profile): Promise<LocalNucleus> {
  const accessControl = { 'aws.greengrass.ipc.mqttproxy': { 'peer:1': { operations, resources: [TOPIC] } } };
  return startLocalNucleus({ profile, components: [{ name: COMPONENT, accessControl }] });
}

if (python === undefined) console.warn('Skipped, the SDK for Python: run scripts/install-peers.sh on a machine with python3.');
if (javaJars === undefined) console.warn('Skipped, the SDK for Java: run scripts/install-peers.sh on a machine with mvn and javac.');

describe.skipIf(python === undefined).each(PROFILES)("the developer guide's examples for Python on %s", profile => {
  test('the subscriber gets what the cloud publishes, and what the publisher does', async () => {
    await using nucleus = await start(profile);
    const subscribed = event(nucleus, 'subscribed');
    await using subscriber = new Example(nucleus, python ?? '', [here('python/subscribe_to_iot_core.py')]);
    expect(await subscribed).toMatchObject({ component: COMPONENT, filter: TOPIC });
    nucleus.publish({ topicName: TOPIC, payload: 'from the cloud \u00e9' });
    await subscriber.prints(`${TOPIC}: from the cloud \u00e9`);
    await using publisher = new Example(nucleus, python ?? '', [here('python/publish_to_iot_core.py')]);
    await subscriber.prints(`${TOPIC}: Hello, World`);
    expect(await publisher.ends()).toBe(0);
  });
});

test.skipIf(python === undefined)(
  'what the SDK for Python does not survive on lite: a message before the answer to its subscribe ends the subscription',
  async () => {
    await using nucleus = await start('lite');
    using _ = nucleus.faults.messageBeforeReply({ topicName: TOPIC, payload: 'early' });
    const given = event(nucleus, 'unsubscribed');
    await using _subscriber = new Example(nucleus, python ?? '', [here('python/subscribe_to_iot_core.py')], 'ignore');
    // The SDK takes the message for the answer and closes the stream. The example does not ask for the answer, so it goes on without
    // hearing anything.
    await given;
    expect([nucleus.subscriptions, nucleus.connections]).toEqual([0, 1]);
  },
);

describe.skipIf(javaJars === undefined)("the developer guide's examples for Java", () => {
  const command = javaExamples();
  const run = (nucleus: LocalNucleus, name: string, ...args: readonly string[]): Example => {
    const [file, ...rest] = command(name, ...args);
    return new Example(nucleus, file, rest);
  };

  test.each(PROFILES)('on %s: the subscriber gets what the publisher publishes', async profile => {
    await using nucleus = await start(profile);
    await using subscriber = run(nucleus, 'SubscribeToIoTCore', TOPIC, '0');
    await subscriber.prints(`Successfully subscribed to topic: ${TOPIC}`);
    await using publisher = run(nucleus, 'PublishToIoTCore', TOPIC, 'Hello, Java', '1');
    await subscriber.prints(`Received new message on topic ${TOPIC}: Hello, Java`);
    await publisher.prints(`Successfully published to topic: ${TOPIC}`);
    expect(await publisher.ends()).toBe(0);
  });

  test.each(PROFILES)('on %s: a refusal of the policy is the error of its model', async profile => {
    await using nucleus = await start(profile);
    const refused = event(nucleus, 'failed');
    await using publisher = run(nucleus, 'PublishToIoTCore', 'other/topic', 'x', '1');
    expect(await refused).toMatchObject({ code: 'UnauthorizedError', resource: 'other/topic' });
    expect(await publisher.ends()).toBe(0);
  });
});
