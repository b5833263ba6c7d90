import { Readable } from 'node:stream';
import * as t from 'io-ts';
import { concat, filter, from, ignoreElements, interval, map, merge, mergeMap, NEVER, of, share, switchMap, takeUntil, timer } from 'rxjs';
import { isRight, right } from 'fp-ts/lib/Either.js';
import { describe, expect, it } from 'vitest';
import type { Decoder } from '../../src/codec/codec.js';
import { shareSubscriptions } from '../../src/client/index.js';
import { shadow } from '../../src/client/shadow.js';
import { json } from '../../src/codec/index.js';
import { type Branches, component, type RunContext } from '../../src/component/index.js';
import { checkQuotas } from '../../src/dry-run/check-branches.js';
import { dryRun, type DryRun, type DryRunOptions } from '../../src/dry-run/index.js';
import { batch, ledger, publishTo, pullThrough, type DeclaredTopic } from '../../src/flow/index.js';
import { tumbling, count } from '../../src/operators/index.js';
import type { MqttProxy } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { onRights } from '../../src/stream/index.js';
import { respond } from '../../src/sinks/index.js';
import { sharedSubscription, topicTemplate } from '../../src/topic/index.js';
import { edgeAggregator } from '../kit/component/edge-aggregator.js';

const qos = QOS.AT_LEAST_ONCE;

const dry = async (
  run: (proxy: MqttProxy, config: unknown, context: RunContext) => Branches,
  more: object = {},
  options: DryRunOptions = {},
): Promise<DryRun> => {
  const result = await dryRun(component({ name: 'com.example.Dry', version: '1.0.0', run, ...more }), options);
  if (result._tag === 'Left') throw result.left;
  return result.right;
};

const messages = (found: DryRun, about: string): readonly string[] =>
  found.findings.filter(finding => finding.about === about).map(({ severity, message }) => `${severity}: ${message}`);

const to = (proxy: MqttProxy, topicName: string, topics?: readonly DeclaredTopic[], name?: string) =>
  publishTo<unknown>(proxy, () => ({ topicName, payload: 'x', qos }), { topics, name });

