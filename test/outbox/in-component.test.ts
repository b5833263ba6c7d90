import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { concat, filter, firstValueFrom, mergeMap, NEVER, of, Subject, take, tap } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type Branches,
  component,
  type Health,
  runComponent,
  type RunContext,
  type RunOptions,
  silentLog,
} from '../../src/component/index.js';
import { accessControlOf } from '../../src/dry-run/access.js';
import { dryRun } from '../../src/dry-run/index.js';
import { connect } from '../../src/client/connect.js';
import type { OutboxAccount } from '../../src/flow/account.js';
import { Ledger } from '../../src/flow/ledger.js';
import { forwardFrom, openOutbox, type Outbox, type OutboxOptions, storeIn } from '../../src/outbox/index.js';
import type { MqttProxy } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { COMPONENT, start } from '../kit/nucleus/nuclei.js';
import { VirtualTime } from '../kit/time/virtual-time.js';
import { ownFolder } from './stores.js';

const OPTIONS: OutboxOptions = { mark: message => message, commit: { messages: 1_000, within: 3_600_000 } };

const storing = (outbox: Outbox) => storeIn<number>(outbox, n => ({ topicName: 'test/meter', payload: `${n}`, qos: QOS.AT_LEAST_ONCE }));

/** Runs a component in a folder, with a proxy to a nucleus of its own. */
const running = async (
  folder: string,
  run: (openOutbox: RunContext['openOutbox'], proxy: MqttProxy) => Branches,
  options: RunOptions = {},
) => {
  const nucleus = await start('classic');
  onTestFinished(() => nucleus.stop());
  const stop = new AbortController();
  const made = component({
    name: COMPONENT,
    version: '1.0.0',
    run: (proxy, _, context) => run(context.openOutbox, proxy),
  });
  const ended = runComponent(made, {
    env: { GREENGRASS_RX_WORK_FOLDER: folder },
    proxy: connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(COMPONENT) }),
    signals: false,
    log: silentLog,
    signal: stop.signal,
    ...options,
  });
  return { nucleus, ended, stop: () => stop.abort() };
};

/** What a file holds, once nobody else has it open. */
const countsIn = async (folder: string) => {
  await using outbox = openOutbox({ path: join(folder, 'outbox.sqlite') });
  const using = outbox.use().subscribe();
  const { counts } = await firstValueFrom(outbox.depth$.pipe(filter(({ counts: { stored } }) => stored > 0)));
  using.unsubscribe();
  return counts;
};

