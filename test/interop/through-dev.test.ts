import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { runCli, temporaryFolder, type CliProcess } from '../kit/process/run-cli.js';
import type { Profile } from '../../src/local/index.js';
import { javaExamples } from './java-examples.js';
import { javaJars, python } from './peers.js';

const PROFILES: readonly Profile[] = ['classic', 'lite'];
const TOPIC = 'my/topic';
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

function recipe(): string {
  const path = join(temporaryFolder(), 'recipe.yaml');
  writeFileSync(
    path,
    `RecipeFormatVersion: '2020-01-25'
ComponentName: com.example.Peer
ComponentVersion: 1.0.0
ComponentConfiguration:
  DefaultConfiguration:
    accessControl:
      aws.greengrass.ipc.mqttproxy:
        com.example.Peer:mqttproxy:1:
          operations: ['aws.greengrass#PublishToIoTCore', 'aws.greengrass#SubscribeToIoTCore']
          resources: ['${TOPIC}']
Manifests:
  - Lifecycle: {}
`,
  );
  return path;
}

type Command = readonly string[];

/** What a user of `dev` sees of an example that subscribes and of one that publishes, each the component of its own `dev`. */
async function runThroughDev(profile: Profile, subscriber: Command, publisher: Command): Promise<void> {
  const path = recipe();
  const env = { XDG_RUNTIME_DIR: temporaryFolder() };
  const dev = (command: Command): CliProcess => runCli(['dev', '--recipe', path, '--profile', profile, '--', ...command], { env });
  const subscribing = dev(subscriber);
  await subscribing.saw(/"kind":"subscribed"[^\n]*"filter":"my\/topic"/);
  const pub = runCli(['pub', TOPIC, 'from the command line \u00e9'], { env });
  expect((await pub.ended).code).toBe(0);
  await subscribing.saw(/"kind":"output"[^\n]*my\/topic: from the command line \u00e9"/);
  subscribing.child.kill('SIGTERM');
  await subscribing.ended;

  const publishing = dev(publisher);
  await publishing.saw(/"kind":"published"[^\n]*"topicName":"my\/topic"[^\n]*"payload":"Hello, World"/);
  expect(await publishing.ended).toEqual({ code: 0, signal: null });
}

test.each(PROFILES)('dev as a %s nucleus runs examples with the SDK for JavaScript', async profile => {
  const example = (name: string): Command => [process.execPath, '--no-warnings', here(`javascript/${name}.mjs`)];
  await runThroughDev(profile, example('subscribe-to-iot-core'), example('publish-to-iot-core'));
});

test.skipIf(python === undefined).each(PROFILES)("dev as a %s nucleus runs the developer guide's examples for Python", async profile => {
  const example = (name: string): Command => [python ?? '', here(`python/${name}.py`)];
  await runThroughDev(profile, example('subscribe_to_iot_core'), example('publish_to_iot_core'));
});

describe.skipIf(javaJars === undefined)('Java', () => {
  const example = javaExamples();

  test.each(PROFILES)("dev as a %s nucleus runs the developer guide's examples for Java", async profile => {
    await runThroughDev(profile, example('SubscribeToIoTCore', TOPIC, '0'), example('PublishToIoTCore', TOPIC, 'Hello, World', '1'));
  });
});
