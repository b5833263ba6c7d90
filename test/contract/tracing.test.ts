import * as t from 'io-ts';
import { describe, expect, onTestFinished, test } from 'vitest';
import { payloadLimit } from '../../src/client/mqtt-request.js';
import { connectNucleus, type Nucleus } from '../../src/client/connect.js';
import { json } from '../../src/codec/index.js';
import { publishTo } from '../../src/flow/index.js';
import type { Profile, SubscriptionStatus } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import type { TransportName } from '../../src/shared/profile.js';
import { onRights } from '../../src/stream/index.js';
import { traced, type TracedOptions } from '../../src/tracing/index.js';
import { allow, allowLocal, COMPONENT, OTHER, start } from '../kit/nucleus/nuclei.js';
import { record } from '../kit/streams/recorded.js';
import { exportedSpans } from '../kit/streams/exported-spans.js';

const Reading = json(t.type({ celsius: t.number }));
const qos = QOS.AT_LEAST_ONCE;
const PAIRS = (['socket', 'crt'] as const).flatMap(transport => (['classic', 'lite'] as const).map(profile => ({ transport, profile })));

async function nuclei(profile: Profile, transport: TransportName): Promise<readonly [Nucleus, Nucleus]> {
  const accessControl = { ...allow('test/#'), ...allowLocal('test/*') };
  const local = await start(profile, { components: [COMPONENT, OTHER].map(name => ({ name, accessControl })) });
  const { socketPath } = local;
  const [one, other] = [COMPONENT, OTHER].map(name => connectNucleus({ socketPath, authToken: local.authToken(name), transport }));
  if (one === undefined || other === undefined) throw new Error('There are two.');
  onTestFinished(async () => {
    await one.close();
    await other.close();
    await local.stop();
  });
  return [one, other];
}

/** A status that can be waited for. */
function becomesActive(): { readonly active: Promise<void>; readonly onStatus: (status: SubscriptionStatus) => void } {
  let resolve: () => void = () => undefined;
  const active = new Promise<void>(settled => (resolve = settled));
  return { active, onStatus: ({ status }) => (status === 'active' ? resolve() : undefined) };
}

describe.each(PAIRS)('a trace over $transport to a $profile nucleus', ({ profile, transport }) => {
  /** A reading from one component to another, which publishes because of it what the first receives. */
  async function thereAndBack(carrier: TracedOptions['carrier']): Promise<readonly string[]> {
    const [sender, component] = await nuclei(profile, transport);
    const { tracerProvider, tree } = exportedSpans();
    const there = traced(component.mqtt, { tracerProvider, carrier });
    const back = traced(sender.mqtt, { tracerProvider, carrier });
    const [first, second] = [becomesActive(), becomesActive()];
    record(
      there
        .subscribe({ topicName: 'test/in', qos, codec: Reading, onStatus: first.onStatus })
        .pipe(onRights(publishTo(there, ({ value }) => ({ topicName: 'test/out', payload: JSON.stringify(value), qos })))),
    );
    const received = record(back.subscribe({ topicName: 'test/out', qos, codec: Reading, onStatus: second.onStatus }));
    await Promise.all([first.active, second.active]);
    await back.publish({ topicName: 'test/in', payload: '{"celsius":20}', qos })();
    expect(await received.take(1)).toMatchObject([{ right: { value: { celsius: 20 } } }]);
    await component.drain(300_000)();
    return tree();
  }
  const WHOLE = [
    'publish test/in',
    'process test/in < publish test/in',
    'publish test/out < process test/in',
    'process test/out < publish test/out',
  ];

  test('is whole with the context in the payload', async () => {
    expect([...(await thereAndBack('payload'))].sort()).toEqual([...WHOLE].sort());
  });

  test('is whole with user properties where the nucleus carries them, and in two where it does not', async () => {
    const onLite = ['publish test/in', 'process test/in', 'publish test/out < process test/in', 'process test/out'];
    expect([...(await thereAndBack('userProperties'))].sort()).toEqual([...(profile === 'classic' ? WHOLE : onLite)].sort());
  });

  test('takes no room of a message that just fits', async () => {
    const [sender] = await nuclei(profile, transport);
    const proxy = traced(sender.mqtt, { tracerProvider: exportedSpans().tracerProvider });
    await proxy.ready()();
    const request = { topicName: 'test/out', qos };
    const payload = 'x'.repeat(payloadLimit(profile, request));
    expect(await proxy.publish({ ...request, payload })()).toMatchObject({ _tag: 'Right' });
  });

  test('is whole on local topics with the context in the payload', async () => {
    const [sender, component] = await nuclei(profile, transport);
    const { tracerProvider, tree } = exportedSpans();
    const [there, back] = [component, sender].map(({ local }) => traced(local, { tracerProvider, carrier: 'payload' }));
    if (there === undefined || back === undefined) throw new Error('There are two.');
    const { active, onStatus } = becomesActive();
    const received = record(there.subscribe({ topic: 'test/in', codec: Reading, onStatus }));
    await active;
    await back.publish({ topic: 'test/in', json: { celsius: 20 } })();
    expect(await received.take(1)).toMatchObject([{ right: { value: { celsius: 20 } } }]);
    expect([...tree()].sort()).toEqual(['process test/in < publish test/in', 'publish test/in']);
  });
});
