import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { filter, firstValueFrom, map, NEVER, ReplaySubject, take, toArray } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { publishTo } from '../../src/flow/index.js';
import type { LocalNucleus } from '../../src/local/index.js';
import { connect } from '../../src/client/connect.js';
import { drainOnSignal } from '../../src/client/drain.js';
import type { DrainReport, MqttProxy } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { runToEnd } from '../../src/stream/index.js';
import { COMPONENT, OTHER, start } from '../kit/nucleus/nuclei.js';
import { VirtualTime } from '../kit/time/virtual-time.js';
import { IS_WINDOWS } from '../kit/process/platform.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
const AT = { topicName: 'test/in', qos: QOS.AT_LEAST_ONCE };

let nucleus: LocalNucleus;
let proxy: MqttProxy;
let before: ReadonlySet<unknown>;
/** How many listeners of each signal have come since the test began: those of others in this process may go at any time. */
const listenersAdded = (): readonly number[] => SIGNALS.map(signal => process.listeners(signal).filter(each => !before.has(each)).length);

beforeEach(async () => {
  nucleus = await start('classic');
  proxy = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(COMPONENT) });
  before = new Set(SIGNALS.flatMap(signal => process.listeners(signal)));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await proxy.close();
  await nucleus.stop();
  expect(listenersAdded()).toEqual([0, 0]);
});

const closed = (): Promise<unknown> => firstValueFrom(proxy.state$.pipe(filter(({ status }) => status === 'closed')));

describe('drainOnSignal', () => {
  it.each(SIGNALS)('drains and closes on %s, so that the streams complete', async signal => {
    const order: string[] = [];
    const report = new Promise<DrainReport>(resolve => {
      drainOnSignal(proxy, {
        onDrained: report => {
          order.push('drained');
          resolve(report);
        },
      });
    });
    const whenActive = new Promise<void>(resolve => {
      void runToEnd(proxy.subscribe({ ...AT, onStatus: ({ status }) => status === 'active' && resolve() })).then(() => order.push('ended'));
    });
    await whenActive;
    const ended = closed();
    process.emit(signal);
    expect(await report).toEqual({ accepted: 0, failed: 0, unfinished: 0, stagesUnfinished: 0 });
    await ended;
    expect(listenersAdded()).toEqual([0, 0]);
    expect(order.sort()).toEqual(['drained', 'ended']);
  });

  it('takes a signal that comes twice at once for one, and ends the process at the next one later', async () => {
    const kill = vi.spyOn(process, 'kill').mockReturnValue(true);
    const time = new VirtualTime();
    const reports: DrainReport[] = [];
    drainOnSignal(proxy, { scheduler: time, onDrained: report => reports.push(report) });
    const letGo = proxy.holdDrain();
    // Of a terminal, and once more of npm.
    process.emit('SIGINT', 'SIGINT');
    process.emit('SIGINT', 'SIGINT');
    time.advance(499);
    process.emit('SIGTERM', 'SIGTERM');
    expect(kill).not.toHaveBeenCalled();
    time.advance(1);
    process.emit('SIGTERM', 'SIGTERM');
    expect(kill.mock.calls).toEqual([[process.pid, 'SIGTERM']]);
    expect(listenersAdded()).toEqual([0, 0]);
    const ended = closed();
    letGo();
    await ended;
    expect(reports).toHaveLength(1);
  });

  it('says on stderr what was left at the deadline, and closes', async () => {
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    NEVER.pipe(publishTo(proxy, () => ({ topicName: 'test/out', payload: '', qos: QOS.AT_LEAST_ONCE }))).subscribe();
    drainOnSignal(proxy, { deadline: 10 });
    const ended = closed();
    process.emit('SIGTERM');
    await ended;
    expect(stderr.mock.calls).toEqual([['greengrass-rx: stopped with 0 publishes unanswered and 1 stage unfinished.\n']]);
  });

  it('says nothing when nothing was left', async () => {
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    drainOnSignal(proxy);
    const ended = closed();
    process.emit('SIGTERM');
    await ended;
    expect(stderr).not.toHaveBeenCalled();
  });

  it('closes although onDrained throws, and says so', async () => {
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const { exitCode } = process;
    drainOnSignal(proxy, {
      onDrained: () => {
        throw new Error('broken');
      },
    });
    const ended = closed();
    process.emit('SIGTERM');
    await ended;
    expect(process.exitCode).toBe(1);
    process.exitCode = exitCode;
    expect(stderr.mock.calls).toMatchObject([[/onDrained failed: Error: broken/]]);
  });

  it('leaves signals alone once it is taken off, and once the proxy was closed', async () => {
    const off = drainOnSignal(proxy);
    expect(listenersAdded()).toEqual([1, 1]);
    off();
    expect(listenersAdded()).toEqual([0, 0]);
    drainOnSignal(proxy);
    await proxy.close();
    expect(listenersAdded()).toEqual([0, 0]);
    drainOnSignal(proxy);
    expect(listenersAdded()).toEqual([0, 0]);
  });
});

