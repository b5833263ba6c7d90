import { expect, onTestFinished, test, vi } from 'vitest';
import { SupervisedProcess, type TakeLine } from '../../src/cli/dev/supervised-process.js';
import { isAlive } from '../kit/process/is-alive.js';
import { IS_WINDOWS } from '../kit/process/platform.js';

/** Runs a program of Node's; its lines on stdout go to `take`. */
function run(program: string, take: TakeLine, grace = 10_000): SupervisedProcess {
  const component = new SupervisedProcess({
    command: [process.execPath, '-e', program],
    env: process.env,
    onLine: stream => (stream === 'stdout' ? take : () => undefined),
    onKill: () => undefined,
    grace,
  });
  onTestFinished(component.kill);
  return component;
}

test('all that a process has printed is passed on, however long the reader takes after its end', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const lines: string[] = [];
  let read = (): void => undefined;
  const reading = new Promise<void>(resolve => {
    read = resolve;
  });
  let begun = (): void => undefined;
  const begins = new Promise<void>(resolve => {
    begun = resolve;
  });
  // In one write: a pipe that holds these bytes need not hold as many small writes.
  const printing = 'process.stdout.write(Array.from({ length: 500 }, (_, i) => `line ${i}\\n`).join(""))';
  const component = run(printing, line => {
    lines.push(line);
    begun();
    return reading;
  });
  const ended = vi.fn();
  void component.ended.then(ended);
  await begins;
  // Its output fits the pipe: it ends though nobody reads.
  await expect.poll(() => isAlive(Number(component.pid))).toBe(false);
  for (let minute = 0; minute < 10; minute++) await vi.advanceTimersByTimeAsync(60_000);
  expect([lines.length, ended.mock.calls.length]).toEqual([1, 0]);
  read();
  expect(await component.ended).toEqual({ code: 0 });
  expect(lines).toHaveLength(500);
  await vi.runOnlyPendingTimersAsync();
});

// Windows has neither signals nor process groups.
test.skipIf(IS_WINDOWS)('a process that another holds the pipes of has ended, also where that one prints for ever', async () => {
  const pids: string[] = [];
  const printing = `const { spawn } = require('node:child_process');
    const child = spawn(process.execPath, ['-e', 'for (;;) require("node:fs").writeSync(1, "x".repeat(9999) + "\\\\n")'], { detached: true, stdio: 'inherit' });
    console.log(child.pid);
    child.on('spawn', () => process.exit());`;
  const component = run(printing, line => {
    if (!line.startsWith('x')) pids.push(line);
    return undefined;
  });
  onTestFinished(() => void process.kill(Number(pids[0]), 'SIGKILL'));
  expect(await component.ended).toEqual({ code: 0 });
  expect(pids).toHaveLength(1);
});

test.skipIf(IS_WINDOWS)(
  'what a process has left behind, and has to be killed, is gone when its end is told, however short the grace',
  async () => {
    let left = 0;
    // The system takes its time with a process that has much memory.
    const leaving = `const { spawn } = require('node:child_process');
    const stubborn = "process.on('SIGTERM', () => {}); globalThis.kept = Buffer.alloc(2 ** 29, 1); setInterval(() => {}, 1e6); process.send('ready')";
    const child = spawn(process.execPath, ['-e', stubborn], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    child.on('message', () => {
      console.log(child.pid);
      process.exit();
    });`;
    const component = run(leaving, line => void (left = Number(line)), 0);
    expect(await component.ended).toEqual({ code: 0 });
    expect([left > 0, isAlive(left)]).toEqual([true, false]);
  },
);

test('a process that has ended leaves no timer behind, neither of its grace nor of its pipes', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const component = run('setInterval(() => {}, 1e6)', () => undefined, 3_600_000);
  const ended = component.stop('SIGKILL');
  expect(vi.getTimerCount()).toBe(1);
  // What is ended by force there has an exit code like any other.
  expect(await ended).toEqual(IS_WINDOWS ? { code: 1 } : { signal: 'SIGKILL' });
  expect(vi.getTimerCount()).toBe(0);
});

test('what the system refuses to start at all has ended, and says why', async () => {
  // More than the arguments of a process may have.
  const component = run('x'.repeat(2 ** 23), () => undefined);
  expect(await component.ended).toMatchObject({ failure: 'not-executable', reason: expect.stringMatching(/^spawn \S+/) as string });
  expect(component.pid).toBeUndefined();
  expect(await component.stop('SIGTERM')).toMatchObject({ failure: 'not-executable' });
});
