import { isRight, right } from 'fp-ts/lib/Either.js';
import { connectAsync } from 'mqtt';
import { defer, EMPTY, filter, firstValueFrom, lastValueFrom, mergeMap, of, VirtualTimeScheduler } from 'rxjs';
import { expect, it } from 'vitest';
import type { PublishPort } from '../../src/flow/index.js';
import { startLocalNucleus } from '../../src/local/index.js';
import { openOutbox, storeIn } from '../../src/outbox/index.js';
import type { PublishRequest } from '../../src/ports/mqtt-proxy.js';
import { respond } from '../../src/sinks/index.js';
import { MemoryNucleus } from '../../src/testing/index.js';
import { encodePublish, publishProblem, subscribeProblem } from '../../src/client/mqtt-request.js';
import { messageStream } from '../../src/client/mqtt-proxy.js';
import { QOS, qosOf } from '../../src/shared/qos.js';

it('a qos by the number of MQTT is sent as the one by its name', () => {
  for (const [number, name] of [
    [0, QOS.AT_MOST_ONCE],
    [1, QOS.AT_LEAST_ONCE],
  ] as const) {
    const request = { topicName: 'a', payload: '1' };
    expect([qosOf(number), qosOf(name)]).toEqual([name, name]);
    expect([publishProblem({ ...request, qos: number }), subscribeProblem({ topicName: 'a', qos: number })]).toEqual([
      undefined,
      undefined,
    ]);
    expect(encodePublish({ ...request, qos: number })).toBe(encodePublish({ ...request, qos: name }));
    expect(messageStream({ topicName: 'a', qos: number }).payload).toBe(messageStream({ topicName: 'a', qos: name }).payload);
  }
  expect(publishProblem({ topicName: 'a', payload: '', qos: 2 as 1 })?.message).toContain('no QoS 2');
});

it.each([0, 1] as const)('%d and its name are the same to a nucleus in memory, a local nucleus, an outbox and an answer', async number => {
  const name = number === 0 ? QOS.AT_MOST_ONCE : QOS.AT_LEAST_ONCE;
  const message = { topicName: 'a', payload: '1' };
  const accepted: PublishRequest[] = [];
  const port: PublishPort = { state$: EMPTY, publish$: request => defer(() => { accepted.push(request); return of(right({ by: 'spooler' as const })); }) }; // prettier-ignore
  for (const qos of [number, name]) {
    const scheduler = new VirtualTimeScheduler();
    const nucleus = new MemoryNucleus({ scheduler });
    const messages: unknown[] = [];
    const proxy = nucleus.connect();
    proxy.subscribe({ topicName: 'a', qos }).subscribe(got => messages.push(got));
    scheduler.schedule(() => nucleus.publish({ ...message, qos }), 10);
    scheduler.flush();
    expect(messages).toMatchObject([{ right: { topicName: 'a' } }]);
    const closed = proxy.close();
    scheduler.flush();
    await closed;

    await using local = await startLocalNucleus({ profile: 'classic', components: [] });
    const watcher = await connectAsync(local.mqttUrl);
    await watcher.subscribeAsync('a', { qos: 1 });
    const packet = new Promise<{ readonly qos: number }>(resolve => watcher.on('message', (_topic, _payload, got) => resolve(got)));
    local.publish({ ...message, qos });
    expect((await packet).qos).toBe(number);
    await watcher.endAsync();

    const outbox = openOutbox({ path: ':memory:' });
    await lastValueFrom(of(1).pipe(storeIn(outbox, () => ({ ...message, qos }))));
    const sent = await firstValueFrom(outbox.use().pipe(filter(isRight), mergeMap(({ right: { store, now } }) => store.take({ from: 0, before: 1e9, messages: 1, bytes: 1e9 }, now())))); // prettier-ignore
    expect(sent).toMatchObject({ right: { records: [{ qos: name }] } });
    await outbox.close();

    const command$ = of(right({ topicName: 'a', payload: new Uint8Array(), value: 1, responseTopic: 'b' }));
    await lastValueFrom(command$.pipe(respond(port, { handle: () => of('1'), qos })));
    expect(qosOf(accepted.pop()?.qos ?? 0)).toBe(name);
  }
});