/** A component in a process of its own, and what it prints. */
function component(...args: readonly string[]): {
  readonly child: ChildProcess;
  readonly line: () => Promise<string>;
  readonly end: Promise<unknown[]>;
} {
  const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(
    process.execPath,
    [
      '--no-warnings',
      '--import',
      new URL('../kit/process/typescript-loader.mjs', import.meta.url).href,
      file('drained-component.ts'),
      ...args,
    ],
    { env: { ...process.env, ...nucleus.environment(COMPONENT) }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return { child, line: async () => String((await lines.next()).value), end: once(child, 'exit') };
}

// Windows has no signals.
describe.skipIf(IS_WINDOWS)('a component that is told to stop', () => {
  it('publishes what it has taken in and ends with exit code 0', async () => {
    await using other = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(OTHER) });
    const echoes = new ReplaySubject<string>(10);
    await new Promise<void>(resolve => {
      other
        .subscribe({ ...AT, topicName: 'test/out', onStatus: ({ status }) => status === 'active' && resolve() })
        .pipe(map(message => (message._tag === 'Right' ? Buffer.from(message.right.payload).toString() : 'left')))
        .subscribe(echoes);
    });
    const { child, line, end } = component();
    expect(await line()).toBe('active');
    for (const payload of ['1', '2', '3']) {
      nucleus.publish({ topicName: 'test/in', payload });
      expect(await line()).toBe('came');
    }
    child.kill('SIGTERM');
    expect(JSON.parse(await line())).toEqual({ accepted: 3, failed: 0, unfinished: 0, stagesUnfinished: 0 });
    expect(await line()).toBe('ended');
    expect(await end).toEqual([0, null]);
    expect(await firstValueFrom(echoes.pipe(take(3), toArray()))).toEqual(['1', '2', '3']);
  });

  it('ends at once at the second signal', async () => {
    const { child, line, end } = component('stuck');
    expect(await line()).toBe('active');
    nucleus.publish({ topicName: 'test/in', payload: '1' });
    expect(await line()).toBe('came');
    const draining = new Promise<void>(resolve => {
      // Draining begins with the end of the subscription.
      const off = nucleus.observe(({ kind }) => {
        if (kind !== 'unsubscribed') return;
        off();
        resolve();
      });
    });
    child.kill('SIGTERM');
    await draining;
    // Those that come within half a second count as the first.
    const again = setInterval(() => child.kill('SIGTERM'), 50);
    expect(await end).toEqual([null, 'SIGTERM']);
    clearInterval(again);
  });

  it('ends in good order, with an outcome for everything it has taken, where the nucleus does not answer', async () => {
    const { child, line, end } = component('unanswered');
    expect(await line()).toBe('active');
    // Not before: connecting asks with a publish which nucleus this is.
    using _withheld = nucleus.faults.withholdReply({ operation: 'publish' });
    nucleus.publish({ topicName: 'test/in', payload: '1' });
    expect(await line()).toBe('came');
    child.kill('SIGTERM');
    expect(JSON.parse(await line())).toMatchObject({ stagesUnfinished: 1 });
    expect(await line()).toBe('unknown 8, refused 92');
    expect(await line()).toBe('ended');
    expect(await end).toEqual([0, null]);
  });
});
