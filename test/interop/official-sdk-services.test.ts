import { eventstream_rpc, greengrasscoreipc } from 'aws-iot-device-sdk-v2';
import { afterEach, expect, test } from 'vitest';
import { startLocalNucleus, type Profile, type RecipeComponent } from '../../src/local/index.js';
import { recipeOf } from '../kit/component/recipe-of.js';

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

/** The component with a recipe, whose configuration a deployment changes. */
function deployed(limit: number): RecipeComponent {
  const recipe = recipeOf(COMPONENT, { config: { limit: 1 } });
  return { recipe, configurationUpdate: { merge: { config: { limit } } } };
}

const { ReportedLifecycleState, ConfigurationValidityStatus } = greengrasscoreipc.model;

test.each(PROFILES)(
  'the official SDK on %s reports its state; an update it defers is announced again, where there are updates',
  async profile => {
    await using nucleus = await startLocalNucleus({ profile, components: [deployed(1)] });
    Object.assign(process.env, nucleus.environment(COMPONENT));
    const states: string[] = [];
    nucleus.observe(event => {
      if (event.kind === 'stateReported') states.push(event.state);
    });
    const ipc = greengrasscoreipc.createClient();
    await ipc.connect();
    await ipc.updateState({ state: ReportedLifecycleState.RUNNING });
    expect(states).toEqual(['RUNNING']);
    const stream = ipc.subscribeToComponentUpdates({});
    const events = arrivals<greengrasscoreipc.model.ComponentUpdatePolicyEvents>();
    stream.on('message', events.push);
    if (profile === 'lite') {
      await expect(stream.activate()).rejects.toMatchObject({ type: eventstream_rpc.RpcErrorType.ServiceError });
    } else {
      await stream.activate();
      const rollingOut = nucleus.rollOut([deployed(2)], { notifyComponents: true });
      const { deploymentId, isGgcRestarting } = (await events.next()).preUpdateEvent ?? {};
      expect(isGgcRestarting).toBe(false);
      await ipc.deferComponentUpdate({ deploymentId: deploymentId ?? '', recheckAfterMs: 1 });
      expect((await events.next()).preUpdateEvent?.deploymentId).toBe(deploymentId);
      await ipc.deferComponentUpdate({ deploymentId: deploymentId ?? '', recheckAfterMs: 0 });
      expect((await events.next()).postUpdateEvent?.deploymentId).toBe(deploymentId);
      expect(await rollingOut).toMatchObject({ status: 'SUCCEEDED' });
      await stream.close();
    }
    await ipc.close();
  },
);

test('the official SDK on classic refuses a configuration before it takes effect', async () => {
  await using nucleus = await startLocalNucleus({ profile: 'classic', components: [deployed(1)] });
  Object.assign(process.env, nucleus.environment(COMPONENT));
  const ipc = greengrasscoreipc.createClient();
  await ipc.connect();
  const stream = ipc.subscribeToValidateConfigurationUpdates({});
  const requests = arrivals<greengrasscoreipc.model.ValidateConfigurationUpdateEvents>();
  stream.on('message', requests.push);
  await stream.activate();
  const rollingOut = nucleus.rollOut([deployed(2)]);
  const request = (await requests.next()).validateConfigurationUpdateEvent;
  expect(request).toMatchObject({ configuration: { config: { limit: 2 } } });
  const deploymentId = request?.deploymentId ?? '';
  await ipc.sendConfigurationValidityReport({
    configurationValidityReport: { deploymentId, status: ConfigurationValidityStatus.REJECTED, message: 'not today' },
  });
  expect(await rollingOut).toMatchObject({ status: 'FAILED_NO_STATE_CHANGE' });
  expect(await ipc.getConfiguration({ keyPath: ['config'] })).toMatchObject({ value: { limit: 1 } });
  await stream.close();
  await ipc.close();
});
