import * as t from 'io-ts';
import { right } from 'fp-ts/lib/Either.js';
import { interval, map, NEVER, takeUntil } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Decoder } from '../../src/codec/codec.js';
import { gzipped, json, jsonArray, ndjson } from '../../src/codec/index.js';
import { type Branches, component, type RunContext } from '../../src/component/index.js';
import { dryRun } from '../../src/dry-run/index.js';
import { publishTo } from '../../src/flow/index.js';
import { envelope, forwardFrom, type OutboxOptions, storeIn } from '../../src/outbox/index.js';
import type { MqttProxy } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';

const qos = QOS.AT_LEAST_ONCE;
const Reading = json(t.type({ celsius: t.number }));

const dry = async (run: (proxy: MqttProxy, config: unknown, context: RunContext) => Branches) => {
  const result = await dryRun(component({ name: 'com.example.Dry', version: '1.0.0', run }));
  if (result._tag === 'Left') throw result.left;
  const { stages, findings } = result.right;
  return { stages, codecs: findings.filter(({ about }) => about === 'codecs').map(({ severity, message }) => `${severity}: ${message}`) };
};

const every = (proxy: MqttProxy, payload: string, codec: Decoder<unknown> | undefined) =>
  interval(10_000).pipe(
    takeUntil(proxy.draining$),
    publishTo(proxy, () => ({ topicName: 'out', payload, qos }), { topics: ['out'], payload: codec, name: 'readings' }),
  );

describe('a declared payload', () => {
  it('is known to a dry run, with the shape of what is sent', async () => {
    const Value = t.type({ celsius: t.number });
    const shape = async (codec: Decoder<unknown>) => {
      const { stages } = await dry(proxy =>
        NEVER.pipe(
          takeUntil(proxy.draining$),
          publishTo(proxy, () => ({ topicName: 'out', payload: '', qos }), { payload: codec }),
        ),
      );
      return stages[0]?.declaration.payload?.shape;
    };
    expect(await shape(json(Value))).toEqual({ format: 'json', type: Value });
    expect(await shape(jsonArray(Value))).toEqual({ format: 'jsonArray', type: Value });
    expect(await shape(gzipped(ndjson(Value)))).toEqual({ format: 'gzip', of: { format: 'ndjson', type: Value } });
  });

  it('is held against what the component publishes by itself', async () => {
    expect((await dry(proxy => every(proxy, '{"celsius":21}', Reading))).codecs).toEqual([]);
    expect((await dry(proxy => every(proxy, '{"celsius":"warm"}', Reading))).codecs).toEqual([
      expect.stringMatching(/^error: .* to "out", which is not what is declared as its payload: celsius: expected number, got "warm"\.$/),
    ]);
    expect((await dry(proxy => every(proxy, '{"celsius":"warm"}', undefined))).codecs).toEqual([]);
  });

  it('is held against what is in an envelope, made by publishTo or by an outbox', async () => {
    const good = () => ({ topicName: 'out', payload: '{"celsius":21}', qos });
    const bad = () => ({ topicName: 'out', payload: '21', qos });
    const published = async (request: () => ReturnType<typeof good>) =>
      (
        await dry(proxy =>
          interval(10_000).pipe(takeUntil(proxy.draining$), publishTo(proxy, envelope(request), { topics: ['out'], payload: Reading })),
        )
      ).codecs;
    const stored = async (request: () => ReturnType<typeof good>) =>
      (
        await dry((proxy, _, { openOutbox }) => {
          const outbox = openOutbox({ mark: 'wrap', topics: ['out'] });
          return {
            stored: interval(10_000).pipe(takeUntil(proxy.draining$), storeIn(outbox, request, { payload: Reading })),
            forwarded: forwardFrom(outbox, proxy),
          };
        })
      ).codecs;
    for (const codecs of [published, stored]) {
      expect(await codecs(good)).toEqual([]);
      expect(await codecs(bad)).toEqual([
        expect.stringMatching(/^error: .* to "out", which is not what is declared as its payload: .*, got 21\.$/),
      ]);
    }
  });

  it('of a stage that stores tells the topics, the mark and the age, and asks for no policy by itself', async () => {
    const result = await dryRun(
      component({
        name: 'com.example.Dry',
        version: '1.0.0',
        run: (proxy, _, { openOutbox }) => {
          const outbox = openOutbox({ mark: 'wrap', topics: ['a', 'b'], maxAge: 86_400_000, tellOldest: true });
          return NEVER.pipe(
            takeUntil(proxy.draining$),
            storeIn(outbox, () => ({ topicName: 'a', payload: '', qos }), { topics: ['a'], payload: Reading }),
          );
        },
      }),
    );
    if (result._tag === 'Left') throw result.left;
    expect(result.right.stages[0]?.declaration).toMatchObject({
      topics: ['a'],
      payload: Reading,
      marks: { as: 'wrap', tellsOldest: true, maxAge: 86_400_000 },
    });
    expect(result.right.access.publish).toEqual([]);
  });

  it('whose codec throws or does not fit itself is an error', async () => {
    const throwing: Decoder<unknown> = { decode: ({ payload }) => right(JSON.parse(Buffer.from(payload).toString())) };
    const { codecs } = await dry(proxy => every(proxy, '{"celsius":21}', throwing));
    expect(codecs).toEqual([expect.stringMatching(/^error: The codec that "readings" declares as its payload throws on the payload ""/)]);
  });
});

