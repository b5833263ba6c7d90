import * as t from 'io-ts';
import { asyncScheduler } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectNucleus, type Nucleus } from '../../src/client/connect.js';
import { encodeUpdate } from '../../src/client/configuration-changes.js';
import { startLocalNucleus } from '../../src/local/index.js';
import type { Profile, SubscriptionStatus } from '../../src/ports/mqtt-proxy.js';
import { fixed } from '../../src/schedule/index.js';
import type { TransportName } from '../../src/shared/profile.js';
import { MemoryNucleus } from '../../src/testing/index.js';
import { recipeOf } from '../kit/component/recipe-of.js';
import { record } from '../kit/streams/recorded.js';

const NAME = 'com.example.Contract';
const CONFIGURATION = {
  accessControl: {
    'aws.greengrass.ipc.pubsub': {
      'contract:1': { operations: ['aws.greengrass#PublishToTopic', 'aws.greengrass#SubscribeToTopic'], resources: ['test/*'] },
    },
  },
  config: { limit: 1, unit: 'C' },
};

interface Services {
  readonly nucleus: Nucleus;
  readonly breakNow: () => void;
}

function inMemory(profile: Profile): Services {
  const { accessControl, config } = CONFIGURATION;
  const memory = new MemoryNucleus({ scheduler: asyncScheduler, profile, accessControl, configuration: { config } });
  return { nucleus: memory.connectNucleus(), breakNow: () => memory.inflict('drop connection') };
}

async function overA(transport: TransportName, profile: Profile): Promise<Services> {
  const recipe = recipeOf(NAME, CONFIGURATION);
  const local = await startLocalNucleus({ profile, components: [{ recipe }] });
  onTestFinished(() => local.stop());
  const { socketPath } = local;
  const nucleus = connectNucleus({ socketPath, authToken: local.authToken(NAME), transport, reconnect: fixed(1), refusalPatience: 0 });
  return { nucleus, breakNow: () => local.faults.killConnections() };
}

const SUBJECTS = (['classic', 'lite'] as const).flatMap(profile => [
  { name: `a ${profile} nucleus in memory`, profile, start: () => Promise.resolve(inMemory(profile)) },
  ...(['socket', 'crt'] as const).map(transport => ({
    name: `${transport} to a ${profile} nucleus`,
    profile,
    start: () => overA(transport, profile),
  })),
]);

