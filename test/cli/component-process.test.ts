import { expect, onTestFinished, test, vi } from 'vitest';
import { ComponentProcess, type TakeLine } from '../../src/cli/dev/component-process.js';

/** Runs a program of Node's; its lines on stdout go to `take`. */
function run(program: string, take: TakeLine): ComponentProcess {
  const component = new ComponentProcess({
    command: [process.execPath, '-e', program],
    env: process.env,
    onLine: stream => (stream === 'stdout' ? take : () => undefined),
    onKill: () => undefined,
    grace: 10_000,
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
  const component = run('for (let i = 0; i < 3000; i++) console.log("line", i)', line => {
    lines.push(line);
    begun();
    return reading;
  });
  const ended = vi.fn();
  void component.ended.then(ended);
  await begins;
  // Its output fits the pipe: it ends though nobody reads.
  await expect.poll(() => isGone(component.pid)).toBe(true);
  for (let minute = 0; minute < 10; minute++) await vi.advanceTimersByTimeAsync(60_000);
  expect([lines.length, ended.mock.calls.length]).toEqual([1, 0]);
  read();
  expect(await component.ended).toEqual({ code: 0 });
  expect(lines).toHaveLength(3_000);
  await vi.runOnlyPendingTimersAsync();
});

test('a process that another holds the pipes of has ended, also where that one prints for ever', async () => {
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

function isGone(pid: number | undefined): boolean {
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch {
    return true;
  }
}
