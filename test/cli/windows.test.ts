import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { checkSocket } from '../../src/cli/doctor/run-doctor.js';
import { WindowsTree } from '../../src/cli/dev/process-group.js';
import { startable } from '../../src/cli/dev/supervised-process.js';
import { MAIN } from '../kit/process/run-cli.js';

test('the doctor asks a named pipe for no file, no mode and no short name', () => {
  expect(checkSocket(`\\\\.\\pipe\\NucleusNamedPipe-${'x'.repeat(150)}`)).toMatchObject({ check: 'socket', status: 'ok' });
});

test('on Windows dev starts greengrass-rx by Node, since what is on the path there is a shell script', () => {
  expect(startable(['greengrass-rx', 'run', 'dist/component.js'], 'win32')).toEqual([process.execPath, MAIN, 'run', 'dist/component.js']);
  expect(startable(['node', 'a.js'], 'win32')).toEqual(['node', 'a.js']);
  expect(startable(['greengrass-rx', 'run', 'a.js'], 'linux')).toEqual(['greengrass-rx', 'run', 'a.js']);
});

test('a process tree of Windows gets Ctrl-C by its console, and is ended by force by all else', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1e6)']);
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended: number[] = [];
  const tree = new WindowsTree(child.pid ?? 0, id => {
    ended.push(id);
    return process.kill(id, 'SIGKILL');
  });
  expect(tree.isGone).toBe(false);
  expect(tree.signal('SIGINT')).toBe(true);
  expect(ended).toEqual([]);
  const exit = once(child, 'exit');
  expect(tree.signal('SIGTERM')).toBe(true);
  await exit;
  expect(ended).toEqual([child.pid]);
  expect(tree.isGone).toBe(true);
  expect(tree.signal('SIGINT')).toBe(false);
});
