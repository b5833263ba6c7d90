import { isBuiltin } from 'node:module';
import { readdirSync } from 'node:fs';
import { right } from 'fp-ts/lib/Either.js';
import { firstValueFrom, of, Subject, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { component, runComponent, silentLog } from '../../src/component/index.js';
import { logBacklog } from '../../src/component/run-component.js';
import { dryRun } from '../../src/dry-run/index.js';
import { forwardFrom, type ForwardOptions, type OutboxDepth, type OutboxOptions, storeIn } from '../../src/outbox/index.js';
import type { MqttProxy } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { onRights } from '../../src/stream/index.js';
import { marbles } from '../../src/testing/index.js';
import { type Line, logLines } from '../kit/component/log-lines.js';
import { temporaryFolder } from '../kit/process/run-cli.js';

/** Stores what comes, and sends what is stored. */
const meter = (options: OutboxOptions = {}, forwardOptions: ForwardOptions = {}) =>
  component({
    name: 'com.example.Meter',
    version: '1.0.0',
    run: (proxy: MqttProxy, _, { openOutbox }) => {
      const outbox = openOutbox({ topics: ['meters/+'], mark: message => message, commit: { within: 10 }, ...options });
      return {
        stored: proxy
          .subscribe({ topicName: 'readings', qos: QOS.AT_LEAST_ONCE })
          .pipe(
            onRights(storeIn(outbox, ({ payload }) => ({ topicName: 'meters/7', payload, qos: QOS.AT_LEAST_ONCE }), { name: 'readings' })),
          ),
        forwarded: forwardFrom(outbox, proxy, forwardOptions),
      };
    },
  });

describe('openOutbox of a component', () => {
  it(
    'is in memory in a marble test: exact, and with nothing on the disk',
    marbles(
      ({ nucleus, run, expectPublished, expectStage }) => {
        const before = readdirSync('.');
        nucleus.messages('readings', '-a---b 20ms -|');
        const { stored, forwarded } = meter().run(nucleus.proxy, undefined);
        run(stored);
        run(forwarded);
        // The second ten milliseconds after the first has been committed.
        expectPublished('meters/+').toBeMarble('- 10ms (ab) 12ms |');
        expectStage('readings', { received: 2, emitted: 2 });
        expect(readdirSync('.')).toEqual(before);
      },
      { connectionStatus: true },
    ),
  );

  it('is in memory in a dry run, which knows the topics of its messages', async () => {
    const before = readdirSync('.');
    const result = await dryRun(meter());
    if (result._tag === 'Left') throw result.left;
    const { findings, access } = result.right;
    expect(access).toMatchObject({ publish: ['meters/+'], subscribe: ['readings'] });
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(readdirSync('.')).toEqual(before);
  });

  it.each([
    ['publishing to its topics', {}, {}, { publish: ['meters/+'], subscribe: ['readings'] }],
    [
      'and to see messages back',
      { deleteWhen: 'confirmed', mark: 'members' },
      {},
      { publish: ['meters/+'], subscribe: ['meters/+', 'readings'] },
    ],
    [
      'and its samples both ways',
      { deleteWhen: { confirmed: { sample: 0.01, topicName: 'seen/7' } } },
      {},
      { publish: ['meters/+', 'seen/7'], subscribe: ['readings', 'seen/7'] },
    ],
    [
      'and its canary both ways',
      {},
      { canaryTopicName: 'canary/7' },
      { publish: ['canary/7', 'meters/+'], subscribe: ['canary/7', 'readings'] },
    ],
  ] as const)('has a derived recipe that allows %s', async (_what, options, forwardOptions, access) => {
    const result = await dryRun(meter(options, forwardOptions));
    if (result._tag === 'Left') throw result.left;
    expect(result.right.access).toMatchObject(access);
    expect(
      result.right
        .diagram()
        .nodes.filter(({ role }) => role === 'out')
        .flatMap(({ lines }) => lines),
    ).toEqual(expect.arrayContaining(['meters/+']));
  });

  it('has no recipe derived that does not say where its messages go, and none that allows to publish what is only stored', async () => {
    const silent = await dryRun(meter({ topics: undefined }));
    if (silent._tag === 'Left') throw silent.left;
    expect(silent.right.findings.filter(({ severity }) => severity === 'error').map(({ message }) => message)).toEqual([
      expect.stringContaining('Name them in the option topics of its outbox'),
    ]);
    const storing = component({
      name: 'com.example.Stores',
      version: '1.0.0',
      run: (_proxy, _, { openOutbox }) =>
        of(1).pipe(storeIn(openOutbox({ topics: ['meters/+'] }), () => ({ topicName: 'meters/7', payload: '', qos: QOS.AT_LEAST_ONCE }))),
    });
    const stored = await dryRun(storing);
    if (stored._tag === 'Left') throw stored.left;
    expect(stored.right.access.publish).toEqual([]);
  });

  it('cannot be told to confirm what nobody can subscribe to: refused where it is declared', async () => {
    const options: OutboxOptions = { deleteWhen: 'confirmed', mark: 'members', topics: ['$aws/rules/Store/meters/7'] };
    await expect(dryRun(meter(options))).rejects.toThrow('nobody can subscribe to it');
  });

  it('gives the same one for the same path and options, and no second one with others', () => {
    const tried = component({
      name: 'com.example.Twice',
      version: '1.0.0',
      run: (_proxy, _, { openOutbox }) => {
        const [first, again] = [openOutbox({ maxBytes: 1 << 21 }), openOutbox({ maxBytes: 1 << 21 })];
        expect(again).toBe(first);
        expect(openOutbox({ path: './outbox.sqlite', maxBytes: 1 << 21 })).toBe(first);
        expect(openOutbox({ path: 'other.sqlite' })).not.toBe(first);
        expect(() => openOutbox({ maxBytes: 1 << 22 })).toThrow(
          'This component has opened the outbox outbox.sqlite already, with other options. Open it once, and share it.',
        );
        return of(right(1));
      },
    });
    marbles(({ nucleus, run, expectStream }) => {
      run(tried.run(nucleus.proxy, undefined));
      expectStream(tried.run(nucleus.proxy, undefined)).toBeMarble('(1|)');
    })();
  });

  it('with a Node that has no node:sqlite is a typed failure of each value, and nothing else of the component minds', async () => {
    const outcomes: unknown[] = [];
    const folder = temporaryFolder();
    const numbers = component({
      name: 'com.example.Numbers',
      version: '1.0.0',
      run: (_proxy, _, { openOutbox }) =>
        of(1).pipe(
          storeIn(openOutbox(), n => ({ topicName: 't', payload: `${n}`, qos: QOS.AT_LEAST_ONCE })),
          outcomes$ => {
            void firstValueFrom(outcomes$.pipe(toArray())).then(all => outcomes.push(...all));
            return outcomes$;
          },
        ),
    });
    const { reason } = await runComponent(numbers, { env: { GREENGRASS_RX_WORK_FOLDER: folder }, signals: false, log: silentLog });
    expect(reason).toBe('done');
    expect(outcomes).toMatchObject([
      isBuiltin('node:sqlite')
        ? { _tag: 'Right', right: { by: 'outbox' } }
        : { _tag: 'Left', left: { _tag: 'OutboxUnavailable', reason: 'needs-newer-node', value: 1 } },
    ]);
    expect(readdirSync(folder)).toEqual(isBuiltin('node:sqlite') ? expect.arrayContaining(['outbox.sqlite']) : []);
  });

  it('logs that messages wait, again when twice as many do, and when none does any more', () => {
    const lines: Line[] = [];
    const depth$ = new Subject<OutboxDepth>();
    logBacklog(depth$, logLines(lines));
    const counts = { stored: 0, forwarded: 0, expired: 0, dropped: 0, setAside: 0, damaged: 0, inside: 0 };
    const depths = [
      [5, 100],
      [0, 0],
      [1, 2_000],
      ...Array.from({ length: 98 }, (_, i) => [i + 2, 3_000]),
      [40, 9_000],
      [0, 0],
      [0, 0],
      [3, 10],
    ];
    for (const [messages = 0, age = 0] of depths) depth$.next({ messages, bytes: messages, age, counts });
    expect(lines.map(({ message }) => message)).toEqual([
      'outbox: 1 message waits, the oldest for 2 s',
      ...[2, 4, 8, 16, 32, 64].map(messages => `outbox: ${messages} messages wait, the oldest for 3 s`),
      'outbox: nothing waits any more',
    ]);
  });
});