describe('a dry run reads off', () => {
  it('topics, QoS, codecs, stages, buffers, and which feeds which', async () => {
    const result = await dryRun(edgeAggregator);
    if (result._tag === 'Left') throw result.left;
    const { subscriptions, stages, feeds, branches } = result.right;
    expect(subscriptions.map(({ branch, filter, qos, codec }) => [branch, filter, qos, codec !== undefined])).toEqual([
      ['telemetry', 'sensors/+/temperature', '1', true],
      ['commands', 'cmd/+', '1', false],
      ['alarms', 'sensors/+/alarm', '1', false],
    ]);
    expect(stages.filter(({ kind }) => kind !== 'subscription')).toMatchObject([
      { branch: 'telemetry', kind: 'publishTo', name: 'telemetry', declaration: { inFlight: 4, topics: ['telemetry/mean'] } },
      { branch: 'telemetry', kind: 'batch', name: 'readings', declaration: { within: 1_000, buffer: { messages: 3 } } },
      {
        branch: 'commands',
        kind: 'publishTo',
        name: 'results',
        declaration: { topics: ['cmd/+/result'], buffer: { messages: 10, onFull: 'fail' } },
      },
      { branch: 'alarms', kind: 'publishTo', name: 'alarms', declaration: { topics: ['alarms/+'], buffer: { messages: 1_000 } } },
    ]);
    expect(feeds.map(({ from, to }) => [...from, to])).toEqual(
      expect.arrayContaining([
        ['sensors/+/temperature', 'readings'],
        ['readings', 'telemetry'],
        ['cmd/+', 'results'],
        ['sensors/+/alarm', 'alarms'],
      ]),
    );
    expect(branches).toEqual(['telemetry', 'commands', 'alarms'].map(name => ({ name, end: undefined, drains: true })));
  });

  it('windows', async () => {
    const found = await dry(proxy =>
      proxy.subscribe({ topicName: 'in', qos, codec: json(t.number) }).pipe(
        onRights(values$ => values$.pipe(tumbling({ size: 5_000, key: 'single', aggregate: count() }))),
        onRights(to(proxy, 'out', ['out'])),
      ),
    );
    expect(found.stages.find(({ kind }) => kind === 'window')).toMatchObject({ name: 'tumbling', declaration: { within: 5_000 } });
    expect(found.feeds.map(({ from, to }) => [...from, to])).toEqual(
      expect.arrayContaining([
        ['in', 'tumbling'],
        ['tumbling', 'publishTo'],
      ]),
    );
  });

  describe('each stage that a stream feeds which several share', () => {
    const feeds = ({ feeds }: DryRun): readonly string[] => feeds.flatMap(({ from, to }) => from.map(name => `${name} > ${to}`)).sort();
    const out = (proxy: MqttProxy, name: string) => onRights(to(proxy, name, [name], name));

    it('a subscription', async () => {
      const found = await dry(proxy => {
        const in$ = proxy.subscribe({ topicName: 'in', qos }).pipe(share());
        return { first: in$.pipe(out(proxy, 'a')), second: in$.pipe(out(proxy, 'b')), third: in$.pipe(filter(isRight), out(proxy, 'c')) };
      });
      expect(feeds(found)).toEqual(['in > a', 'in > b', 'in > c']);
      expect(found.diagram().edges.filter(({ from }) => from === 'n0')).toHaveLength(3);
    });

    it('a subscription of shareSubscriptions', async () => {
      const found = await dry(proxy => {
        const shared = shareSubscriptions(proxy);
        const in$ = shared.subscribe({ topicName: 'in', qos });
        return { first: in$.pipe(out(proxy, 'a')), second: in$.pipe(out(proxy, 'b')) };
      });
      expect(feeds(found)).toEqual(['in > a', 'in > b']);
    });

    it('a stage, and what that is made of is not drawn twice', async () => {
      const found = await dry(proxy => {
        const batches$ = proxy.subscribe({ topicName: 'in', qos }).pipe(onRights(batch({ messages: 3 })), share());
        return { first: batches$.pipe(out(proxy, 'a')), second: batches$.pipe(out(proxy, 'b')) };
      });
      expect(feeds(found)).toEqual(['batch > a', 'batch > b', 'in > batch']);
    });

    it('but not one that ends with another, since nothing tells where it comes from', async () => {
      const found = await dry(proxy => {
        const in$ = proxy.subscribe({ topicName: 'in', qos }).pipe(share());
        const late$ = proxy.subscribe({ topicName: 'late', qos });
        return { first: in$.pipe(out(proxy, 'a')), second: merge(in$, late$).pipe(out(proxy, 'b')) };
      });
      expect(feeds(found)).toEqual(['in > a', 'late > b']);
    });

    it('but not one that begins when another has ended', async () => {
      const found = await dry(proxy =>
        concat(
          proxy.subscribe({ topicName: 'in', qos }).pipe(out(proxy, 'a')),
          of(1).pipe(to(proxy, 'b', ['b'], 'b')),
          of(right(1)).pipe(out(proxy, 'c')),
        ),
      );
      expect(found.stages.map(({ name }) => name)).toEqual(['a', 'in', 'b', 'c']);
      expect(feeds(found)).toEqual(['in > a']);
    });
  });

  it('what is published by timers, of a minute, at once; and it leaves no trace in the ledger of the process', async () => {
    const before = ledger.snapshot();
    const found = await dry(proxy => interval(1_000).pipe(takeUntil(proxy.draining$), to(proxy, 'beat')));
    expect(found.publishes).toHaveLength(59);
    expect(found.access.publish).toEqual(['beat']);
    expect(ledger.snapshot()).toEqual(before);
  });

  it('local topics, the configuration and the updates that are followed, and which feeds which', async () => {
    const found = await dry(
      (proxy, _, { local, config$, nucleus }) => ({
        bridge: local
          .subscribe({ topic: topicTemplate('plc/{line}/raw'), codec: json(t.type({ celsius: t.number })) })
          .pipe(onRights(to(proxy, 'telemetry', ['telemetry'], 'cloud'))),
        settings: config$.pipe(
          onRights(publishTo(local, () => ({ topic: 'plc/1/set', json: {} }), { topics: ['plc/+/set'], name: 'settings' })),
        ),
        beat: interval(10_000).pipe(mergeMap(() => local.publish$({ topic: 'beat', payload: 'x' }))),
        others: nucleus.configuration.value$(t.type({ limit: t.number }), { componentName: 'com.example.Other', keyPath: ['limits'] }),
        updates: nucleus.lifecycle.updates$,
      }),
      { config: t.type({ limit: t.number }), defaults: { limit: 3 } },
    );
    expect(found.access).toEqual({
      publish: ['telemetry'],
      subscribe: [],
      local: { publish: ['beat', 'plc/+/set'], subscribe: ['plc/+/raw'] },
    });
    expect(found.localSubscriptions).toMatchObject([{ branch: 'bridge', filter: 'plc/+/raw' }]);
    expect(new Set(found.localPublishes.map(({ topic, payloadBytes }) => `${topic} ${payloadBytes}`))).toEqual(
      new Set(['plc/1/set 2', 'beat 1']),
    );
    expect(found.news).toEqual([
      { branch: 'settings', kind: 'configuration', name: '/config' },
      { branch: 'others', kind: 'configuration', name: 'com.example.Other/limits' },
      { branch: 'updates', kind: 'updates', name: 'updates' },
    ]);
    expect(found.feeds.map(({ from, to }) => [...from, to])).toContainEqual(['plc/+/raw', 'cloud']);
    expect(found.mermaid()).toMatch(/n0\(\["plc\/\+\/raw<br\/>local, decoded"\]\)/);
    expect(found.mermaid()).toContain('(["plc/+/set<br/>local"])');
    expect(found.mermaid()).toContain('(["/config<br/>configuration"])');
    expect(messages(found, 'policies')).toEqual([]);
    expect(messages(found, 'loops')).toEqual([]);
  });

  it('the canary of a silence watch, and what the component declares', async () => {
    const found = await dry(
      proxy => proxy.subscribe({ topicName: 'in/#', qos, silence: { maximum: 60_000, canaryTopicName: 'in/canary' } }),
      { publishes: ['report'], subscribes: ['config/+', 'config/a'] },
    );
    expect(found.access).toMatchObject({ publish: ['in/canary', 'report'], subscribe: ['config/+', 'in/#'] });
    expect(messages(found, 'loops')).toEqual([]);
  });
});

