import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { connectAsync, type IClientPublishOptions, type MqttClient } from 'mqtt';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bufferCount, lastValueFrom, take, toArray } from 'rxjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../../src/client/connect.js';
import { publishTo } from '../../../src/flow/index.js';
import { QOS } from '../../../src/shared/qos.js';
import { onRights } from '../../../src/stream/index.js';
import type { BrokerChoice, BrokerEvent, LocalNucleus, NucleusEvent, UrlBrokerChoice } from '../../../src/local/index.js';
import { makeCertificates, type Certificates } from '../../kit/broker/certificates.js';
import { Mosquitto, freePort, mosquittoMissing } from '../../kit/broker/mosquitto.js';
import { allow, COMPONENT, OTHER, PROFILES, start } from '../../kit/nucleus/nuclei.js';
import { PUBLISH, RawClient, body, eventOf } from '../../kit/nucleus/raw-client.js';
import { quietSockets } from '../../kit/nucleus/quiet-sockets.js';
import { IS_WINDOWS } from '../../kit/process/platform.js';
import { nodeFolder } from '../../kit/process/run-in-node.js';
import { HandClock } from '../../kit/time/hand-clock.js';
import { Inbox } from '../../kit/streams/inbox.js';

const QUICK = { minDelay: 50, maxDelay: 100 };

/** The first event of the broker from now on that fits. Events of before, but for the last, are not seen. */
function brokerEvent(nucleus: LocalNucleus, fits: (event: BrokerEvent) => boolean): Promise<BrokerEvent> {
  return new Promise(resolve => {
    const stop = nucleus.observe(event => {
      if (event.kind !== 'broker' || !fits(event)) return;
      queueMicrotask(() => {
        stop();
      });
      resolve(event);
    });
  });
}

const connected = (event: BrokerEvent): boolean => event.state === 'connected';
const offline = (event: BrokerEvent): boolean => event.state === 'offline';

/** The problem that a nucleus with this broker shows at its start. */
async function problemWith(broker: BrokerChoice): Promise<unknown> {
  await using nucleus = await start('classic', { broker });
  const event = await brokerEvent(nucleus, offline);
  return event.state === 'offline' ? event.problem : undefined;
}

/** What another MQTT 5 client gets, in order. */
function messagesOf(client: MqttClient): Inbox<{ topic: string; text: string; properties: unknown; retain: boolean }> {
  const inbox = new Inbox<{ topic: string; text: string; properties: unknown; retain: boolean }>();
  client.on('message', (topic, payload, { properties, retain }) => inbox.put({ topic, text: payload.toString(), properties, retain }));
  return inbox;
}

if (mosquittoMissing !== undefined) console.warn(`Skipped, tests of brokers elsewhere: ${mosquittoMissing}.`);

