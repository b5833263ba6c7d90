import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { filter, firstValueFrom, of, take, toArray } from 'rxjs';
import { describe, expect, it, onTestFinished, test } from 'vitest';
import { batch, connect, type MqttMessage, payloadLimit, QOS } from '../../src/index.js';
import { startLocalNucleus } from '../../src/local/index.js';
import { forwardFrom, openOutbox, type OutboxOptions, payloadOf, storeIn } from '../../src/outbox/index.js';
import { traced, type TracedOptions, withTrace } from '../../src/tracing/index.js';
import { exportedSpans } from '../kit/streams/exported-spans.js';
import { ownFolder } from './stores.js';

const ACCESS = { 'aws.greengrass.ipc.mqttproxy': { all: { operations: ['*'], resources: ['*'] } } };
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const cause = (spanId: string) => ({ trace: { traceId: TRACE, spanId, traceFlags: 1 } });

const WAYS: readonly (readonly [string, 'classic' | 'lite', OutboxOptions['mark'], TracedOptions['carrier']])[] = [
  ['in user properties, on a classic nucleus', 'classic', 'members', 'userProperties'],
  ['in the payload, in the envelope of the outbox, on a classic nucleus', 'classic', 'wrap', 'payload'],
  ['in the payload, in the envelope of the outbox, on Greengrass Lite', 'lite', 'wrap', 'payload'],
];

test('a message that would be too large with the trace context of its forwarder is refused when it is stored, and no other is set aside', async () => {
  const { tracerProvider } = exportedSpans();
  const nucleus = await startLocalNucleus({ profile: 'classic', components: [{ name: 'c', accessControl: ACCESS }] });
  onTestFinished(() => nucleus.stop());
  const proxy = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken('c') });
  onTestFinished(() => proxy.close());
  const outbox = openOutbox({ path: ':memory:', commit: { within: 0 } });
  onTestFinished(() => outbox.close());
  const topicName = 'meters/7';
  const qos = QOS.AT_LEAST_ONCE;
  const limit = payloadLimit('classic', { topicName, qos });
  const toRequest = (bytes: number) => ({ topicName, payload: `{"x":"${'x'.repeat(bytes - 8)}"}`, qos });
  const forwarded = firstValueFrom(
    forwardFrom(outbox, traced(proxy, { tracerProvider, carrier: 'payload' }), { messagesPerSecond: 1_000 }).pipe(take(2), toArray()),
  );
  // The fields take 72 bytes.
  const stored$ = of(limit, limit - 71, limit - 72, limit - 1_000).pipe(storeIn(outbox, toRequest), toArray());
  expect(await firstValueFrom(stored$)).toMatchObject([
    { _tag: 'Left', left: { _tag: 'InvalidRequest', message: expect.stringContaining('with its mark and its trace context') as string } },
    { _tag: 'Left', left: { _tag: 'InvalidRequest' } },
    { _tag: 'Right', right: { number: 1 } },
    { _tag: 'Right', right: { number: 2 } },
  ]);
  expect(await forwarded).toMatchObject([
    { _tag: 'Right', right: { number: 1 } },
    { _tag: 'Right', right: { number: 2 } },
  ]);
});

describe.each(WAYS)('the trace context of a stored message, %s', (_, profile, mark, carrier) => {
  it('is there after a power cut, and what is sent goes on with it', async () => {
    const { tracerProvider, tree, span } = exportedSpans();
    const folder = ownFolder();
    const before = openOutbox({ path: join(folder, 'outbox.sqlite'), mark, commit: { messages: 1, within: 5 } });
    onTestFinished(() => before.close());
    const request = withTrace(() => ({ topicName: 'meters/7', payload: '{"kWh":1.50}', qos: QOS.AT_LEAST_ONCE }), {
      tracerProvider,
      carrier,
    });
    const stored$ = of(cause('b7ad6b7169203331'), cause('00f067aa0ba902b7')).pipe(
      batch({ messages: 2 }),
      storeIn(before, request),
      toArray(),
    );
    expect(await firstValueFrom(stored$)).toMatchObject([{ _tag: 'Right' }]);
    // What is on the disk now is all that a power cut leaves.
    const left = ownFolder();
    for (const name of readdirSync(folder)) copyFileSync(join(folder, name), join(left, name));

    const nucleus = await startLocalNucleus({ profile, components: [{ name: 'c', accessControl: ACCESS }] });
    onTestFinished(() => nucleus.stop());
    const proxy = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken('c') });
    onTestFinished(() => proxy.close());
    const after = openOutbox({ path: join(left, 'outbox.sqlite'), mark, commit: { messages: 1, within: 5 } });
    onTestFinished(() => after.close());
    const outbound = traced(proxy, { tracerProvider, carrier });
    const came = firstValueFrom(
      outbound.subscribe({ topicName: 'meters/#', qos: QOS.AT_LEAST_ONCE }).pipe(filter(element => element._tag === 'Right')),
    );
    const [sent] = await Promise.all([
      firstValueFrom(forwardFrom(after, outbound, { messagesPerSecond: 1_000 }).pipe(filter(outcome => outcome._tag === 'Right'))),
      came,
    ]);
    expect(sent).toMatchObject({ right: { number: 1, replayed: true } });
    const message: MqttMessage = (await came).right;
    expect(Buffer.from(payloadOf(message)).toString()).toMatch(/^\{(?:"traceparent":"[^"]*",)?"kWh":1\.50\}$/);
    expect(tree()).toEqual(['create meters/7', 'publish meters/7 < create meters/7', 'process meters/# < publish meters/7']);
    expect(span('create meters/7').links.map(({ context }) => context.spanId)).toEqual(['b7ad6b7169203331', '00f067aa0ba902b7']);
  });
});
