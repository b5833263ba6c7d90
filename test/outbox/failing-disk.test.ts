import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { InProcess } from './in-process.js';
import { ownFolder } from './stores.js';

const HERE = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const compiler = ['cc', 'gcc', 'clang'].find(name => spawnSync(name, ['--version']).status === 0);
const canFail = process.platform === 'linux' && compiler !== undefined;
if (!canFail) console.warn('Disks that fail are not tested: having system calls fail needs Linux and a C compiler.');

/** What is told of four things that are done, of which the second finds a disk that fails; and the folder. */
const onFailingDisk = (what: 'sync' | 'write'): { readonly told: unknown; readonly folder: string } => {
  const own = ownFolder();
  const library = join(own, 'fail.so');
  const made = spawnSync(compiler ?? 'cc', ['-shared', '-fPIC', '-O1', '-o', library, HERE('fail-syscalls.c'), '-ldl']);
  if (made.status !== 0) throw new Error(String(made.stderr));
  const folder = join(own, 'store');
  mkdirSync(folder);
  const failing = join(own, 'failing');
  const args = ['--no-warnings', '--import', HERE('../kit/process/typescript-loader.mjs'), HERE('failing-store.ts'), folder, failing];
  const env = { ...process.env, LD_PRELOAD: library, FAIL: what, FAIL_FOLDER: folder, FAIL_WHILE: failing };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, timeout: 15_000 });
  if (status !== 0) throw new Error(String(stderr));
  return { told: JSON.parse(String(stdout)), folder };
};

describe.runIf(canFail)('a disk that fails with EIO', () => {
  it.each(['sync', 'write'] as const)(
    'at a %s of SQLite: nothing more is told as stored, and what was told is there at the next start',
    async what => {
      const { told, folder } = onFailingDisk(what);
      expect(told).toEqual(['done', 'sync-failed', 'sync-failed', 'done']);
      const next = new InProcess(join(folder, 'outbox.sqlite'));
      await next.open('second');
      const { texts } = await next.takeAll();
      expect(texts.filter(text => text.startsWith('kept'))).toHaveLength(40);
      expect(texts.filter(text => text.startsWith('later'))).toEqual([]);
      await next.close();
    },
  );
});