describe.skipIf(mosquittoMissing !== undefined)('behind it mosquitto, over mutual TLS', () => {
  let mosquitto: Mosquitto;
  let certificates: Certificates;
  let broker: UrlBrokerChoice;

  beforeAll(async () => {
    mosquitto = await Mosquitto.start(async folder => {
      certificates = await makeCertificates(folder);
      await writeFile(join(folder, 'acl'), 'topic readwrite test/#\ntopic readwrite other/#\n');
      return [
        `cafile ${certificates.ca}`,
        `certfile ${certificates.server.certificate}`,
        `keyfile ${certificates.server.privateKey}`,
        'require_certificate true',
        'allow_anonymous true',
      ];
    });
    broker = { url: `mqtts://localhost:${mosquitto.port}`, ca: certificates.ca, ...certificates.client, reconnect: QUICK };
  });

  afterAll(() => mosquitto[Symbol.asyncDispose]());

  async function other(): Promise<MqttClient> {
    return connectAsync(`mqtts://localhost:${mosquitto.port}`, {
      protocolVersion: 5,
      ca: await readFile(certificates.ca),
      cert: await readFile(certificates.client.certificate),
      key: await readFile(certificates.client.privateKey),
    });
  }

  test.each(PROFILES)('%s: a shared subscription is passed on, and what the broker deals to the device reaches nobody', async profile => {
    await using nucleus = await start(profile, { broker, components: [{ name: COMPONENT, accessControl: allow('*') }] });
    const component = await RawClient.accepted(nucleus, COMPONENT);
    component.subscribe(1, '$share/workers/test/jobs');
    expect(body(await component.next())).toEqual({});
    component.subscribe(2, 'test/end');
    expect(body(await component.next())).toEqual({});
    const member = await other();
    const messages = messagesOf(member);
    await member.subscribeAsync(['$share/workers/test/jobs', 'test/end'], { qos: 1 });
    for (let i = 0; i < 10; i++) await member.publishAsync('test/jobs', String(i), { qos: 1 });
    await member.publishAsync('test/end', '', { qos: 1 });
    let taken = 0;
    while ((await messages.next()).topic !== 'test/end') taken++;
    expect(taken).toBe(5);
    expect(eventOf(await component.next()).topicName).toBe('test/end');
    await member.endAsync();
  });

  test('MQTT 5 members are carried from a component to a client elsewhere and back', async () => {
    await using nucleus = await start('classic', { broker });
    expect(nucleus.mqttUrl).toBe(broker.url);
    const component = await RawClient.accepted(nucleus, COMPONENT);
    component.subscribe(1, 'test/down');
    expect(await component.next()).toMatchObject({ streamId: 1, payload: '{}' });
    const client = await other();
    await client.subscribeAsync('test/up', { qos: 1 });
    const messages = messagesOf(client);
    const members = {
      userProperties: [
        { key: 'k', value: 'v' },
        { key: 'k', value: 'w' },
      ],
      responseTopic: 'test/reply',
      correlationData: 'AQL/',
      payloadFormat: '1',
      messageExpiryIntervalSeconds: 90,
    };
    component.request(2, PUBLISH, { topicName: 'test/up', qos: '1', payload: 'aGk=', ...members });
    expect(await component.next()).toMatchObject({ streamId: 2, payload: '{}' });
    expect(await messages.next()).toMatchObject({
      topic: 'test/up',
      text: 'hi',
      properties: {
        userProperties: { k: ['v', 'w'] },
        responseTopic: 'test/reply',
        correlationData: Buffer.from([1, 2, 255]),
        payloadFormatIndicator: true,
        messageExpiryInterval: 90,
      },
    });
    const properties: IClientPublishOptions['properties'] = {
      userProperties: { a: 'b' },
      responseTopic: 'test/r',
      correlationData: Buffer.from([0, 254]),
      payloadFormatIndicator: true,
      messageExpiryInterval: 40,
      contentType: 'text/plain',
    };
    await client.publishAsync('test/down', 'there', { qos: 1, properties });
    expect(body(await component.next())['message']).toEqual({
      topicName: 'test/down',
      payload: Buffer.from('there').toString('base64'),
      retain: false,
      userProperties: [{ key: 'a', value: 'b' }],
      responseTopic: 'test/r',
      correlationData: 'AP4=',
      payloadFormat: '1',
      messageExpiryIntervalSeconds: 40,
      contentType: 'text/plain',
    });
    await client.endAsync();
  });

  test('MQTT 5 members are carried from one local nucleus to another', async () => {
    await using here = await start('classic', { broker });
    await using there = await start('classic', { broker });
    const sender = await RawClient.accepted(here, COMPONENT);
    const receiver = await RawClient.accepted(there, COMPONENT);
    receiver.subscribe(1, 'test/between');
    await receiver.next();
    sender.request(1, PUBLISH, { topicName: 'test/between', qos: '1', payload: '', userProperties: [{ key: 'x', value: 'y' }] });
    expect(body(await receiver.next())['message']).toMatchObject({ payload: '', userProperties: [{ key: 'x', value: 'y' }] });
  });

  test.each(PROFILES)('%s: components talk through the broker, and all of them share one connection', async profile => {
    await using nucleus = await start(profile, { broker });
    const client = await other();
    const a = await RawClient.accepted(nucleus, COMPONENT);
    const b = await RawClient.accepted(nucleus, OTHER);
    a.subscribe(1, 'test/shared');
    b.subscribe(1, 'test/shared');
    await a.next();
    await b.next();
    // On Lite the answer does not wait for the SUBACK; a publish on the same connection does.
    a.publish(2, 'test/shared', 'one');
    const got = [await a.next(), await a.next()].find(({ streamId }) => streamId === 1);
    expect(eventOf(got ?? (await a.next())).text).toBe('one');
    expect(eventOf(await b.next()).text).toBe('one');
    await client.publishAsync('test/shared', 'two', { qos: 1 });
    expect(eventOf(await a.next()).text).toBe('two');
    expect(eventOf(await b.next()).text).toBe('two');
    // One filter at the broker: had each its own connection or subscription, more copies would come before this.
    await client.publishAsync('test/shared', 'three', { qos: 1 });
    expect(eventOf(await a.next()).text).toBe('three');
    await client.endAsync();
  });

  test('a retained message comes after the answer to the subscribe, each time', async () => {
    const client = await other();
    await client.publishAsync('test/kept', 'kept', { retain: true, qos: 1 });
    await using nucleus = await start('classic', { broker });
    const component = await RawClient.accepted(nucleus, COMPONENT);
    for (let id = 1; id <= 20; id++) {
      component.subscribe(id, 'test/kept');
      expect(await component.next()).toMatchObject({ streamId: id, payload: '{}' });
      expect(body(await component.next())['message']).toMatchObject({ topicName: 'test/kept', retain: true });
      component.terminate(id);
    }
    await client.publishAsync('test/kept', '', { retain: true, qos: 1 });
    await client.endAsync();
  });

  test('killed and started again: classic spools, and sends in order; the old subscription delivers', async () => {
    await using nucleus = await start('classic', { broker });
    const component = await RawClient.accepted(nucleus, COMPONENT);
    component.subscribe(1, 'test/seq');
    await component.next();
    const lost = brokerEvent(nucleus, offline);
    await mosquitto.kill();
    const event = await lost;
    expect(event).toMatchObject({
      state: 'offline',
      problem: { _tag: expect.stringMatching(/BrokerConnectionLost|BrokerUnreachable/) as string },
    });
    for (let i = 0; i < 50; i++) component.publish(2 + i, 'test/seq', String(i));
    for (let i = 0; i < 50; i++) expect(await component.next()).toMatchObject({ streamId: 2 + i, payload: '{}' });
    expect(nucleus.spooled).toBe(50);
    component.publish(52, 'test/seq', 'qos 0', '0');
    expect(body(await component.next())['message']).toContain('Device is offline. Dropping QoS 0 message.');
    const back = brokerEvent(nucleus, connected);
    await mosquitto.run();
    await back;
    const texts = [];
    for (let i = 0; i < 50; i++) texts.push(eventOf(await component.next()).text);
    expect(texts).toEqual(Array.from({ length: 50 }, (_, i) => String(i)));
    await expect.poll(() => nucleus.spooled).toBe(0);
  });

  test('killed and started again: lite fails at once, and the old subscription delivers', async () => {
    await using nucleus = await start('lite', { broker });
    const component = await RawClient.accepted(nucleus, COMPONENT);
    component.subscribe(1, 'test/again');
    await component.next();
    const lost = brokerEvent(nucleus, offline);
    await mosquitto.kill();
    await lost;
    component.publish(2, 'test/again', 'x');
    expect(body(await component.next())).toMatchObject({ _message: 'Failed to publish the message.' });
    component.subscribe(3, 'test/b');
    expect(body(await component.next())).toMatchObject({ _message: 'Failed to bind the subscription.' });
    const back = brokerEvent(nucleus, connected);
    await mosquitto.run();
    await back;
    component.publish(4, 'test/again', 'y');
    const both = [await component.next(), await component.next()];
    expect(both.map(({ streamId }) => streamId).sort()).toEqual([1, 4]);
  });

  test('frozen with publishes under way: what it never acknowledged is sent again', async () => {
    await using nucleus = await start('classic', { broker });
    const component = await RawClient.accepted(nucleus, COMPONENT);
    component.subscribe(1, 'test/frozen');
    await component.next();
    mosquitto.freeze();
    for (let i = 0; i < 200; i++) component.publish(2 + i, 'test/frozen', String(i));
    for (let i = 0; i < 200; i++) expect(await component.next()).toMatchObject({ streamId: 2 + i });
    expect(nucleus.spooled).toBe(0);
    const lost = brokerEvent(nucleus, offline);
    await mosquitto.kill();
    await lost;
    await mosquitto.run();
    const texts = new Set<string>();
    while (texts.size < 200) texts.add(eventOf(await component.next()).text);
    expect(texts.size).toBe(200);
  });

  test('the fault takes only the device offline', async () => {
    await using nucleus = await start('classic', { broker });
    const component = await RawClient.accepted(nucleus, COMPONENT);
    component.subscribe(1, 'test/fault');
    await component.next();
    const client = await other();
    const down = await nucleus.faults.brokerDown();
    expect(await brokerEvent(nucleus, offline)).toMatchObject({ problem: undefined });
    component.publish(2, 'test/fault', 'spooled');
    expect(await component.next()).toMatchObject({ payload: '{}' });
    await client.publishAsync('test/fault', 'missed', { qos: 1 });
    await down.undo();
    expect(eventOf(await component.next()).text).toBe('spooled');
    await client.endAsync();
  });

  test('the endpoint of AWS IoT Core is the same thing under other names', async () => {
    await using nucleus = await start('classic', {
      broker: { endpoint: 'localhost', port: mosquitto.port, thingName: 'MyThing', rootCa: certificates.ca, ...certificates.client },
    });
    expect(await brokerEvent(nucleus, connected)).toMatchObject({ url: `mqtts://localhost:${mosquitto.port}` });
    const component = await RawClient.accepted(nucleus, COMPONENT);
    component.subscribe(1, 'test/iot');
    await component.next();
    component.publish(2, 'test/iot', 'x');
    expect((await Promise.all([component.next(), component.next()])).map(({ streamId }) => streamId).sort()).toEqual([1, 2]);
  });

  test('certificates may be given as text', async () => {
    await using nucleus = await start('classic', {
      broker: {
        url: broker.url,
        ca: await readFile(certificates.ca, 'utf8'),
        certificate: await readFile(certificates.client.certificate, 'utf8'),
        privateKey: await readFile(certificates.client.privateKey, 'utf8'),
      },
    });
    await brokerEvent(nucleus, connected);
  });

  test('without a client certificate it is offline, and says that TLS failed', async () => {
    expect(await problemWith({ url: broker.url, ca: certificates.ca })).toMatchObject({
      _tag: 'BrokerTlsFailed',
      code: 'GGRX_BROKER_TLS_FAILED',
      retryable: true,
    });
  });

  test('without TLS it is told that TLS may be meant', async () => {
    expect(await problemWith({ url: broker.url.replace('mqtts', 'mqtt') })).toMatchObject({
      _tag: 'BrokerUnreachable',
      reason: 'closed',
      message: expect.stringContaining('mqtts://') as string,
    });
  });

  test('a key that does not belong to the certificate, one that is none, and a file that is not there, end the start', async () => {
    const { server, client } = certificates;
    const mixed = { ...broker, certificate: client.certificate, privateKey: server.privateKey };
    await expect(start('classic', { broker: mixed })).rejects.toMatchObject({
      code: 'GGRX_BROKER_CREDENTIALS_INVALID',
      message: expect.stringContaining('do not belong together') as string,
    });
    await expect(start('classic', { broker: { ...broker, ca: client.privateKey } })).rejects.toThrow('certificate authority');
    await expect(start('classic', { broker: { ...broker, privateKey: '/nowhere/key' } })).rejects.toThrow(
      'could not be read from /nowhere/key',
    );
  });
});