describe('the marks of an outbox', () => {
  it.each([
    [
      'as user properties, may not arrive',
      {},
      [/^warning: What "meters" stores is marked by user properties, which Greengrass Lite does not carry: /],
    ],
    ['around the payload, do', { mark: 'wrap' }, []],
    ['as a function likes, are its own affair', { mark: message => message }, []],
    ['for a classic nucleus alone, do', { profile: 'classic' }, []],
  ] as readonly (readonly [string, OutboxOptions, readonly RegExp[]])[])('%s', async (_what, options, expected) => {
    const { codecs } = await dry((proxy, _, { openOutbox }) => {
      const outbox = openOutbox({ topics: ['out'], ...options });
      return {
        stored: NEVER.pipe(
          takeUntil(proxy.draining$),
          storeIn(outbox, () => ({ topicName: 'out', payload: '', qos }), { name: 'meters' }),
        ),
        forwarded: forwardFrom(outbox, proxy),
      };
    });
    expect(codecs).toEqual(expected.map(text => expect.stringMatching(text) as string));
  });
});

describe('what a component publishes', () => {
  it('of many topics is told once for a stage, with how many are alike', async () => {
    const found = await dry(proxy =>
      interval(10_000).pipe(
        takeUntil(proxy.draining$),
        publishTo(proxy, n => ({ topicName: `line/${n}`, payload: `{"celsius":"${n}"}`, qos }), { topics: ['line/+'], payload: Reading }),
      ),
    );
    expect(found.codecs).toEqual([
      expect.stringMatching(/^error: .* to "line\/0" \(and \d+ more like it\), which is not what is declared as its payload: celsius: /),
    ]);
  });

  it('must be what its own subscription to the topic takes', async () => {
    const run = (payload: string) => (proxy: MqttProxy) => ({
      sent: interval(10_000).pipe(
        takeUntil(proxy.draining$),
        map(() => 1),
        publishTo(proxy, () => ({ topicName: 'loop/1', payload, qos }), { topics: ['loop/+'] }),
      ),
      received: proxy.subscribe({ topicName: 'loop/#', qos, codec: Reading }),
    });
    expect((await dry(run('{"celsius":1}'))).codecs).toEqual([]);
    expect((await dry(run('{"celsius":null}'))).codecs).toEqual([
      expect.stringMatching(
        /^error: It publishes .* to "loop\/1", which the codec of its own subscription to "loop\/#" refuses: celsius: /,
      ),
    ]);
  });
});
