import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { InProcess } from './in-process.js';
import { ownFolder } from './stores.js';
import { timeLimit } from '../../scripts/time-limit.js';

const HERE = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const compiler = ['cc', 'gcc', 'clang'].find(name => spawnSync(name, ['--version']).status === 0);
const canFail = process.platform === 'linux' && compiler !== undefined;
if (!canFail) console.warn('Disks that fail are not tested: having system calls fail needs Linux and a C compiler.');

interface Failing {
  readonly what: 'sync' | 'write' | 'read' | 'hang';
  /** The end of the name of the file that fails. */
  readonly file: string;
  /** Reads before this byte do not fail. */
  readonly from?: number;
  readonly when?: 'storing' | 'opening' | 'handing-out' | 'closing';
  /** What is on the disk before. */
  readonly prepare?: (folder: string) => Promise<void>;
}

/** Runs a program that uses a folder, on a disk that fails for it while a file is there that the program makes. */
const run = async ({ what, file, from = 0, when = 'storing', prepare }: Failing, program: string) => {
  const own = ownFolder();
  const library = join(own, 'fail.so');
  const made = spawnSync(compiler ?? 'cc', ['-shared', '-fPIC', '-O1', '-o', library, HERE('fail-syscalls.c'), '-ldl']);
  if (made.status !== 0) throw new Error(String(made.stderr));
  const folder = join(own, 'store');
  mkdirSync(folder);
  await prepare?.(folder);
  const failing = join(own, 'failing');
  const args = [
    '--no-warnings',
    '--import',
    new URL('../kit/process/typescript-loader.mjs', import.meta.url).href,
    HERE(program),
    folder,
    failing,
    when,
  ];
  const env = {
    ...process.env,
    LD_PRELOAD: library,
    FAIL: what,
    FAIL_FILE: file,
    FAIL_FROM: `${from}`,
    FAIL_FOLDER: folder,
    FAIL_WHILE: failing,
  };
  return { folder, failing, ...spawnSync(process.execPath, args, { env, timeout: timeLimit(), killSignal: 'SIGABRT' }) };
};

/** What is told of what is done, while a disk fails for some of it; and the folder. */
const onFailingDisk = async (how: Failing): Promise<{ readonly told: unknown; readonly folder: string }> => {
  const { folder, status, stdout, stderr } = await run(how, 'failing-store.ts');
  if (status !== 0) throw new Error(String(stderr));
  return { told: JSON.parse(String(stdout)), folder };
};

/** 20 messages in the database and 20 in its log, as a process leaves them that was killed. */
const filled = async (folder: string): Promise<void> => {
  const path = join(ownFolder(), 'outbox.sqlite');
  const texts = (from: number): readonly string[] => Array.from({ length: 20 }, (_, i) => `kept ${from + i} ${'x'.repeat(2_000)}`);
  const before = new InProcess(path);
  await before.open('before');
  await before.put(texts(0));
  await before.close();
  const store = new InProcess(path);
  await store.open('unused');
  await store.put(texts(20));
  for (const file of ['', '-wal', '-mark']) copyFileSync(path + file, join(folder, `outbox.sqlite${file}`));
  await store.close();
};

/** The same, with the beginning of the database overwritten and a log of nothing. */
const damaged = async (folder: string): Promise<void> => {
  await filled(folder);
  const path = join(folder, 'outbox.sqlite');
  const bytes = readFileSync(path);
  bytes.fill(0x55, 0, 100);
  writeFileSync(path, bytes);
  rmSync(`${path}-wal`);
};

/** What the next process finds when the disk is well again. */
const next = async (folder: string): Promise<{ readonly texts: readonly string[]; readonly lost: number }> => {
  const store = new InProcess(join(folder, 'outbox.sqlite'));
  const { lostToDamage } = await store.open('second');
  const { texts, damaged } = await store.takeAll();
  await store.close();
  return { texts, lost: lostToDamage + damaged };
};

const STORING = (['sync', 'write'] as const).flatMap(what => ['-wal', '-mark'].map(file => ({ what, file })));

const kept = (texts: readonly string[]): number => texts.filter(text => text.startsWith('kept')).length;

describe.runIf(canFail)('a disk that fails with EIO', () => {
  it.each(STORING)('at a $what of *$file: nothing more is told as stored, and what was told is there at the next start', async failing => {
    const { told, folder } = await onFailingDisk(failing);
    expect(told).toEqual(['done', 'sync-failed', 'sync-failed', 'done']);
    const { texts } = await next(folder);
    expect(kept(texts)).toBe(40);
    expect(texts.filter(text => text.startsWith('later'))).toEqual([]);
  });

  it.each([
    { file: 'sqlite', from: 0 },
    { file: '-wal', from: 0 },
    { file: '-mark', from: 0 },
    { file: 'sqlite', from: 4_096 },
    { file: '-wal', from: 4_096 },
  ])(
    'at a read when a file is opened, of *$file from byte $from on: says so, takes nothing for damaged, and has all when it can be read again',
    async failing => {
      const { told, folder } = await onFailingDisk({ what: 'read', ...failing, when: 'opening', prepare: filled });
      expect(told).toEqual(['unreadable', 'unusable', 'done']);
      expect(existsSync(join(folder, 'outbox.sqlite.damaged'))).toBe(false);
      const { texts, lost } = await next(folder);
      expect([kept(texts), lost]).toEqual([40, 0]);
    },
  );

  it('at a read while a damaged file is mended: says so, throws nothing away, and keeps what there is when it can be read again', async () => {
    const { told, folder } = await onFailingDisk({ what: 'read', file: '.salvage', from: 8_192, when: 'opening', prepare: damaged });
    expect(told).toEqual(['unreadable', 'unusable', 'done']);
    const well = join(ownFolder(), 'store');
    mkdirSync(well);
    await damaged(well);
    expect(await next(folder)).toEqual(await next(well));
  });

  // SQLite itself calls a page that cannot be read damaged.
  it('at a read when messages are handed out: takes nothing for damaged, and all are there at the next start', async () => {
    const { told, folder } = await onFailingDisk({ what: 'read', file: 'sqlite', when: 'handing-out', prepare: filled });
    expect(told).toEqual(['done', 'unreadable', 'unreadable', 'done']);
    expect(existsSync(join(folder, 'outbox.sqlite.damaged'))).toBe(false);
    const { texts, lost } = await next(folder);
    expect([kept(texts), lost]).toEqual([40, 0]);
  });
});

const HANGING = [
  { when: 'storing', file: '-wal', told: ['stored', 'sync-failed'] },
  { when: 'storing', file: '-mark', told: ['stored', 'sync-failed'] },
  { when: 'closing', file: 'sqlite', told: ['stored'] },
] as const;

describe.runIf(canFail)('a disk that does not return from a sync', () => {
  it.each(HANGING)(
    'of *$file while $when: each value has its outcome, the component and its process end, and what was told is there at the next start',
    async ({ told, ...hanging }) => {
      const { folder, failing, stdout, stderr, signal } = await run({ what: 'hang', ...hanging }, 'hanging-component.ts');
      expect(String(stderr)).toBe('');
      expect(JSON.parse(String(stdout))).toEqual({ told, reason: 'done' });
      // It was the disk that held its thread up to the end.
      expect({ signal, hangs: existsSync(failing) }).toEqual({ signal: 'SIGKILL', hangs: true });
      const { texts, lost } = await next(folder);
      expect({ first: texts[0], lost }).toEqual({ first: '1', lost: 0 });
    },
  );
});