describe.skipIf(mosquittoMissing !== undefined)('behind it mosquitto, with users and a policy of its own', () => {
  let mosquitto: Mosquitto;
  let url: string;

  beforeAll(async () => {
    mosquitto = await Mosquitto.start(async folder => {
      await writeFile(join(folder, 'users'), 'device:s3cret\n');
      await writeFile(join(folder, 'acl'), 'user device\ntopic readwrite test/#\n');
      return ['allow_anonymous false', `password_file ${join(folder, 'users')}`, `acl_file ${join(folder, 'acl')}`];
    });
    // The file has the password as text; mosquitto hashes it at its start only if told so.
    const { execFileSync } = await import('node:child_process');
    execFileSync('mosquitto_passwd', ['-U', join(mosquitto.folder, 'users')], { stdio: 'ignore' });
    await mosquitto.kill();
    await mosquitto.run();
    url = `mqtt://127.0.0.1:${mosquitto.port}`;
  });

  afterAll(() => mosquitto[Symbol.asyncDispose]());

  test('user and password, in the URL or beside it, never appear in an event or error', async () => {
    const seen: NucleusEvent[] = [];
    await using nucleus = await start('classic', { broker: { url: url.replace('//', '//device:s3cret@') } });
    nucleus.observe(event => seen.push(event));
    expect(await brokerEvent(nucleus, connected)).toEqual({ kind: 'broker', url, state: 'connected' });
    await using second = await start('classic', { broker: { url, username: 'device', password: 's3cret' } });
    await brokerEvent(second, connected);
    expect(JSON.stringify([seen, nucleus.mqttUrl])).not.toContain('s3cret');
  });

  test('a wrong password is refused, shown, and survived', async () => {
    const problem = await problemWith({ url, username: 'device', password: 'wr0ng' });
    expect(problem).toMatchObject({ _tag: 'BrokerRefused', reasonCode: 135 });
    expect(String(problem)).not.toContain('wr0ng');
  });

  test('a publish that its policy refuses is dropped, with its reason as an event', async () => {
    await using nucleus = await start('classic', { broker: { url, username: 'device', password: 's3cret' } });
    const dropped = new Promise<NucleusEvent>(resolve => {
      nucleus.observe(event => {
        if (event.kind === 'dropped') resolve(event);
      });
    });
    const component = await RawClient.accepted(nucleus, OTHER);
    component.publish(1, 'forbidden', 'x');
    expect(await component.next()).toMatchObject({ payload: '{}' });
    expect(await dropped).toMatchObject({ reason: expect.stringContaining('reason code 135') as string });
    await expect.poll(() => nucleus.spooled).toBe(0);
  });
});