describe.each(SUBJECTS)('services: $name', ({ profile, start }) => {
  async function begin(): Promise<Services> {
    const services = await start();
    onTestFinished(() => services.nucleus.close());
    return services;
  }

  test('brings local messages as they were published, and says what the component may not do', async () => {
    const { nucleus } = await begin();
    let active: () => void = () => undefined;
    const isActive = new Promise<void>(resolve => (active = resolve));
    const onStatus = ({ status }: SubscriptionStatus): void => (status === 'active' ? active() : undefined);
    const messages = record(nucleus.local.subscribe({ topic: 'test/in', onStatus }));
    await isActive;
    // An id beyond what a double holds travels as a text.
    await nucleus.local.publish({ topic: 'test/in', json: { n: 1.5, id: '9007199254740993', deep: { list: [true, null] } } })();
    await nucleus.local.publish({ topic: 'test/in', payload: Uint8Array.of(0, 255) })();
    const [one, two] = await messages.take(2);
    expect(one?._tag === 'Right' && JSON.parse(Buffer.from(one.right.payload).toString())).toEqual({
      n: 1.5,
      id: '9007199254740993',
      deep: { list: [true, null] },
    });
    expect(two).toMatchObject({ right: { format: 'binary', payload: Buffer.from([0, 255]) } });
    expect(await nucleus.local.publish({ topic: 'other', json: {} })()).toMatchObject({ left: { _tag: 'Unauthorized' } });
  });

  test('a break is a gap of a local subscription and of a followed configuration, which are made anew', async () => {
    const { nucleus, breakNow } = await begin();
    const statuses: string[] = [];
    let resumed: () => void = () => undefined;
    const again = new Promise<void>(resolve => (resumed = resolve));
    const onStatus = (status: SubscriptionStatus): void => {
      statuses.push(status.status);
      if (status.status === 'active' && status.resumedAfter !== undefined) resumed();
    };
    const messages = record(nucleus.local.subscribe({ topic: 'test/in', receiveMode: 'RECEIVE_ALL_MESSAGES', onStatus }));
    const limits = record(nucleus.configuration.value$(t.type({ limit: t.number }), { keyPath: ['config'] }));
    await limits.take(1);
    await nucleus.local.publish({ topic: 'test/in', json: { n: 1 } })();
    await messages.take(1);
    breakNow();
    await again;
    await nucleus.local.publish({ topic: 'test/in', json: { n: 2 } })();
    await nucleus.configuration.update({ limit: 2 }, { keyPath: ['config'] })();
    expect(await messages.take(3)).toMatchObject([{ _tag: 'Right' }, { left: { _tag: 'Interrupted', kind: 'gap' } }, { _tag: 'Right' }]);
    expect(await limits.take(3)).toMatchObject([
      { right: { limit: 1 } },
      { left: { _tag: 'Interrupted', kind: 'gap' } },
      { right: { limit: 2 } },
    ]);
  });

  test('reads and writes the configuration; a report of a state is heard though it changes nothing; what is lacking is typed', async () => {
    const { nucleus } = await begin();
    const config = t.type({ limit: t.number, unit: t.string });
    const values = record(nucleus.configuration.value$(config, { keyPath: ['config'] }));
    expect(await values.take(1)).toMatchObject([{ right: { limit: 1, unit: 'C' } }]);
    expect(await nucleus.configuration.update({ unit: 'K' }, { keyPath: ['config'] })()).toMatchObject({ _tag: 'Right' });
    expect(await values.take(2)).toMatchObject([{ _tag: 'Right' }, { right: { limit: 1, unit: 'K' } }]);
    for (const _ of [1, 2]) expect(await nucleus.lifecycle.report('RUNNING')()).toMatchObject({ _tag: 'Right' });
    const missing = record(nucleus.configuration.value$(t.union([t.undefined, t.string]), { keyPath: ['nowhere'] }));
    expect(await missing.take(1)).toEqual([{ _tag: 'Right', right: undefined }]);
    if (profile === 'classic') return;
    expect(await record(nucleus.lifecycle.updates$).all()).toMatchObject([{ left: { _tag: 'UnsupportedOperation', kind: 'message' } }]);
  });

  test('tells a leaf from a node that looks the same, also where the codec takes both', async () => {
    const { nucleus } = await begin();
    const named = t.union([t.undefined, t.partial({ mode: t.string })]);
    const values = record(nucleus.configuration.value$(named, { keyPath: ['mode'] }));
    const inner = record(nucleus.configuration.value$(named, { keyPath: ['node', 'mode'] }));
    await values.take(1);
    await inner.take(1);
    await nucleus.configuration.update({ mode: 'fast', node: { mode: { mode: 'slow' } } })();
    expect(await values.take(2)).toMatchObject([
      { right: undefined },
      { left: { _tag: 'ConfigurationInvalid', problems: [expect.stringMatching(/^\(root\): .*, got "fast"$/)] } },
    ]);
    expect(await inner.take(2)).toMatchObject([{ right: undefined }, { right: { mode: 'slow' } }]);
    // A text of Greengrass Lite that stands for a number is a leaf, too.
    const numbered = record(nucleus.configuration.value$(t.union([t.undefined, t.partial({ size: t.number })]), { keyPath: ['size'] }));
    await numbered.take(1);
    await nucleus.configuration.update({ size: '5' })();
    expect(await numbered.take(2)).toMatchObject([{ right: undefined }, { left: { _tag: 'ConfigurationInvalid' } }]);
    // Greengrass Lite takes no map for a value.
    if (profile === 'lite') return;
    await nucleus.configuration.update({ mode: { mode: 'fast' } })();
    expect((await values.take(3))[2]).toMatchObject({ right: { mode: 'fast' } });
  });
});

test('the time of an update always has a fraction, or Greengrass Lite would refuse it', () => {
  expect(encodeUpdate({ a: 1 }, ['b'], 1_795_736_705_000)).toEqual({
    _tag: 'Right',
    right: '{"keyPath":["b"],"timestamp":1795736705.000,"valueToMerge":{"a":1}}',
  });
});
