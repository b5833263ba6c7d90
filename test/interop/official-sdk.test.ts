import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { eventstream_rpc, greengrasscoreipc } from 'aws-iot-device-sdk-v2';
import { connectAsync } from 'mqtt';
import { afterEach, describe, expect, test } from 'vitest';
import { startLocalNucleus, type ComponentEnvironment, type LocalNucleus, type Profile } from '../../src/local/index.js';
import { Inbox } from '../kit/streams/inbox.js';

const COMPONENT = 'com.example.Sdk';
const PROFILES: readonly Profile[] = ['classic', 'lite'];
const { QOS } = greengrasscoreipc.model;
const { RpcError, RpcErrorType } = eventstream_rpc;

function start(profile: Profile): Promise<LocalNucleus> {
  const operations = ['aws.greengrass#PublishToIoTCore', 'aws.greengrass#SubscribeToIoTCore'];
  const accessControl = { 'aws.greengrass.ipc.mqttproxy': { 'sdk:1': { operations, resources: ['test/#'] } } };
  return startLocalNucleus({ profile, components: [{ name: COMPONENT, accessControl }] });
}

const before = { ...process.env };

afterEach(() => {
  process.env = { ...before };
});

/** The client exactly as a component makes it: all it is given are the two environment variables. */
class SdkClient implements AsyncDisposable {
  readonly ipc: greengrasscoreipc.Client;

  constructor(environment: ComponentEnvironment) {
    Object.assign(process.env, environment);
    this.ipc = greengrasscoreipc.createClient();
  }

  static async connected(nucleus: LocalNucleus): Promise<SdkClient> {
    const client = new SdkClient(nucleus.environment(COMPONENT));
    await client.ipc.connect();
    return client;
  }

  /** Subscribes and gives what comes, in order. */
  async subscribe(
    topicName: string,
  ): Promise<{ readonly next: () => Promise<{ topicName: string; payload: Buffer }>; readonly close: () => Promise<void> }> {
    const stream = this.ipc.subscribeToIoTCore({ topicName, qos: QOS.AT_LEAST_ONCE });
    const inbox = new Inbox<{ topicName: string; payload: Buffer }>();
    stream.on('message', ({ message }) =>
      inbox.put({ topicName: message?.topicName ?? '', payload: Buffer.from((message?.payload ?? '') as ArrayBuffer) }),
    );
    await stream.activate();
    return {
      next: () => inbox.next(),
      close: () => stream.close(),
    };
  }

  publish(topicName: string, payload: string | ArrayBuffer): Promise<unknown> {
    return this.ipc.publishToIoTCore({ topicName, payload, qos: QOS.AT_LEAST_ONCE });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ipc.close();
  }
}

async function rejection(promise: Promise<unknown>): Promise<eventstream_rpc.RpcError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RpcError)) throw new Error(`expected an RpcError, not ${String(error)}`);
  return error;
}

