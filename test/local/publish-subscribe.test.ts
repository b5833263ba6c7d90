import { existsSync, statSync } from 'node:fs';
import * as E from 'fp-ts/lib/Either.js';
import { right } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { firstValueFrom, lastValueFrom, of } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { component, runComponent, silentLog } from '../../src/component/index.js';
import { connect, connectNucleus, QOS } from '../../src/index.js';
import type { NucleusEvent } from '../../src/local/index.js';
import { folderOfSocket } from '../../src/local/server/ipc-server.js';
import { COMPONENT, OTHER, PROFILES, start } from '../kit/nucleus/nuclei.js';
import { PUBLISH, RawClient, eventOf } from '../kit/nucleus/raw-client.js';
import { IS_WINDOWS } from '../kit/process/platform.js';

describe.each(PROFILES)('%s', profile => {
  test('hands a component’s message to the others that subscribed', async () => {
    await using nucleus = await start(profile);
    const subscriber = await RawClient.accepted(nucleus, COMPONENT);
    const publisher = await RawClient.accepted(nucleus, OTHER);
    subscriber.subscribe(1, 'test/#');
    const reply = await subscriber.next();
    expect(reply).toMatchObject({ type: 0, flags: 0, streamId: 1, modelType: 'aws.greengrass#SubscribeToIoTCoreResponse', payload: '{}' });
    publisher.publish(1, 'test/a', 'hello');
    expect(await publisher.next()).toMatchObject({
      modelType: 'aws.greengrass#PublishToIoTCoreResponse',
      flags: profile === 'classic' ? 2 : 0,
    });
    const event = await subscriber.next();
    expect(event).toMatchObject({ type: 0, flags: 0, streamId: 1, modelType: 'aws.greengrass#IoTCoreMessage' });
    expect(eventOf(event)).toEqual({ topicName: 'test/a', text: 'hello' });
  });

  test('tells a client that asks which nucleus this is from one that fails', async () => {
    await using nucleus = await start(profile);
    const seen: NucleusEvent[] = [];
    nucleus.observe(event => {
      if (event.kind === 'probed' || event.kind === 'failed') seen.push(event);
    });
    const client = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(COMPONENT) });
    expect((await client.publish({ topicName: 'test/a', payload: '', qos: QOS.AT_MOST_ONCE })())._tag).toBe('Right');
    await client.close();
    const raw = await RawClient.accepted(nucleus, COMPONENT);
    for (const [streamId, request] of ['{"topicName":""}', '{}'].entries()) {
      raw.request(streamId + 1, PUBLISH, request);
      await raw.next();
    }
    expect(seen.map(({ kind }) => kind)).toEqual(['probed', 'failed', 'failed']);
    expect(seen[0]).toEqual({ kind: 'probed', connection: 1, component: COMPONENT });
  });

  test('that it was given no configuration is no failure of a component, and what else it asks for in vain is', async () => {
    await using nucleus = await start(profile);
    const seen: NucleusEvent[] = [];
    nucleus.observe(event => {
      if (event.kind === 'failed') seen.push(event);
    });
    const connectOptions = { socketPath: nucleus.socketPath, authToken: nucleus.authToken(COMPONENT) };
    const config = t.type({ limit: t.number });
    const limits: number[] = [];
    const plain = component({
      name: COMPONENT,
      version: '1.0.0',
      config,
      defaults: { limit: 7 },
      run: (_proxy, { limit }) => of(right(limits.push(limit))),
    });
    expect(await runComponent(plain, { connect: connectOptions, env: {}, signals: false, log: silentLog })).toMatchObject({ code: 0 });
    expect(limits).toEqual([7]);
    expect(seen).toEqual([]);
    await using other = connectNucleus(connectOptions);
    await firstValueFrom(other.configuration.value$(t.unknown, { keyPath: ['limits'] }), { defaultValue: undefined });
    expect(seen).toMatchObject([{ operation: 'aws.greengrass#GetConfiguration', code: 'ResourceNotFoundError' }]);
    seen.length = 0;
    await other.configuration.update({ 'a "key"': 'a leaf' })();
    const leaf$ = other.configuration.value$(t.unknown, { keyPath: ['a "key"'] });
    expect(await firstValueFrom(leaf$)).toEqual(right('a leaf'));
    expect(seen).toEqual([]);
  });

  test('that it cannot say whether the device is online is no failure of who asks', async () => {
    await using nucleus = await start(profile);
    const seen: string[] = [];
    nucleus.observe(({ kind }) => seen.push(kind));
    await using proxy = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(COMPONENT) });
    expect(E.isRight(await proxy.ready()())).toBe(true);
    expect(await lastValueFrom(proxy.cloud$)).toBe('unknown');
    expect(seen).toEqual(['connected', 'probed']);
  });

  test('gives a component the variables that say which nucleus it is', async () => {
    await using nucleus = await start(profile);
    const { socketPath } = nucleus;
    expect(nucleus.environment(COMPONENT)).toEqual({
      SVCUID: nucleus.authToken(COMPONENT),
      AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: socketPath,
      ...(profile === 'classic' ? { AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH: socketPath } : {}),
    });
  });

  test('tells who looks what was published, and to whom it went', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, OTHER);
    client.subscribe(1, 'test/#');
    await client.next();
    const seen: NucleusEvent[] = [];
    nucleus.observe(event => seen.push(event));
    client.publish(2, 'test/a', 'hello');
    await client.next();
    nucleus.publish({ topicName: 'test/b', payload: 'from the cloud' });
    nucleus.publish({ topicName: 'nobody/listens', payload: '' });
    await client.next();
    await client.next();
    const what = seen.map(event => ('payload' in event ? { ...event, payload: Buffer.from(event.payload).toString() } : event));
    expect(what).toEqual([
      { kind: 'published', connection: expect.any(Number) as number, component: OTHER, topicName: 'test/a', payload: 'hello', qos: 1 },
      { kind: 'delivered', topicName: 'test/a', payload: 'hello', components: [OTHER] },
      { kind: 'delivered', topicName: 'test/b', payload: 'from the cloud', components: [OTHER] },
    ]);
  });

  test('delivers no more after the client has ended the stream', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.subscribe(1, 'test/a');
    client.subscribe(2, 'test/b');
    await client.next();
    await client.next();
    client.terminate(1);
    // Answered in order: when this one is, the terminate has been seen.
    client.publish(3, 'test/x', '');
    await client.next();
    expect(nucleus.subscriptions).toBe(1);
    nucleus.publish({ topicName: 'test/a', payload: 'gone' });
    nucleus.publish({ topicName: 'test/b', payload: 'here' });
    expect(eventOf(await client.next())).toEqual({ topicName: 'test/b', text: 'here' });
  });

  test('refuses what the policy does not allow', async () => {
    await using nucleus = await start(profile);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.publish(1, 'other/a', 'x');
    const reply = await client.next();
    expect(reply).toMatchObject({
      type: 1,
      flags: 2,
      streamId: 1,
      contentType: 'application/json',
      modelType: 'aws.greengrass#UnauthorizedError',
    });
    expect(reply.payload).toBe(
      profile === 'classic'
        ? '{"message":"Not Authorized","_service":"aws.greengrass#GreengrassCoreIPC","_message":"Not Authorized","_errorCode":"UnauthorizedError"}'
        : '{"_message":"IPC Operation not authorized.","_errorCode":"UnauthorizedError"}',
    );
  });

  test('leaves no socket and no directory behind', async () => {
    const nucleus = await start(profile);
    const directory = folderOfSocket(nucleus.socketPath);
    expect(existsSync(directory)).toBe(true);
    if (!IS_WINDOWS) expect([nucleus.socketPath, directory].map(path => statSync(path).mode & 0o777)).toEqual([0o600, 0o700]);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    await nucleus.stop();
    await nucleus.stop();
    expect(existsSync(directory)).toBe(false);
    expect(nucleus.connections).toBe(0);
    await client.closed;
  });
});
