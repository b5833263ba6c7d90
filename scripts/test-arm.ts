/**
 * Runs the unit and the contract tests, and those of the outbox, under a Node for 64-bit ARM: on another processor by emulation, with qemu
 * (Debian: qemu-user, and for the libraries of ARM libc6-arm64-cross, libstdc++6-arm64-cross and libatomic1-arm64-cross).
 * `npm run test:arm -- test/ipc test/flow` runs some of them.
 *
 * For 32 bits (armv7) there is no new enough Node on npm, but Debian has one: `ARMV7_ROOT=folder npm run test:arm -- test/codec`, where the
 * folder has Debian's packages of `nodejs` for armhf and of what that needs unpacked in it (`apt-get download`, `dpkg-deb -x`), and a link
 * `lib` to `usr/lib`. It has no aws-crt and that Node no `node:sqlite`, so all that is about those is left out.
 *
 * vitest itself, and what compiles the tests, run on this machine's processor; the tests, and every process that they start, run on ARM.
 * Bundlers have native parts for the machine that they were installed on, so the tests that build packages are left out.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nodeBinary } from './node-binary.js';

const VERSION = '24.21.0';
const LIBRARIES = '/usr/aarch64-linux-gnu';
const { ARMV7_ROOT } = process.env;

/**
 * Tests that cannot run under emulation, and have nothing to do with our code on ARM: those of bundlers and compilers of this machine (some
 * tests of the outbox compile what changes the system calls of a disk), those of terminals, and those that give a process with aws-crt a
 * few seconds: here it takes a minute to load. The contract tests run its transport.
 */
const LEFT_OUT = [
  'test/ipc/crt/**',
  'test/cli/build.test.ts',
  'test/cli/derived-recipe.test.ts',
  'test/cli/terminal.test.ts',
  'test/package/**',
  'test/examples/**',
  'test/eslint/**',
  'test/outbox/power-cuts.test.ts',
  'test/outbox/failing-disk.test.ts',
];

/** A program that behaves as Node for ARM. The tests start it as `node`, so all that they start is on ARM too. */
function emulatedNode(): string {
  const folder = resolve('node_modules/.cache', ARMV7_ROOT === undefined ? 'arm64' : 'armv7');
  mkdirSync(folder, { recursive: true });
  const program = join(folder, 'node');
  const preload = join(folder, 'exec-path.mjs');
  writeFileSync(preload, `process.execPath = ${JSON.stringify(program)};\n`);
  const qemu =
    ARMV7_ROOT === undefined
      ? `qemu-aarch64 -L ${LIBRARIES} "${join(nodeBinary(VERSION, 'arm64'), 'node')}"`
      : `qemu-arm -L "${resolve(ARMV7_ROOT)}" "${resolve(ARMV7_ROOT, 'usr/bin/node')}"`;
  writeFileSync(program, `#!/bin/sh\nexec ${qemu} --import "${pathToFileURL(preload).href}" "$@"\n`);
  chmodSync(program, 0o755);
  return program;
}

const isHere = process.arch === 'arm64';
const node = isHere ? process.execPath : emulatedNode();
const { stdout, status, error } = spawnSync(node, ['-p', 'process.version + " " + process.arch'], { encoding: 'utf8' });
if (status !== 0)
  throw error ?? new Error('Node for ARM does not start. On Debian: apt-get install qemu-user lib{c6,stdc++6,atomic1}-arm64-cross');
console.log(`=== Node ${stdout.trim()}${isHere ? '' : ', emulated'}`);

// The contract's 10,000 publishes have a minute, and take longer here.
const names = ARMV7_ROOT === undefined ? '^(?!.*10,000 publishes)' : '^(?!.*(10,000 publishes|\\bcrt\\b))';
const out = isHere ? [] : [...LEFT_OUT.flatMap(pattern => ['--exclude', pattern]), '--testNamePattern', names];
const projects = ['unit', 'contract', ...(ARMV7_ROOT === undefined ? ['outbox'] : [])].flatMap(project => ['--project', project]);
const run = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...projects, ...out, ...process.argv.slice(2)], {
  env: isHere ? process.env : { ...process.env, TEST_NODE: node },
  stdio: 'inherit',
});
process.exitCode = run.status ?? 1;
