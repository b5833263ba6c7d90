import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { TransportName } from '../../src/client/index.js';
import type { LocalNucleus } from '../../src/local/index.js';
import { COMPONENT, start } from '../kit/nucleus/nuclei.js';
import { HandClock } from '../kit/time/hand-clock.js';
import { COMBINATIONS, recordEvents } from './chaos.js';

const COUNT = 1_000;
/** Milliseconds that the nucleus waits for a component to read. */
const PATIENCE = 5_000;
const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

let child: ChildProcess;

beforeAll(async () => {
  const args = [
    '--disable-warning=NodeDeprecationWarning',
    '--import',
    new URL('../kit/process/typescript-loader.mjs', import.meta.url).href,
    path('stalling-component.ts'),
  ];
  child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit', 'ipc'] });
  expect((await once(child, 'message'))[0]).toBe('ready');
});

afterAll(async () => {
  const exited = once(child, 'exit');
  // Nothing of the library keeps it alive: with its parent gone it ends by itself.
  child.disconnect();
  expect(await exited).toEqual([0, null]);
});

/** Connects a component and waits until it stands still. The result lets it go on and resolves with what its subscription has brought. */
async function stall(nucleus: LocalNucleus, transport: TransportName): Promise<() => Promise<readonly string[]>> {
  const stalled = once(child.stdout ?? child, 'data');
  child.send({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(COMPONENT), transport });
  expect(String((await stalled)[0])).toBe('stalled\n');
  return async () => {
    const brought = new Promise<readonly string[]>(resolve => {
      child.on('message', function tell(message) {
        if (!Array.isArray(message)) return;
        child.off('message', tell);
        resolve(message as readonly string[]);
      });
    });
    child.stdin?.write('x');
    return brought;
  };
}

/** Resolves when a component has told that its subscription was restored. */
async function activeAgain(): Promise<void> {
  for (;;) if ((await once(child, 'message'))[0] === 'active again') return;
}

describe.each(COMBINATIONS)('a slow reader, $transport, $profile', ({ transport, profile }) => {
  async function stalling(): Promise<{
    readonly nucleus: LocalNucleus;
    readonly goOn: () => Promise<readonly string[]>;
    readonly event: ReturnType<typeof recordEvents>['event'];
    /** The nucleus has waited for the component to read until its time was up. */
    readonly patienceEnds: () => Promise<void>;
  }> {
    const clock = new HandClock();
    const nucleus = await start(profile, { clock });
    onTestFinished(() => nucleus.stop());
    const { event } = recordEvents(nucleus);
    const patienceEnds = async (): Promise<void> => {
      await expect.poll(() => clock.pending).toBeGreaterThan(0);
      clock.advance(PATIENCE);
    };
    return { nucleus, event, patienceEnds, goOn: await stall(nucleus, transport) };
  }

  /** 4 KB each: far more than the kernel's buffer takes. */
  function flood(nucleus: LocalNucleus): void {
    for (const number of numbers(COUNT)) nucleus.publish({ topicName: 'test/a', payload: number.padStart(4_000) });
  }

  it.runIf(transport === 'socket')('that is cut by the nucleus', async () => {
    const { nucleus, goOn, event, patienceEnds } = await stalling();
    nucleus.faults.cutSlowReaders();
    flood(nucleus);
    await patienceEnds();
    await event(({ kind }) => kind === 'disconnected');
    const told = goOn();
    await activeAgain();
    nucleus.publish({ topicName: 'test/a', payload: 'end' });
    const brought = await told;
    const arrived = brought.filter(word => /^\d+$/.test(word));
    expect(arrived.length).toBeLessThan(COUNT);
    expect(brought).toEqual([...numbers(arrived.length), 'Interrupted', 'end']);
  });

  it.runIf(transport === 'crt')('that is never one, since the native thread reads on without limit', async () => {
    const { nucleus, goOn } = await stalling();
    nucleus.faults.cutSlowReaders();
    flood(nucleus);
    await expect.poll(() => nucleus.queuedBytes).toBe(0);
    nucleus.publish({ topicName: 'test/a', payload: 'end' });
    expect(await goOn()).toEqual([...numbers(COUNT), 'end']);
  });

  it.runIf(profile === 'lite' && transport === 'socket')('whose messages Greengrass Lite drops: nothing tells', async () => {
    const { nucleus, goOn, event, patienceEnds } = await stalling();
    flood(nucleus);
    await patienceEnds();
    await event(({ kind }) => kind === 'dropped');
    const brought = goOn();
    await expect.poll(() => nucleus.queuedBytes).toBe(0);
    nucleus.publish({ topicName: 'test/a', payload: 'end' });
    expect((await brought).length).toBeLessThan(COUNT);
    expect(await brought).not.toContain('Interrupted');
  });
});
