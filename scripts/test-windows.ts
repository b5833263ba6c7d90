/**
 * Runs `dev`, `pub`, `doctor`, `init` and a component on Windows, at a named pipe: on Windows itself, elsewhere by Wine (Debian: wine64, wine) with Node for Windows from npm. What Wine
 * says of itself goes nowhere; a start takes it a while.
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
  // Node does not take Wine's handles for a pipe of ours, nor Wine for a Windows that is new enough.
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
console.log(code === 0 ? '\nwindows: passed' : `\nwindows: failed with ${String(code)}`);
process.exitCode = code;
