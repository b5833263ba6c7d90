/**
 * Runs `dev`, `pub`, `doctor`, `init` and a component over a named pipe: on Windows itself, or elsewhere in Wine (Debian: wine64, wine)
 * with Node for Windows from npm. Wine's own messages are not shown, and it takes a while to start.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { nodeBinary } from './node-binary.js';

const VERSION = '20.20.2';
const PROGRAM = 'test/package/on-windows.mjs';
const TIME_LIMIT = 10 * 60_000;

function underWine(): number {
  const folder = resolve('node_modules/.cache/wine');
  mkdirSync(folder, { recursive: true });
  const node = join(nodeBinary(VERSION, 'x64', 'win'), 'node.exe');
  // In Wine, Node cannot use a pipe of ours as its output, and finds the version of Windows too old.
  const out = join(folder, 'out.txt');
  const file = openSync(out, 'w');
  const env = {
    ...process.env,
    WINEPREFIX: join(folder, 'prefix'),
    WINEDEBUG: '-all',
    NODE_SKIP_PLATFORM_CHECK: '1',
    NODE_NO_WARNINGS: '1',
  };
  const { status, error } = spawnSync('wine', [node, PROGRAM], { env, stdio: ['ignore', file, file], timeout: TIME_LIMIT });
  closeSync(file);
  if (error !== undefined) throw new Error('Wine does not run. On Debian: apt-get install wine64 wine', { cause: error });
  console.log(readFileSync(out, 'utf8').trimEnd());
  return status ?? 1;
}

const code =
  process.platform === 'win32'
    ? (spawnSync(process.execPath, [PROGRAM], { stdio: 'inherit', timeout: TIME_LIMIT }).status ?? 1)
    : underWine();
console.log(code === 0 ? '\nwindows: passed' : `\nwindows: failed with ${code}`);
process.exitCode = code;