/** One scenario of `sdk-in-child.mjs`: what the client leaves pending for ever must not stay in this process. */
async function inChild(scenario: string, environment: ComponentEnvironment): Promise<string> {
  const script = fileURLToPath(new URL('sdk-in-child.mjs', import.meta.url));
  const child = spawn(process.execPath, ['--no-warnings', script, scenario], {
    env: { ...before, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  await once(child, 'close');
  return JSON.parse(output) as string;
}

describe.each(PROFILES)('the official SDK on %s', profile => {
  test('connects, subscribes, publishes and gets its own message', async () => {
    await using nucleus = await start(profile);
    await using client = await SdkClient.connected(nucleus);
    const stream = await client.subscribe('test/#');
    const bytes = Buffer.from([0, 1, 254, 255]);
    await client.publish('test/a', bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    expect(await stream.next()).toEqual({ topicName: 'test/a', payload: bytes });
    await stream.close();
    await expect.poll(() => nucleus.subscriptions).toBe(0);
  });

  test('exchanges messages with an MQTT client', async () => {
    await using nucleus = await start(profile);
    await using client = await SdkClient.connected(nucleus);
    const stream = await client.subscribe('test/+');
    const mqtt = await connectAsync(nucleus.mqttUrl);
    await mqtt.subscribeAsync('test/up');
    const arrived = new Promise<string>(resolve => {
      mqtt.once('message', (_, payload) => {
        resolve(payload.toString());
      });
    });
    await client.publish('test/up', 'from the component');
    expect(await arrived).toBe('from the component');
    expect((await stream.next()).topicName).toBe('test/up');
    await mqtt.publishAsync('test/down', 'to the component', { qos: 1 });
    expect(await stream.next()).toEqual({ topicName: 'test/down', payload: Buffer.from('to the component') });
    await mqtt.endAsync();
  });

  test('publishes a thousand messages, eight at a time, and every one comes back', async () => {
    await using nucleus = await start(profile);
    await using client = await SdkClient.connected(nucleus);
    const stream = await client.subscribe('test/#');
    let sent = 0;
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        while (sent < 1000) await client.publish('test/n', String(sent++));
      }),
    );
    const numbers = new Set<string>();
    for (let i = 0; i < 1000; i++) numbers.add((await stream.next()).payload.toString());
    expect(numbers.size).toBe(1000);
  });

  test('is refused by the policy, with the error of the model', async () => {
    await using nucleus = await start(profile);
    await using client = await SdkClient.connected(nucleus);
    const error = await rejection(client.publish('other', 'x'));
    expect(error.type).toBe(RpcErrorType.ServiceError);
    expect(error.serviceError).toMatchObject(profile === 'classic' ? { message: 'Not Authorized' } : {});
    expect((await rejection(client.subscribe('other/#'))).type).toBe(RpcErrorType.ServiceError);
    await client.publish('test/a', 'still connected');
  });

  test('is refused for its token, and calls that a lost connection', async () => {
    await using nucleus = await start(profile);
    const stale = nucleus.environment(COMPONENT);
    await nucleus.restart();
    expect(await inChild('connect', stale)).toMatch(/^rejected: .*(connection|CONNACK|rejected)/i);
  });

  test('is told when the connection is lost', async () => {
    await using nucleus = await start(profile);
    await using client = await SdkClient.connected(nucleus);
    const lost = once(client.ipc, 'disconnection');
    nucleus.faults.killConnections();
    await lost;
    await rejection(client.publish('test/a', 'x'));
  });
});

describe('what the official SDK makes of the classic nucleus', () => {
  test('an InvalidArgumentsError, which is not in its model, loses its text', async () => {
    await using nucleus = await start('classic');
    await using client = await SdkClient.connected(nucleus);
    const error = await rejection(client.ipc.publishToIoTCore({ topicName: 'test/a', qos: QOS.AT_MOST_ONCE }));
    expect(error.type).toBe(RpcErrorType.InternalError);
    expect(error.message).not.toContain('Payload is required');
  });

  test('MQTT 5 members travel from component to component, without the content type', async () => {
    await using nucleus = await start('classic');
    await using client = await SdkClient.connected(nucleus);
    const stream = client.ipc.subscribeToIoTCore({ topicName: 'test/#', qos: QOS.AT_LEAST_ONCE });
    const arrived = once(stream, 'message');
    await stream.activate();
    const userProperties = [{ key: 'k', value: 'v' }];
    await client.ipc.publishToIoTCore({
      topicName: 'test/a',
      qos: QOS.AT_LEAST_ONCE,
      payload: 'x',
      userProperties,
      responseTopic: 'test/reply',
      correlationData: 'id',
      contentType: 'text/plain',
    });
    const [{ message }] = (await arrived) as [greengrasscoreipc.model.IoTCoreMessage];
    expect(message).toMatchObject({ userProperties, responseTopic: 'test/reply' });
    expect(Buffer.from(message?.correlationData as ArrayBuffer).toString()).toBe('id');
    expect(message?.contentType).toBeUndefined();
  });
});

describe('what the official SDK does not survive on lite', () => {
  test('a message that comes before the answer to its subscribe: it takes it for the answer and fails', async () => {
    await using nucleus = await start('lite');
    await using client = await SdkClient.connected(nucleus);
    using _ = nucleus.faults.messageBeforeReply({ topicName: 'test/a', payload: 'early' });
    const error = await rejection(client.subscribe('test/a'));
    expect(error.type).toBe(RpcErrorType.InternalError);
  });

  test('a publish over the limit: the connection and its subscriptions are gone, and its promise never settles', async () => {
    await using nucleus = await start('lite');
    expect(await inChild('publish too much', nucleus.environment(COMPONENT))).toBe('pending');
    expect(nucleus.connections).toBe(0);
  });

  test('no ConnectAck: connecting never ends', async () => {
    await using nucleus = await start('lite');
    using _ = nucleus.faults.noConnectAck();
    expect(await inChild('connect without an answer', nucleus.environment(COMPONENT))).toBe('pending');
  });
});
