import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { startLocalNucleus, type LocalNucleus, type NucleusEvent, type Profile } from '../../src/local/index.js';
import { javaExamples } from './java-examples.js';
import { javaJars, python } from './peers.js';

const COMPONENT = 'com.example.Peer';
const TOPIC = 'my/topic';
const PROFILES: readonly Profile[] = ['classic', 'lite'];
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const operations = ['aws.greengrass#PublishToIoTCore', 'aws.greengrass#SubscribeToIoTCore'];

function start(profile: Profile): Promise<LocalNucleus> {
  const accessControl = {
    'aws.greengrass.ipc.mqttproxy': { 'peer:1': { operations, resources: [TOPIC] } },
    'aws.greengrass.ipc.pubsub': { 'peer:local:1': { operations: ['*'], resources: [TOPIC] } },
  };
  return startLocalNucleus({ profile, components: [{ name: COMPONENT, accessControl }] });
}

/** An example as a process of its own, which is given nothing but the environment of a component. */
class Example implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #lines: AsyncIterator<string, undefined>;
  readonly #printed: string[] = [];

  constructor(nucleus: LocalNucleus, command: string, args: readonly string[], errors: 'inherit' | 'ignore' = 'inherit') {
    this.#child = spawn(command, args, {
      stdio: ['ignore', 'pipe', errors],
      env: { PATH: process.env['PATH'], ...nucleus.environment(COMPONENT) },
    });
    this.#closed = once(this.#child, 'close');
    if (this.#child.stdout === null) throw new Error('There is no output to read.');
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]() as AsyncIterator<string, undefined>;
  }

  /** Reads on until a line is exactly this one. */
  async prints(wanted: string): Promise<void> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error(`It ended without printing "${wanted}". It printed: ${this.#printed.join(' | ')}`);
      this.#printed.push(value);
      if (value === wanted) return;
    }
  }

  /** Its exit code. */
  async ends(): Promise<number | null> {
    await this.#closed;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }
}

/** The next event of this kind. */
function event(nucleus: LocalNucleus, kind: NucleusEvent['kind']): Promise<NucleusEvent> {
  return new Promise(resolve => {
    const stop = nucleus.observe(news => {
      if (news.kind !== kind) return;
      stop();
      resolve(news);
    });
  });
}

if (python === undefined) console.warn('Skipped, the SDK for Python: run scripts/install-peers.sh on a machine with python3.');
if (javaJars === undefined) console.warn('Skipped, the SDK for Java: run scripts/install-peers.sh on a machine with mvn and javac.');

describe.skipIf(python === undefined).each(PROFILES)("the developer guide's examples for Python on %s", profile => {
  test('the subscriber gets what the cloud publishes, and what the publisher does', { timeout: 60_000 }, async () => {
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

describe.skipIf(python === undefined).each(PROFILES)('the SDK for Python on %s, unchanged', profile => {
  test('local topics: the subscriber gets bytes and JSON of the publisher', { timeout: 60_000 }, async () => {
    await using nucleus = await start(profile);
    await using subscriber = new Example(nucleus, python ?? '', [here('python/subscribe_to_topic.py'), TOPIC]);
    await subscriber.prints('Subscribed');
    await using publisher = new Example(nucleus, python ?? '', [here('python/publish_to_topic.py'), TOPIC]);
    await publisher.prints('Published');
    await subscriber.prints(`${TOPIC}: Hello, World`);
    await subscriber.prints(`${TOPIC}: 21.5`);
  });

  test('configuration is written and read, and the state is reported', { timeout: 60_000 }, async () => {
    await using nucleus = await start(profile);
    const reported = event(nucleus, 'stateReported');
    await using example = new Example(nucleus, python ?? '', [here('python/configuration_and_state.py')]);
    await example.prints('5');
    await example.prints('Reported');
    expect(await reported).toMatchObject({ component: COMPONENT, state: 'RUNNING' });
  });
});

test.skipIf(python === undefined)(
  'what the SDK for Python does not survive on lite: a message before the answer to its subscribe ends the subscription',
  { timeout: 60_000 },
  async () => {
    await using nucleus = await start('lite');
    using _ = nucleus.faults.messageBeforeReply({ topicName: TOPIC, payload: 'early' });
    const given = event(nucleus, 'unsubscribed');
    await using _subscriber = new Example(nucleus, python ?? '', [here('python/subscribe_to_iot_core.py')], 'ignore');
    // It takes the message for the answer and closes the stream. The example does not ask for the answer, so it goes on, deaf.
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

  test.each(PROFILES)('on %s: the subscriber gets what the publisher publishes', { timeout: 60_000 }, async profile => {
    await using nucleus = await start(profile);
    await using subscriber = run(nucleus, 'SubscribeToIoTCore', TOPIC, '0');
    await subscriber.prints(`Successfully subscribed to topic: ${TOPIC}`);
    await using publisher = run(nucleus, 'PublishToIoTCore', TOPIC, 'Hello, Java', '1');
    await subscriber.prints(`Received new message on topic ${TOPIC}: Hello, Java`);
    await publisher.prints(`Successfully published to topic: ${TOPIC}`);
    expect(await publisher.ends()).toBe(0);
  });

  test.each(PROFILES)('on %s: a refusal of the policy is the error of its model', { timeout: 60_000 }, async profile => {
    await using nucleus = await start(profile);
    const refused = event(nucleus, 'failed');
    await using publisher = run(nucleus, 'PublishToIoTCore', 'other/topic', 'x', '1');
    expect(await refused).toMatchObject({ code: 'UnauthorizedError', resource: 'other/topic' });
    expect(await publisher.ends()).toBe(0);
  });
});
