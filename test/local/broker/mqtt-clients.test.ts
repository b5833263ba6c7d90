import { connectAsync, type MqttClient } from 'mqtt';
import { describe, expect, test } from 'vitest';
import { HandClock } from '../../kit/time/hand-clock.js';
import { COMPONENT, OTHER, PROFILES, start } from '../../kit/nucleus/nuclei.js';
import { PUBLISH, RawClient, body, eventOf } from '../../kit/nucleus/raw-client.js';

function nextMessage(client: MqttClient): Promise<[topic: string, payload: Buffer]> {
  return new Promise(resolve => {
    client.once('message', (topic, payload) => {
      resolve([topic, payload]);
    });
  });
}

describe.each(PROFILES)('%s', profile => {
  test('an MQTT client on the loopback port talks with components both ways', async () => {
    await using nucleus = await start(profile);
    expect(nucleus.mqttUrl).toBe(`mqtt://127.0.0.1:${nucleus.mqttPort}`);
    const component = await RawClient.accepted(nucleus, COMPONENT);
    component.subscribe(1, 'test/#');
    await component.next();
    const mqtt = await connectAsync(nucleus.mqttUrl);
    await mqtt.publishAsync('test/a', Buffer.from([0, 255]), { qos: 1 });
    const event = await component.next();
    expect(Buffer.from((body(event)['message'] as { payload: string }).payload, 'base64')).toEqual(Buffer.from([0, 255]));
    await mqtt.subscribeAsync('test/+', { qos: 1 });
    const arrived = nextMessage(mqtt);
    component.publish(2, 'test/b', 'from the component');
    const [topic, payload] = await arrived;
    expect([topic, payload.toString()]).toEqual(['test/b', 'from the component']);
    expect(await component.next()).toMatchObject({ streamId: 2 });
    // Its own message came back once, not once more from the broker.
    expect(eventOf(await component.next())).toEqual({ topicName: 'test/b', text: 'from the component' });
    nucleus.publish({ topicName: 'test/c', payload: 'last' });
    expect(eventOf(await component.next())).toEqual({ topicName: 'test/c', text: 'last' });
    await mqtt.endAsync();
  });

  test('a retained message waits for who subscribes later', async () => {
    await using nucleus = await start(profile);
    const mqtt = await connectAsync(nucleus.mqttUrl);
    await mqtt.publishAsync('test/a', 'kept', { retain: true, qos: 1 });
    const component = await RawClient.accepted(nucleus, COMPONENT);
    component.subscribe(1, 'test/#');
    expect(await component.next()).toMatchObject({ payload: '{}' });
    const event = await component.next();
    expect(eventOf(event)).toEqual({ topicName: 'test/a', text: 'kept' });
    if (profile === 'classic') expect(body(event)['message']).toMatchObject({ retain: true });
    await mqtt.endAsync();
  });

  test('with the broker down MQTT clients are cut and refused, and it comes back at the same port', async () => {
    await using nucleus = await start(profile);
    const mqtt = await connectAsync(nucleus.mqttUrl, { reconnectPeriod: 0 });
    const cut = new Promise<void>(resolve => {
      mqtt.once('close', () => {
        resolve();
      });
    });
    const down = await nucleus.faults.brokerDown();
    await cut;
    await expect(connectAsync(nucleus.mqttUrl, { reconnectPeriod: 0 })).rejects.toThrow('ECONNREFUSED');
    await down.undo();
    const again = await connectAsync(nucleus.mqttUrl);
    await again.endAsync();
    await mqtt.endAsync();
  });

  test('a client that breaks off leaves its will, and the nucleus goes on', async () => {
    await using nucleus = await start(profile);
    const component = await RawClient.accepted(nucleus, OTHER);
    component.subscribe(1, 'gone');
    await component.next();
    const mqtt = await connectAsync(nucleus.mqttUrl, {
      reconnectPeriod: 0,
      will: { topic: 'gone', payload: Buffer.from('will'), qos: 0, retain: false },
    });
    mqtt.stream.destroy();
    expect(eventOf(await component.next()).text).toBe('will');
  });
});

test('classic: MQTT 5 members come with a retained message too', async () => {
  await using nucleus = await start('classic');
  const component = await RawClient.accepted(nucleus, COMPONENT);
  const members = {
    userProperties: [{ key: 'k', value: 'v' }],
    responseTopic: 'test/reply',
    correlationData: 'AQI=',
    payloadFormat: '1',
    messageExpiryIntervalSeconds: 9,
  };
  component.request(1, PUBLISH, { topicName: 'test/a', qos: '1', payload: 'aGk=', retain: true, ...members });
  await component.next();
  component.subscribe(2, 'test/a');
  await component.next();
  expect(body(await component.next())['message']).toEqual({ topicName: 'test/a', payload: 'aGk=', retain: true, ...members });
});

test('classic: a filter that another covers gets no retained messages', async () => {
  await using nucleus = await start('classic');
  const component = await RawClient.accepted(nucleus, COMPONENT);
  component.subscribe(1, 'test/#');
  await component.next();
  nucleus.publish({ topicName: 'test/a', payload: 'kept', retain: true });
  expect(await component.next()).toMatchObject({ streamId: 1 });
  component.subscribe(2, 'test/a');
  expect(await component.next()).toMatchObject({ streamId: 2, payload: '{}' });
  nucleus.publish({ topicName: 'test/a', payload: 'next' });
  expect([eventOf(await component.next()).text, eventOf(await component.next()).text]).toEqual(['next', 'next']);
  component.terminate(1);
  component.subscribe(3, 'test/a/b');
  const [kept, reply] = [await component.next(), await component.next()].sort((one, other) => one.streamId - other.streamId);
  expect(reply).toMatchObject({ streamId: 3, payload: '{}' });
  // The covering filter is gone, so the device subscribes the other one now, and gets what is retained.
  expect(kept === undefined ? undefined : eventOf(kept)).toEqual({ topicName: 'test/a', text: 'kept' });
});

test('classic: a retained message says how long it has left, and is gone when that is over', async () => {
  const clock = new HandClock();
  await using nucleus = await start('classic', { clock });
  const component = await RawClient.accepted(nucleus, COMPONENT);
  const request = { topicName: 'test/a', qos: '1', payload: 'aGk=', retain: true, messageExpiryIntervalSeconds: 10 };
  component.request(1, PUBLISH, request);
  await component.next();
  clock.advance(3500);
  component.subscribe(2, 'test/a');
  await component.next();
  expect(body(await component.next())['message']).toMatchObject({ retain: true, messageExpiryIntervalSeconds: 7 });
  component.terminate(2);
  clock.advance(6500);
  component.subscribe(3, 'test/a');
  await component.next();
  const mqtt = await connectAsync(nucleus.mqttUrl);
  const first = nextMessage(mqtt);
  await mqtt.subscribeAsync('test/+', { qos: 1 });
  await mqtt.publishAsync('test/a', 'after', { qos: 1 });
  // Nothing is retained any more, for components and for others; and its end was no message.
  expect((await first)[1].toString()).toBe('after');
  expect(eventOf(await component.next()).text).toBe('after');
  await mqtt.endAsync();
});
