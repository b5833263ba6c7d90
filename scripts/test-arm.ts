/**
 * Runs the unit and the contract tests, and those of the outbox, under a Node for ARM: on another processor by emulation, with qemu.
 *
 * - `npm run test:arm` is for 64 bits, with a Node from npm. On Debian it needs
 *   `apt-get install qemu-user libc6-arm64-cross libstdc++6-arm64-cross libatomic1-arm64-cross`.
 * - `npm run test:arm -- --armv7` is for 32 bits, with Debian's Node, as npm has no new enough one. Of the suites of Debian, `trixie` has
 *   Node 20, `--armv7=forky` Node 24, which has `node:sqlite`: only there do the outbox's tests run. It needs `apt-get install qemu-user`.
 *
 * What follows goes to vitest: `npm run test:arm -- test/ipc test/flow` runs some of them.
 *
 * vitest itself, and what compiles the tests, run on this machine's processor; the tests, and every process that they start, run on ARM.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { debianNode } from './debian-node.js';
import { nodeBinary } from './node-binary.js';
import { rolldownFor } from './rolldown-for.js';

const VERSION = '24.21.0';
const LIBRARIES = '/usr/aarch64-linux-gnu';

const ARGS = process.argv.slice(2);
const ARMV7 = /^--armv7(?:=(?<suite>[a-z]+))?$/.exec(ARGS[0] ?? '');
const TESTS = ARMV7 === null ? ARGS : ARGS.slice(1);

/**
 * Tests that are not run under emulation. That which is bundled by other tests is bundled by ARM's rolldown; on a machine of that processor
 * nothing is left out.
 */
const LEFT_OUT = [
  // Each starts a process of aws-crt, which takes minutes. The contract tests run its transport.
  'test/ipc/crt/**',
  // They compile, for this machine's processor, what changes the system calls of a disk.
  'test/outbox/power-cuts.test.ts',
  'test/outbox/failing-disk.test.ts',
  // About what is installed, built and typed, which knows no processor. They start many processes, of compilers too.
  'test/package/**',
  'test/examples/**',
  'test/eslint/**',
  'test/cli/build.test.ts',
  'test/cli/derived-recipe.test.ts',
  // About a terminal, which the program that gives one has from this machine.
  'test/cli/terminal.test.ts',
];

interface Emulation {
  readonly qemu: string;
  /** Where the libraries of that system are. */
  readonly root: string;
  readonly binary: string;
  /** What rolldown calls that system. */
  readonly bundler: string;
}

/** A program that behaves as Node for ARM. The tests start it as `node`, so all that they start is on ARM too. */
function emulated(name: string, { qemu, root, binary, bundler }: Emulation): string {
  const folder = resolve('node_modules/.cache', name);
  mkdirSync(folder, { recursive: true });
  const program = join(folder, 'node');
  const preload = join(folder, 'preload.mjs');
  // NODE_PATH has been read by then: tests that look at the environment do not see it.
  writeFileSync(preload, `process.execPath = ${JSON.stringify(program)};\ndelete process.env.NODE_PATH;\n`);
  const node = `${qemu} -L "${root}" "${binary}" --import "${pathToFileURL(preload).href}"`;
  writeFileSync(program, `#!/bin/sh\nNODE_PATH="${rolldownFor(bundler)}" exec ${node} "$@"\n`);
  chmodSync(program, 0o755);
  return program;
}

function armv7(suite: string): string {
  const root = debianNode(suite);
  return emulated(`armv7-${suite}`, { qemu: 'qemu-arm', root, binary: join(root, 'usr/bin/node'), bundler: 'linux-arm-gnueabihf' });
}

function arm64(): string {
  const binary = join(nodeBinary(VERSION, 'arm64'), 'node');
  return emulated('arm64', { qemu: 'qemu-aarch64', root: LIBRARIES, binary, bundler: 'linux-arm64-gnu' });
}

const isHere = process.arch === (ARMV7 === null ? 'arm64' : 'arm');
const node = isHere ? process.execPath : ARMV7 === null ? arm64() : armv7(ARMV7.groups?.['suite'] ?? 'trixie');
const about = 'console.log(process.version, process.arch, require("node:module").isBuiltin("node:sqlite"))';
const { stdout, status, error } = spawnSync(node, ['-e', about], { encoding: 'utf8' });
if (status !== 0) throw error ?? new Error('Node for ARM does not start. The head of scripts/test-arm.ts has what must be installed.');
const [version, arch, hasSqlite] = stdout.trim().split(' ');
console.log(`=== Node ${version}, ${arch}${isHere ? '' : ', emulated'}`);

// There is no aws-crt for 32 bits.
const names = ARMV7 === null ? [] : ['--testNamePattern', '^(?!.*\\bcrt\\b)'];
const out = isHere ? [] : LEFT_OUT.flatMap(pattern => ['--exclude', pattern]);
const projects = ['unit', 'contract', ...(hasSqlite === 'true' ? ['outbox'] : [])].flatMap(project => ['--project', project]);
const run = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...projects, ...out, ...names, ...TESTS], {
  env: isHere ? process.env : { ...process.env, TEST_NODE: node },
  stdio: 'inherit',
});
process.exitCode = run.status ?? 1;