describe('with no broker to be had', () => {
  test('nobody listens: classic begins offline and withholds the first answer to subscribe', async () => {
    const url = `mqtt://127.0.0.1:${await freePort()}`;
    await using nucleus = await start('classic', { broker: { url, reconnect: QUICK } });
    expect(await brokerEvent(nucleus, offline)).toMatchObject({ problem: { _tag: 'BrokerUnreachable', reason: 'refused', url } });
    const component = await RawClient.accepted(nucleus, COMPONENT);
    component.subscribe(1, 'test/a');
    component.publish(2, 'test/a', 'spooled');
    expect(await component.next()).toMatchObject({ streamId: 2, payload: '{}' });
    expect(nucleus.spooled).toBe(1);
    expect(component.untaken).toBe(0);
  });

  test('one that takes connections and says nothing is waited for no longer than five seconds', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer(socket => sockets.add(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const clock = new HandClock();
    let started: LocalNucleus | undefined;
    const port = String((silent.address() as AddressInfo).port);
    const starting = start('lite', { clock, broker: { url: `mqtt://127.0.0.1:${port}` } }).then(nucleus => (started = nucleus));
    await once(silent, 'connection');
    clock.advance(4_999);
    await quietSockets();
    expect(started).toBeUndefined();
    clock.advance(1);
    const nucleus = await starting;
    const component = await RawClient.accepted(nucleus, COMPONENT);
    component.publish(1, 'test/a', 'x');
    expect(body(await component.next())).toMatchObject({ _message: 'Failed to publish the message.' });
    for (const socket of sockets) socket.destroy();
    silent.close();
    await nucleus.stop();
  });

  test('a host that does not exist is called that', async () => {
    expect(await problemWith({ url: 'mqtt://no-such-host.invalid' })).toMatchObject({ _tag: 'BrokerUnreachable', reason: 'unknown-host' });
  });
});

describe('a choice that cannot be meant throws', () => {
  test.each<[string, BrokerChoice]>([
    ['a URL of the form', { url: 'https://example.com' }],
    ['a URL of the form', { url: 'localhost:1883' }],
    ['ends after the host', { url: 'mqtt://h/path' }],
    ['Certificates are for mqtts', { url: 'mqtt://h', ca: 'x' }],
    ['together or not at all', { url: 'mqtts://h', certificate: 'x' }],
    ['0 < minDelay', { url: 'mqtt://h', reconnect: { minDelay: 0 } }],
    ['host name without scheme', { endpoint: 'https://x', thingName: 't', certificate: 'c', privateKey: 'k' }],
    ['exposeToNetwork: true', { host: '0.0.0.0' }],
    ['exposeToNetwork: true', { host: '::' }],
    ['exposeToNetwork: true', { host: 'some.name' }],
  ])('%s: %j', async (text, broker) => {
    await expect(start('classic', { broker })).rejects.toThrow(text);
  });
});

// Windows has no such limit.
test.skipIf(IS_WINDOWS)('aws-crt that could not be loaded for want of file descriptors is loaded when there are some', async () => {
  const node = await nodeFolder();
  try {
    const script = `
      import { closeSync, openSync } from 'node:fs';
      import { loadCrtMqtt } from './local/broker/crt-mqtt.js';
      const descriptors = [];
      try { for (;;) descriptors.push(openSync('/dev/null')); } catch {}
      const load = () => loadCrtMqtt().then(({ newClient }) => typeof newClient, ({ code }) => code);
      console.log(await load());
      closeSync(descriptors.pop());
      console.log(await load());
      for (const descriptor of descriptors) closeSync(descriptor);
      console.log(await load());`;
    expect(await node.run(script, [], { fileDescriptors: 64 })).toEqual({
      code: 0,
      signal: null,
      lines: ['EMFILE', 'EMFILE', 'function'],
      stderr: '',
    });
  } finally {
    await node.remove();
  }
});

test.skipIf(mosquittoMissing !== undefined)(
  'of a flood with QoS 1 through a broker elsewhere every reading comes, and every result arrives',
  async () => {
    const READINGS = 20_000;
    const EACH = 100;
    // By default mosquitto drops what it has more than a thousand of for one client.
    await using mosquitto = await Mosquitto.start(() => ['allow_anonymous true', 'max_queued_messages 0']);
    const url = `mqtt://127.0.0.1:${mosquitto.port}`;
    await using nucleus = await start('classic', { broker: { url } });
    await brokerEvent(nucleus, connected);
    const qos = QOS.AT_LEAST_ONCE;
    const proxy = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(COMPONENT) });
    let active: () => void = () => undefined;
    const isActive = new Promise<void>(resolve => (active = resolve));
    const onStatus = ({ status }: { readonly status: string }): void => {
      if (status === 'active') active();
    };
    const results$ = proxy.subscribe({ topicName: 'test/reading', qos, onStatus }).pipe(
      onRights(message$ =>
        message$.pipe(
          bufferCount(EACH),
          take(READINGS / EACH),
          publishTo(proxy, messages => ({ topicName: 'test/result', payload: `${messages.length}`, qos }), {
            buffer: { messages: READINGS, onFull: 'fail' },
          }),
        ),
      ),
    );
    const published = lastValueFrom(results$.pipe(toArray()));
    await isActive;
    const [load, reader] = await Promise.all([connectAsync(url), connectAsync(url)]);
    const results = messagesOf(reader);
    await reader.subscribeAsync('test/result', { qos: 1 });
    let sent = 0;
    const publisher = async (): Promise<void> => {
      while (sent < READINGS) await load.publishAsync('test/reading', String(sent++), { qos: 1 });
    };
    await Promise.all(Array.from({ length: 200 }, publisher));
    expect((await published).every(({ _tag }) => _tag === 'Right')).toBe(true);
    let counted = 0;
    for (let n = 0; n < READINGS / EACH; n++) counted += Number((await results.next()).text);
    expect(counted).toBe(READINGS);
    await Promise.all([load.endAsync(), reader.endAsync(), proxy.close()]);
  },
);
