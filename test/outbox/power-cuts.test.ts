import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Call, Disk, readCalls } from './disk.js';
import { InProcess } from './in-process.js';
import { at } from './samples.js';
import { ownFolder } from './stores.js';
import { timeLimit } from '../../scripts/time-limit.js';

/** Cuts of the sound store; a long run: `CUTS=10000`. */
const CUTS = Number(process.env['CUTS'] ?? 150);
const HERE = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

const compiler = ['cc', 'gcc', 'clang'].find(name => spawnSync(name, ['--version']).status === 0);
const canRecord = process.platform === 'linux' && compiler !== undefined;
if (!canRecord) console.warn('Power cuts are not tested: recording file system calls needs Linux and a C compiler.');

const randomOf = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
};

let recorder: string | undefined;
const recorderIn = (folder: string): string => {
  const made = join(folder, 'record.so');
  const { status, stderr } = spawnSync(compiler ?? 'cc', [
    '-shared',
    '-fPIC',
    '-O1',
    '-o',
    made,
    HERE('record-syscalls.c'),
    '-ldl',
    '-lpthread',
  ]);
  if (status !== 0) throw new Error(String(stderr));
  return made;
};

/** What a store does to its files, with the promises it makes, in their order. */
const record = (mistake: string): readonly Call[] => {
  const folder = ownFolder();
  const store = join(folder, 'store');
  mkdirSync(store);
  recorder = recorderIn(folder);
  const args = [
    '--no-warnings',
    '--import',
    new URL('../kit/process/typescript-loader.mjs', import.meta.url).href,
    HERE('recorded-store.ts'),
    store,
    mistake,
  ];
  const env = { ...process.env, LD_PRELOAD: recorder, RECORD_FOLDER: store, RECORD_TO: join(folder, 'calls') };
  const { status, stderr } = spawnSync(process.execPath, args, { env, timeout: timeLimit() });
  if (status !== 0) throw new Error(String(stderr));
  return readCalls(readFileSync(join(folder, 'calls')));
};

/** The disk and the promises, as far as the recorded calls have come. */
class Replay {
  readonly disk = new Disk();
  readonly stored = new Set<string>();
  readonly sent = new Set<string>();
  private readonly calls: readonly Call[];
  private at = 0;

  constructor(calls: readonly Call[]) {
    this.calls = calls;
  }

  to(after: number): void {
    for (; this.at < after; this.at++) {
      const call = this.calls[this.at];
      if (call === undefined) return;
      if (call.name !== 'promises') this.disk.do(call);
      else if (call.what === 'write')
        for (const line of call.bytes.toString().trimEnd().split('\n')) {
          const [what = '', number = ''] = line.split(' ');
          (what === 'stored' ? this.stored : this.sent).add(number);
        }
    }
  }
}

/** Opens what a power cut left. Says what is wrong then. */
const opened = async ({ stored, sent }: Replay, left: ReadonlyMap<string, Buffer>, folder: string) => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, content] of left) writeFileSync(join(folder, name), content);
  const store = new InProcess(join(folder, 'outbox.sqlite'));
  const { lostToDamage } = await store.open('second', at(1));
  const { texts, damaged } = await store.takeAll(at(1));
  await store.close();
  const there = new Set(texts.map(text => text.split(' ')[0] ?? ''));
  return { missing: [...stored].filter(number => !there.has(number) && !sent.has(number)), told: lostToDamage + damaged };
};

/** Cuts the power so often; a mistake need be found once. */
const cuts = async (
  calls: readonly Call[],
  count: number,
  untilFound: boolean,
  tamper: (left: Map<string, Buffer>) => void = () => undefined,
) => {
  const folder = join(ownFolder(), 'cut');
  const random = randomOf(7);
  const replay = new Replay(calls);
  let bad = 0;
  const wrong: string[] = [];
  for (let i = 0; i < count && !(untilFound && bad > 0); i++) {
    const after = Math.floor(((i + random()) / count) * calls.length) + 1;
    replay.to(after);
    const left = new Map(replay.disk.cut(random));
    tamper(left);
    let found;
    try {
      found = await opened(replay, left, folder);
    } catch (error) {
      bad++;
      wrong.push(`after ${after}: ${String(error)}`);
      continue;
    }
    if (found.missing.length > 0 || found.told > 0) {
      bad++;
      wrong.push(`after ${after}: ${found.missing.length} missing, ${found.told} told`);
    }
  }
  return { bad, promised: replay.stored.size, wrong };
};

const without = (calls: readonly Call[], name: string): readonly Call[] =>
  calls.filter(call => !(call.what === 'sync' && call.name === name));

describe.runIf(canRecord)('power cuts', () => {
  it(
    'take nothing that was told as stored, wherever they come, and what is left is whole',
    async () => {
      const calls = record('none');
      expect(calls.filter(({ what }) => what === 'sync').length).toBeGreaterThan(80);
      const { wrong, promised } = await cuts(calls, CUTS, false);
      expect(wrong).toEqual([]);
      expect(promised).toBeGreaterThan(120);
    },
    timeLimit(CUTS * 200),
  );

  it.each(['told-before-the-commit', 'synchronous-off', 'synchronous-normal', 'journal-in-memory', 'deleted-before-it-was-sent'])(
    'find this mistake of a store: %s',
    async mistake => {
      expect((await cuts(record(mistake), 60, true)).bad).toBeGreaterThan(0);
    },
  );

  it.each(['outbox.sqlite', 'outbox.sqlite-wal'])('find a disk that does not sync %s', async name => {
    expect((await cuts(without(record('none'), name), 60, true)).bad).toBeGreaterThan(0);
  });

  it('find a log that was left behind', async () => {
    expect((await cuts(record('none'), 60, true, left => void left.delete('outbox.sqlite-wal'))).bad).toBeGreaterThan(0);
  });
});

describe('the disk of these tests', () => {
  const write = (offset: number, text: string): Call => ({ what: 'write', name: 'f', offset, bytes: Buffer.from(text) });
  const call = (what: Call['what'], name = 'f'): Call => ({ what, name, offset: 0, bytes: Buffer.alloc(0) });

  it('keeps what was synced, and loses or keeps the rest by chance, sector by sector', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const disk = new Disk();
      for (const next of [call('create'), write(0, 'a'.repeat(1_024)), call('sync'), call('sync', '.'), write(0, 'b'.repeat(1_024))])
        disk.do(next);
      const content =
        disk
          .cut(randomOf(seed * 7_919))
          .get('f')
          ?.toString() ?? 'gone';
      seen.add(`${content[0]}${content[600]}`);
    }
    expect([...seen].sort()).toEqual(['aa', 'ab', 'ba', 'bb']);
  });

  it('may lose a name whose folder was not synced, and bring one back that was removed', () => {
    const found = new Set<string>();
    for (let seed = 0; seed < 50; seed++) {
      const disk = new Disk();
      for (const next of [call('create', 'old'), call('sync', '.'), call('unlink', 'old'), call('create', 'new'), call('sync', 'new')])
        disk.do(next);
      found.add([...disk.cut(randomOf(seed * 7_919)).keys()].sort().join(' '));
    }
    expect([...found].sort()).toEqual(['', 'new', 'new old', 'old']);
  });
});