describe('a dry run finds', () => {
  it('a stage whose topics depend on data', async () => {
    const build = (topics?: readonly DeclaredTopic[]) => (proxy: MqttProxy) =>
      proxy.subscribe({ topicName: 'in', qos }).pipe(onRights(to(proxy, 'out/1', topics, 'results')));
    expect(messages(await dry(build()), 'topics')).toEqual([
      expect.stringMatching(/^error: The topics of the stage "results" depend on data/),
    ]);
    expect(messages(await dry(build(['out/+'])), 'topics')).toEqual([]);
    expect(messages(await dry(build(), { publishes: ['out/#'] }), 'topics')).toEqual([expect.stringMatching(/^note: /)]);
  });

  it('the answers of respond, unless its topics are declared', async () => {
    const build = (publish?: { readonly topics: readonly DeclaredTopic[] }) => (proxy: MqttProxy) =>
      proxy.subscribe({ topicName: 'cmd', qos, codec: json(t.string) }).pipe(respond(proxy, { handle: () => of(right('done')), publish }));
    expect(messages(await dry(build()), 'topics')).toHaveLength(1);
    expect((await dry(build({ topics: ['answers/+'] }))).access.publish).toEqual(['answers/+']);
  });

  it('where a stage publishes on local topics, unless the component declares that', async () => {
    const build = (_: MqttProxy, __: unknown, { local }: RunContext) =>
      local
        .subscribe({ topic: 'in' })
        .pipe(onRights(publishTo(local, ({ payload }) => ({ topic: String(payload.length), payload }), { name: 'out' })));
    const problem = expect.stringMatching(/^error: The topics of the stage "out" depend on data/) as string;
    expect(messages(await dry(build), 'topics')).toEqual([problem]);
    expect(messages(await dry(build, { publishes: ['elsewhere'] }), 'topics')).toEqual([problem]);
    expect(messages(await dry(build, { localPublishes: ['+'] }), 'topics')).toEqual([
      'note: The topics of the stage "out" depend on data: the recipe allows those that the component declares with localPublishes.',
    ]);
  });

  it('a loop that feeds its own input', async () => {
    const found = await dry(proxy => proxy.subscribe({ topicName: 'a/#', qos }).pipe(onRights(to(proxy, 'a/b', ['a/+']))));
    expect(messages(found, 'loops')).toEqual([expect.stringContaining('publishes to "a/+" and subscribes to "a/#"')]);
  });

  it('a loop over a local topic, where the component asks for its own messages as well', async () => {
    const echo =
      (receiveMode?: 'RECEIVE_ALL_MESSAGES') =>
      (_: MqttProxy, __: unknown, { local }: RunContext) =>
        local
          .subscribe({ topic: 'plc/+', receiveMode })
          .pipe(onRights(publishTo(local, () => ({ topic: 'plc/1', payload: 'x' }), { topics: ['plc/1'] })));
    const twice = (proxy: MqttProxy, config: unknown, context: RunContext) => ({
      one: echo('RECEIVE_ALL_MESSAGES')(proxy, config, context),
      other: context.local.subscribe({ topic: 'plc/+', receiveMode: 'RECEIVE_ALL_MESSAGES' }),
    });
    expect(messages(await dry(twice), 'loops')).toHaveLength(1);
    expect(messages(await dry(echo('RECEIVE_ALL_MESSAGES')), 'loops')).toEqual([
      'warning: It publishes to "plc/1" and subscribes to "plc/+": a message it publishes can come back to it, and be the cause of the next. ' +
        "Use local topics that do not overlap, or receiveMode: 'RECEIVE_MESSAGES_FROM_OTHERS'.",
    ]);
    expect(messages(await dry(echo()), 'loops')).toEqual([]);
  });

  it('a local topic that Lite does not take', async () => {
    const found = await dry((_, __, { local }) => local.subscribe({ topic: 'x'.repeat(257) }));
    expect(messages(found, 'topics')).toEqual([expect.stringMatching(/^warning: The local topic "x+" has 257 bytes/)]);
  });

  it('more subscriptions than Lite has room for: filters, local topics and configurations, and no updates, of which it knows none', async () => {
    const build =
      (filters: number) =>
      (proxy: MqttProxy, _: unknown, { local, config$, nucleus }: RunContext) => ({
        ...Object.fromEntries(Array.from({ length: filters }, (_, i) => [`b${i}`, proxy.subscribe({ topicName: `a/${i}`, qos })])),
        local: local.subscribe({ topic: 'plc' }),
        settings: config$,
        updates: nucleus.lifecycle.updates$,
      });
    expect(messages(await dry(build(98)), 'quotas')).toEqual([]);
    expect(messages(await dry(build(99)), 'quotas')).toEqual([expect.stringMatching(/^warning: It has 101 subscriptions/)]);
  });

  it('that it validates configurations, for which deployments then wait for every other component too', async () => {
    const settings = t.type({ limit: t.number });
    const found = await dry((_, __, { nucleus }) => nucleus.configuration.validate(settings, { keyPath: ['config'] }));
    expect(messages(found, 'configuration')).toEqual([
      'warning: It validates its configuration before a deployment takes effect. A deployment then waits for the answer of every component whose ' +
        'configuration it changes, and fails after 20 s if one of them never validates. Do so only on devices on which every configured component does. ' +
        'Greengrass Lite asks nobody.',
    ]);
    expect(found.news).toEqual([{ branch: 'run', kind: 'validation', name: '/config' }]);
    expect(found.mermaid()).toContain('(["/config<br/>validation"])');
    expect(messages(await dry((_, __, { config$ }) => config$), 'configuration')).toEqual([]);
  });

  it('that it validates in two places, of which the nucleus asks one', async () => {
    const found = await dry((_, __, { nucleus }) => ({
      one: nucleus.configuration.validate(t.unknown),
      other: nucleus.configuration.validate(t.type({ limit: t.number })),
    }));
    expect(messages(found, 'configuration')).toEqual([
      expect.stringMatching(/^warning: It validates its configuration/),
      expect.stringMatching(/^error: It validates its configuration in 2 places/),
    ]);
  });

  it('a branch that fails at its start, and one that does not end when it is told to', async () => {
    const found = await dry(proxy => ({
      bad: proxy.subscribe({ topicName: 'a/#/b', qos }),
      endless: NEVER,
      quiet: proxy.subscribe({ topicName: 'in', qos }),
    }));
    expect(messages(found, 'branches')).toEqual([
      expect.stringMatching(/^error: The branch "bad" ended .* has # before its end/),
      expect.stringMatching(/^warning: The branch "endless" does not end/),
    ]);
  });

  it('a promise that is awaited', async () => {
    const found = await dry(() => timer(10).pipe(mergeMap(async () => Promise.resolve(right(1)))));
    expect(messages(found, 'branches')).toEqual([expect.stringMatching(/^warning: A promise was awaited at 10 ms/)]);
  });

  it('an asynchronous source that is pulled is not read, and what its stage declares is seen', async () => {
    let opened = 0;
    async function* lines(): AsyncGenerator<string> {
      opened++;
      yield await Promise.resolve('a line');
    }
    const found = await dry(proxy => pullThrough(lines(), to(proxy, 'lines', ['lines'])));
    expect([opened, found.access.publish, messages(found, 'branches')]).toEqual([0, ['lines'], []]);
    const stream = Readable.from(['a line']);
    await dry(proxy => pullThrough(stream, to(proxy, 'lines', ['lines'])));
    expect(stream.destroyed).toBe(true);
  });

  it('nothing of the shadow of a device: where its reports go is known, on any device, and so is what it reads', async () => {
    const Heater = t.partial({ celsius: t.number });
    const found = await dry((proxy: MqttProxy) => {
      const own = shadow(proxy, { name: 'heater', codec: Heater });
      const other = shadow(proxy, { thingName: 'oven-7', codec: Heater });
      return {
        own: own.delta$.pipe(onRights(publishTo(own.reported, ({ value }) => ({ state: value }), { name: 'own' }))),
        other: other.desired$,
      };
    });
    const own = '$aws/things/+/shadow/name/heater';
    const other = '$aws/things/oven-7/shadow';
    expect(found.access).toMatchObject({
      publish: [`${own}/get`, `${own}/update`, `${other}/get`],
      // The topics of answers to reports are subscribed to only at the first report.
      subscribe: ['get/accepted', 'get/rejected', 'delete/accepted', 'update/accepted', 'update/rejected', 'update/delta']
        .map(topic => `${own}/${topic}`)
        .concat(['get/accepted', 'get/rejected', 'delete/accepted', 'update/documents'].map(topic => `${other}/${topic}`))
        .sort(),
    });
    expect(found.findings.filter(({ about }) => about !== 'memory')).toEqual([]);
  });

  it('two stages of one name', async () => {
    const found = await dry(proxy => ({
      one: NEVER.pipe(takeUntil(proxy.draining$), to(proxy, 'a', ['a'])),
      two: NEVER.pipe(takeUntil(proxy.draining$), to(proxy, 'b', ['b'])),
    }));
    expect(messages(found, 'branches')).toEqual([expect.stringMatching(/^note: 2 stages are publishTo to the ledger/)]);
  });

  it('codecs that throw, and codecs whose ends do not fit', async () => {
    const throwing: Decoder<unknown> = { decode: ({ payload }) => right(JSON.parse(Buffer.from(payload).toString())) };
    const lopsided = { decode: json(t.null).decode, encode: () => 'nothing' };
    const found = await dry(proxy => ({
      a: proxy.subscribe({ topicName: 'a', qos, codec: throwing }),
      b: proxy.subscribe({ topicName: 'b', qos }),
      c: proxy.subscribe({ topicName: 'c', qos, codec: json(t.number) }),
      d: proxy.subscribe({ topicName: 'd', qos, codec: lopsided }),
    }));
    expect(messages(found, 'codecs')).toEqual([
      expect.stringMatching(/^error: The codec of "a" throws on the payload ""/),
      expect.stringMatching(/^note: The messages on "b" are taken as bytes/),
      expect.stringMatching(/^error: The codec of "d" cannot decode what it has encoded itself, of the payload "null"/),
    ]);
  });

  it('a shared subscription, by which no component gets a message', async () => {
    const found = await dry(proxy => proxy.subscribe({ topicName: sharedSubscription('workers', 'jobs/+'), qos }));
    expect(messages(found, 'topics')).toEqual([
      expect.stringMatching(/^warning: The shared subscription "\$share\/workers\/jobs\/\+" gets no messages/),
    ]);
  });

  it('buffers that could outgrow the memory there is', async () => {
    const build = (bytes?: number) => (proxy: MqttProxy) =>
      proxy.subscribe({ topicName: 'in', qos }).pipe(
        onRights(
          publishTo(proxy, ({ payload }) => ({ topicName: 'out', payload, qos }), {
            topics: ['out'],
            ...(bytes === undefined ? {} : { buffer: { bytes, sizeOf: ({ payload }) => payload.length } }),
          }),
        ),
      );
    const bufferBytes = 16 * 1_024 * 1_024;
    expect(messages(await dry(build(), {}, { bufferBytes }), 'memory')).toEqual([
      expect.stringMatching(/^warning: .* come to 17 MiB, more than the 16 MiB it may have: those that share 16 MiB, under way 1 MiB\./),
    ]);
    expect(messages(await dry(build(10_000_000), {}, { bufferBytes }), 'memory')).toEqual([]);
    expect(messages(await dry(build(32_000_000), {}, { bufferBytes }), 'memory')).toEqual([
      expect.stringMatching(/^warning: .* come to 32 MiB, more than the 16 MiB it may have: publishTo 31 MiB/),
    ]);
  });

  it('bounds of its own that are more than a small device has to spare, and nothing of stages without', async () => {
    const build = (count: number, bytes?: number) => (proxy: MqttProxy) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, i) => [
          `b${i}`,
          proxy.subscribe({ topicName: `in/${i}`, qos, codec: json(t.number) }).pipe(
            onRights(
              publishTo(proxy, ({ payload }) => ({ topicName: `out/${i}`, payload, qos }), {
                name: `p${i}`,
                topics: [`out/${i}`],
                ...(bytes === undefined ? {} : { buffer: { bytes, sizeOf: ({ payload }) => payload.length } }),
              }),
            ),
          ),
        ]),
      );
    expect(messages(await dry(build(50)), 'memory')).toEqual([]);
    expect(messages(await dry(build(4, 4 * 1_024 * 1_024)), 'memory')).toEqual([]);
    expect(messages(await dry(build(5, 4 * 1_024 * 1_024)), 'memory')).toEqual([
      'note: Its buffers with bytes of their own (buffer: { bytes }) may come to 20 MiB, beside the 16 MiB that all others share: p0 4 MiB, p1 4 MiB, p2 4 MiB, p3 4 MiB, p4 4 MiB. On a small device, let fewer wait.',
    ]);
  });

  it('no codec where there is one behind a shared subscription', async () => {
    const found = await dry(proxy => {
      const shared = shareSubscriptions(proxy);
      return {
        a: shared.subscribe({ topicName: 'a', qos, codec: json(t.number) }),
        b: shared.subscribe({ topicName: 'b', qos }),
      };
    });
    expect(messages(found, 'codecs')).toEqual([expect.stringMatching(/^note: The messages on "b" are taken as bytes/)]);
  });

  it('no bytes where one of those who share a subscription has a codec, and what is wrong with any of their codecs', async () => {
    const throwing = {
      ...json(t.number),
      decode: () => {
        throw new Error('no');
      },
    };
    const found = await dry((proxy, _config, { local }) => {
      const shared = shareSubscriptions(proxy);
      const locally = shareSubscriptions(local);
      return {
        a: shared.subscribe({ topicName: 'a', qos }),
        b: shared.subscribe({ topicName: 'a', qos, codec: json(t.number) }),
        c: shared.subscribe({ topicName: 'a', qos, codec: throwing }),
        d: locally.subscribe({ topic: 'd' }),
        e: locally.subscribe({ topic: 'd', codec: json(t.number) }),
        f: locally.subscribe({ topic: 'a' }),
      };
    });
    expect(messages(found, 'codecs')).toEqual([
      expect.stringMatching(/^note: The messages on "a" are taken as bytes/),
      expect.stringMatching(/^error: The codec of "a" throws/),
    ]);
    expect(found.subscriptions.map(({ codec }) => codec !== undefined)).toEqual([true]);
    expect(found.localSubscriptions.map(({ filter, codec }) => [filter, codec !== undefined])).toEqual([
      ['d', true],
      ['a', false],
    ]);
  });

  it('more than the quota is published by timers, or more than a message holds', async () => {
    const found = await dry(proxy => ({
      often: interval(5).pipe(takeUntil(proxy.draining$), to(proxy, 'often', ['often'], 'often')),
      large: concat(
        proxy.publish$({ topicName: 'large', payload: 'x'.repeat(200_000), qos }).pipe(ignoreElements()),
        NEVER.pipe(takeUntil(proxy.draining$)),
      ),
    }));
    expect(messages(found, 'quotas')).toEqual([
      expect.stringMatching(/^warning: Without any message coming it publishes 200 times a second/),
      expect.stringMatching(/^error: It publishes up to 200000 bytes to "large"/),
    ]);
  });

  it('a payload that was not encoded, and any other publish that is refused before it is sent', async () => {
    const once = (proxy: MqttProxy) => timer(10).pipe(takeUntil(proxy.draining$));
    const notEncoded = { celsius: 21 } as unknown as string;
    const found = await dry((proxy, _config, { local }) => ({
      object: once(proxy).pipe(publishTo(proxy, () => ({ topicName: 'a', payload: notEncoded, qos }), { topics: ['a'] })),
      local: once(proxy).pipe(publishTo(local, () => ({ topic: 'b', payload: notEncoded }), { topics: ['b'], name: 'local' })),
      wildcard: once(proxy).pipe(to(proxy, 'c/+', ['c/+'], 'wildcard')),
    }));
    expect(messages(found, 'codecs')).toEqual([
      'error: What it publishes to "a" is refused: payload must be a string or a Uint8Array. Encode the value first, as json(codec).encode does.',
      expect.stringMatching(/^error: What it publishes to "b" is refused: payload must be a string or a Uint8Array, or json an object/),
      expect.stringMatching(/^error: What it publishes to "c\/\+" is refused: /),
    ]);
    expect(found.branches.map(({ end }) => end?.kind)).toEqual(['completed', 'completed', 'completed']);
  });

  it.each([undefined, 5, {}])('what a component in JavaScript does with %o, which is no topic', async given => {
    const topicName = given as unknown as string;
    const found = await dry((proxy, _config, { local }) => ({
      published: proxy.publish$({ topicName, payload: 'x', qos }).pipe(ignoreElements()),
      publishedHere: local.publish$({ topic: topicName, payload: 'x' }).pipe(ignoreElements()),
      subscribed: proxy.subscribe({ topicName, qos }),
      subscribedHere: local.subscribe({ topic: topicName }),
      // What is published would be held against it.
      other: proxy.subscribe({ topicName: 'in/#', qos, codec: json(t.number) }),
    }));
    expect(messages(found, 'codecs').slice(0, 2)).toEqual([
      expect.stringMatching(/^error: What it publishes to ".*" is refused: topicName must be a string, not /),
      expect.stringMatching(/^error: What it publishes to ".*" is refused: topic must be a string, not /),
    ]);
    expect(messages(found, 'branches')).toEqual([
      expect.stringMatching(/subscribed.*topicName must be a string.*, not /),
      expect.stringMatching(/subscribedHere.*topic must be a string or a topic template, not /),
    ]);
  });

  it('refused and too large publishes of a template once, with the first of their topics', async () => {
    const found = await dry(proxy => ({
      refused: interval(10_000).pipe(
        takeUntil(proxy.draining$),
        publishTo(proxy, n => ({ topicName: `a/${n}/+`, payload: 'x', qos }), { topics: ['a/#'] }),
      ),
      large: from([1, 2, 3, 4, 5]).pipe(
        mergeMap(n => proxy.publish$({ topicName: `b/${n}`, payload: 'x'.repeat(200_000 + n), qos })),
        ignoreElements(),
      ),
    }));
    expect(messages(found, 'codecs')).toEqual([
      expect.stringMatching(
        /^error: What it publishes to "b\/1", "b\/2", "b\/3" and 2 more topics is refused: The payload has 200001 bytes/,
      ),
      expect.stringMatching(/^error: What it publishes to "a\/0\/\+", "a\/1\/\+", "a\/2\/\+" and \d+ more topics is refused: /),
    ]);
    expect(messages(found, 'quotas')).toEqual([
      'error: It publishes up to 200005 bytes to "b/1", "b/2", "b/3" and 2 more topics; AWS IoT Core takes at most 131072.',
    ]);
  });

  it('that messages are too large also where there are more of them than a call can have arguments', () => {
    const publishes = Array.from({ length: 200_000 }, (_, i) => ({ branch: undefined, topicName: 'a', payloadBytes: 200_000 + (i % 7) }));
    expect(checkQuotas({ publishes, stages: [], horizon: 10_000_000 }, undefined)).toEqual([
      { severity: 'error', about: 'quotas', message: 'It publishes up to 200006 bytes to "a"; AWS IoT Core takes at most 131072.' },
    ]);
  });

  it('topics that a policy cannot allow', async () => {
    const found = await dry(proxy => proxy.subscribe({ topicName: 'a?b', qos }));
    expect(messages(found, 'policies')).toEqual(
      expect.arrayContaining([expect.stringContaining('No policy can allow to subscribe to "a?b" on lite')]),
    );
  });

  it('defaults that are no configuration', async () => {
    const incomplete = component({ name: 'a', version: '1.0.0', config: t.type({ limit: t.number }), run: () => NEVER });
    expect(await dryRun(incomplete)).toMatchObject({ left: { problems: ['limit: expected number, got nothing'] } });
    expect(await dryRun(incomplete, { config: { limit: 1 } })).toMatchObject({ _tag: 'Right' });
  });

  it('what is subscribed later, whose branch it cannot tell', async () => {
    const found = await dry(proxy => ({
      late: timer(1_000).pipe(
        switchMap(() => proxy.subscribe({ topicName: 'late', qos }).pipe(onRights(to(proxy, 'out', ['out'], 'later')))),
      ),
      early: proxy.subscribe({ topicName: 'early', qos }),
    }));
    expect(messages(found, 'branches')).toEqual([expect.stringMatching(/^note: "late", "later": subscribed later than its branch/)]);
    expect(found.access).toMatchObject({ publish: ['out'], subscribe: ['early', 'late'] });
    expect(found.svg()).toContain('of no known branch');
  });

  it('local topics that are subscribed to later, whose branch it cannot tell', async () => {
    const found = await dry((_, __, { local }) => timer(1_000).pipe(switchMap(() => local.subscribe({ topic: 'late' }))));
    expect(messages(found, 'branches')).toEqual([expect.stringMatching(/^note: "late": subscribed later than its branch/)]);
  });

  it('timers without end, and gives up', async () => {
    const run = (milliseconds: number) =>
      dryRun(component({ name: 'a', version: '1.0.0', run: () => interval(milliseconds).pipe(map(right)) }));
    expect(await run(0)).toMatchObject({ left: { _tag: 'TimersWithoutEnd', component: 'a', timers: 100_000, at: 0 } });
    const often = await run(0.01);
    expect(often).toMatchObject({ left: { _tag: 'TimersWithoutEnd', timers: 1_000_000 } });
    expect(await run(1)).toMatchObject({ _tag: 'Right' });
  });

  it('values without end in one moment, and gives up', async () => {
    function* endless() {
      for (;;) yield 1;
    }
    const run = component({ name: 'a', version: '1.0.0', run: () => from(endless()).pipe(map(right)) });
    expect(await dryRun(run)).toMatchObject({ left: { _tag: 'TimersWithoutEnd', component: 'a', at: 0 } });
  });

  it('what run throws', async () => {
    await expect(
      dry(() => {
        throw new Error('no such sensor');
      }),
    ).rejects.toThrow('no such sensor');
    await expect(dry(() => ({ a: 1 }) as unknown as Branches)).rejects.toThrow('run gave no stream for the branch "a"');
  });
  it.each([
    [undefined, 'run gave nothing: a return is missing. Give an Observable of Eithers, or a record of them by name.'],
    [null, 'run gave null.'],
    [7, 'run gave a number.'],
    ['text', 'run gave a string.'],
    [() => NEVER, 'run gave a function.'],
  ])('that run gave %o, which is no stream', async (given, sentence) => {
    await expect(dry(() => given as unknown as Branches)).rejects.toThrow(sentence);
  });
});