describe('an outbox of a component', () => {
  it('is a file in its work folder, open until the component has ended and not only while it is used', async () => {
    const folder = ownFolder();
    const time = new VirtualTime();
    const stored = new Subject<void>();
    const { ended, stop } = await running(
      folder,
      (open, proxy) => {
        const outbox = open({ scheduler: time });
        return {
          stored: of(1).pipe(storing(outbox), tap({ complete: () => stored.next() })),
          waiting: concat(NEVER).pipe(mergeMap(() => proxy.subscribe({ topicName: 'test/#', qos: QOS.AT_LEAST_ONCE }))),
        };
      },
      { drainDeadline: 1 },
    );
    const done = firstValueFrom(stored);
    await advancing(time, done);
    time.advance(60_000);
    const other = openOutbox({ path: join(folder, 'outbox.sqlite'), scheduler: time });
    const answer = await firstValueFrom(other.use());
    expect(answer).toMatchObject({ _tag: 'Left', left: { reason: 'busy' } });
    await other.close();
    stop();
    await ended;
    expect(readdirSync(folder).sort()).toEqual(['outbox.sqlite', 'outbox.sqlite-mark']);
    expect(await countsIn(folder)).toMatchObject({ stored: 1, inside: 1 });
  });

  it('has committed at a drain what was taken in, and keeps the backlog for the next start', async () => {
    const folder = ownFolder();
    const source = new Subject<number>();
    const first = await running(folder, (open, proxy) => {
      const outbox = open(OPTIONS);
      proxy.draining$.subscribe(() => source.complete());
      return { stored: source.pipe(storing(outbox)), forwarded: forwardFrom(outbox, proxy, { messagesPerSecond: 0.001 }) };
    });
    for (let n = 0; n < 10; n++) source.next(n);
    first.stop();
    expect(await first.ended).toMatchObject({ reason: 'done' });
    const before = await countsIn(folder);
    expect(before).toMatchObject({ stored: 10 });
    expect(before.forwarded).toBeLessThanOrEqual(1);
    const second = await running(folder, (open, proxy) => ({
      forwarded: forwardFrom(open(OPTIONS), proxy, { messagesPerSecond: 1_000 }).pipe(take(before.inside)),
    }));
    await second.ended;
    expect(await countsIn(folder)).toMatchObject({ stored: 10, forwarded: 10, inside: 0 });
  });

  it.each(['classic', 'lite'] as const)(
    'needs on a %s nucleus no more than what the derived recipe allows, also to see messages back',
    async profile => {
      const folder = ownFolder();
      const meter = component({
        name: COMPONENT,
        version: '1.0.0',
        run: (proxy, _, { openOutbox: open }) => {
          const outbox = open({ topics: ['meters/+'], deleteWhen: 'confirmed', mark: 'wrap' });
          return {
            stored: of(1, 2).pipe(storeIn(outbox, n => ({ topicName: `meters/${n}`, payload: `${n}`, qos: QOS.AT_LEAST_ONCE }))),
            forwarded: forwardFrom(outbox, proxy).pipe(take(2)),
          };
        },
      });
      const dry = await dryRun(meter);
      if (dry._tag === 'Left') throw dry.left;
      const nucleus = await start(profile, {
        components: [{ name: COMPONENT, accessControl: accessControlOf(COMPONENT, dry.right.access) }],
      });
      onTestFinished(() => nucleus.stop());
      const proxy = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(COMPONENT) });
      const outcome = await runComponent(meter, { env: { GREENGRASS_RX_WORK_FOLDER: folder }, proxy, signals: false, log: silentLog });
      expect(outcome).toMatchObject({ reason: 'done' });
      expect(await countsIn(folder)).toMatchObject({ stored: 2, forwarded: 2, inside: 0 });
    },
  );

  it('has committed what a source gave that does not end by itself, when the time is over', async () => {
    const folder = ownFolder();
    // Its time stands: a thread that starts late is no disk that does not answer.
    const scheduler = new VirtualTime();
    const stored = (open: RunContext['openOutbox']) => concat(of(1, 2, 3), NEVER).pipe(storing(open({ ...OPTIONS, scheduler })));
    const { ended, stop } = await running(folder, open => ({ stored: stored(open) }), { drainDeadline: 50 });
    stop();
    await ended;
    expect(await countsIn(folder)).toMatchObject({ stored: 3, inside: 3 });
  });

  it('is in the health file and the health line: what waits, and an account that adds up over two processes', async () => {
    const folder = ownFolder();
    const path = join(folder, 'outbox.sqlite');
    const healthFile = join(folder, 'health.json');
    const accounts: (OutboxAccount | undefined)[] = [];
    const afterRun = async (run: (outbox: Outbox, proxy: MqttProxy) => Branches) => {
      const ledger = new Ledger();
      const { ended } = await running(folder, (open, proxy) => run(open(OPTIONS), proxy), { healthFile, ledger });
      expect(await ended).toMatchObject({ reason: 'done' });
      const { outboxes } = JSON.parse(readFileSync(healthFile, 'utf8')) as Health;
      expect(outboxes).toEqual(JSON.parse(JSON.stringify(ledger.snapshot().outboxes)));
      accounts.push(outboxes.find(account => account.path === path));
    };
    await afterRun(outbox => of(1, 2, 3).pipe(storing(outbox)));
    await afterRun((outbox, proxy) => forwardFrom(outbox, proxy, { messagesPerSecond: 1_000 }).pipe(take(2)));
    const [first, second] = accounts;
    const none = { expired: 0, dropped: 0, setAside: 0, damaged: 0 };
    expect(first).toMatchObject({ stored: 3, forwarded: 0, ...none, inside: { messages: 3, bytes: 3 * 'test/meter1'.length } });
    expect(first?.oldest).toEqual(expect.any(Number));
    expect(second).toMatchObject({ stored: 3, ...none });
    expect((second?.forwarded ?? 0) + (second?.inside.messages ?? 0)).toBe(3);
    expect(second?.forwarded).toBeGreaterThanOrEqual(2);
  });
});

/** Moves virtual time on until a promise has settled: what is awaited comes from a worker. */
const advancing = async (time: VirtualTime, until: Promise<unknown>): Promise<void> => {
  const turning = new AbortController();
  void until.then(() => turning.abort());
  while (!turning.signal.aborted) {
    time.advance(1);
    await new Promise(resolve => setImmediate(resolve));
  }
};
