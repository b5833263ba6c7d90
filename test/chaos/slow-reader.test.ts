import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { TransportName } from '../../src/index.js';
import type { LocalNucleus } from '../../src/local/index.js';
import { COMPONENT, start } from '../local/nuclei.js';
import { COMBINATIONS, recordEvents } from './chaos.js';

const COUNT = 1_000;
const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

interface Component {
  /** Lets it go on. Resolves with what its subscription has brought when it has ended by itself. */
  readonly goOn: () => void;
  readonly ended: Promise<{ readonly code: number | null; readonly brought: readonly string[] }>;
}

/** A component in a process of its own that has subscribed and now stands still. */
async function stalledComponent(nucleus: LocalNucleus, transport: TransportName): Promise<Component> {
  const args = [
    '--disable-warning=NodeDeprecationWarning',
    '--import',
    path('../proxy/typescript-loader.mjs'),
    path('stalling-component.ts'),
  ];
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...nucleus.environment(COMPONENT), GREENGRASS_RX_TRANSPORT: transport },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'close').then(([code]: (number | null)[]) => ({
    code: code ?? null,
    brought: output.split('\n').slice(1),
  }));
  await once(child.stdout, 'data');
  expect(output).toBe('stalled\n');
  return { goOn: () => void child.stdin.end('x'), ended };
}

describe.each(COMBINATIONS)('a slow reader, $transport, $profile', ({ transport, profile }) => {
  async function stalling(): Promise<{ nucleus: LocalNucleus; component: Component; event: ReturnType<typeof recordEvents>['event'] }> {
    const nucleus = await start(profile, { limits: { socketTimeoutMs: 50 } });
    onTestFinished(() => nucleus.stop());
    const { event } = recordEvents(nucleus);
    return { nucleus, event, component: await stalledComponent(nucleus, transport) };
  }

  /** 4 KB each: far more than the kernel's buffer takes. */
  function flood(nucleus: LocalNucleus): void {
    for (const number of numbers(COUNT)) nucleus.publish({ topicName: 'test/a', payload: number.padStart(4_000) });
  }

  it('that is cut by the nucleus', async () => {
    const { nucleus, component, event } = await stalling();
    nucleus.faults.cutSlowReaders();
    flood(nucleus);
    if (transport === 'crt') {
      // The native thread reads on while JavaScript stands still, without limit: nothing is cut, all of it waits in memory.
      await expect.poll(() => nucleus.queuedBytes, { timeout: 10_000 }).toBe(0);
    } else await event(({ kind }) => kind === 'disconnected');
    const again = transport === 'crt' ? undefined : event(subscribedAgain());
    component.goOn();
    await again;
    nucleus.publish({ topicName: 'test/a', payload: 'end' });
    const { code, brought } = await component.ended;
    expect(code).toBe(0);
    const arrived = brought.filter(word => /^\d+$/.test(word));
    expect(arrived).toEqual(numbers(arrived.length));
    expect(brought.slice(arrived.length)).toEqual(transport === 'crt' ? ['end'] : ['Interrupted', 'end']);
    if (transport === 'crt') expect(arrived).toHaveLength(COUNT);
    else expect(arrived.length).toBeLessThan(COUNT);
  });

  it.runIf(profile === 'lite' && transport === 'socket')('whose messages Greengrass Lite drops: nothing tells', async () => {
    const { nucleus, component, event } = await stalling();
    flood(nucleus);
    await event(({ kind }) => kind === 'dropped');
    component.goOn();
    await expect.poll(() => nucleus.queuedBytes).toBe(0);
    nucleus.publish({ topicName: 'test/a', payload: 'end' });
    const { code, brought } = await component.ended;
    expect(code).toBe(0);
    expect(brought.length).toBeLessThan(COUNT);
    expect(brought).not.toContain('Interrupted');
  });
});

/** Fits the second subscribe. */
function subscribedAgain(): Parameters<ReturnType<typeof recordEvents>['event']>[0] {
  const seen = new Set<object>();
  return event => event.kind === 'subscribed' && seen.add(event).size === 2;
}
