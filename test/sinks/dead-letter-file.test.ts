import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { range, from, map, of } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { publishTo } from '../../src/flow/index.js';
import { connect } from '../../src/client/connect.js';
import { QOS } from '../../src/shared/qos.js';
import { deadLetterFile, deadLetterTo, type DeadLetter } from '../../src/sinks/index.js';
import { COMPONENT, start } from '../kit/nucleus/nuclei.js';
import { IS_WINDOWS } from '../kit/process/platform.js';
import { collected } from '../kit/streams/collected.js';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ggrx-letters-'));
  path = join(folder, 'letters.ndjson');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const letter = (original: unknown): DeadLetter => ({ at: 1, tag: 'T', reason: 'because', attempts: 1, outcome: 'refused', original });
const lettersIn = async (file: string): Promise<DeadLetter[]> =>
  (await readFile(file, 'utf8'))
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line) as DeadLetter);
const originalsIn = async (file: string): Promise<unknown[]> => (await lettersIn(file)).map(({ original }) => original);

/** Windows has more than one word for it. */
const FOLDER_IN_THE_WAY: unknown = IS_WINDOWS ? expect.any(String) : 'EISDIR';

describe('deadLetterFile', () => {
  it('writes each letter as one line, in order, and says so', async () => {
    const seen = await collected(range(1, 200).pipe(map(letter), deadLetterFile(path)));
    expect(seen).toHaveLength(200);
    expect(seen[0]).toEqual({ _tag: 'Right', right: { letter: letter(1), path } });
    expect(await lettersIn(path)).toEqual(Array.from({ length: 200 }, (_, i) => letter(i + 1)));
  });

  // Files of Windows have no modes.
  it.skipIf(IS_WINDOWS)('makes a file that its own user alone can read: originals may be nobody else’s business', async () => {
    await collected(range(1, 3).pipe(map(letter), deadLetterFile(path, { maxBytes: 200 })));
    for (const file of [path, `${path}.1`]) expect((await stat(file)).mode & 0o077).toBe(0);
  });

  it('appends to what is there', async () => {
    await collected(of(letter('a')).pipe(deadLetterFile(path)));
    await collected(of(letter('b')).pipe(deadLetterFile(path, { flush: true })));
    expect(await originalsIn(path)).toEqual(['a', 'b']);
  });

  it('writes bytes as base64, wherever they stand and whatever larger buffer they lie in', async () => {
    const payload = Buffer.from('xxhelloxx').subarray(2, 7);
    await collected(of(letter({ payload, more: [new Uint8Array([1, 2])] }), letter(payload)).pipe(deadLetterFile(path)));
    expect(await originalsIn(path)).toEqual([{ payload: 'aGVsbG8=', more: ['AQI='] }, 'aGVsbG8=']);
  });

  it('keeps what JSON has no form for: a bigint as a string, a cycle as text', async () => {
    const cycle: { name: string; self?: unknown } = { name: 'knot' };
    cycle.self = cycle;
    await collected(of(letter({ n: 12n, m: 1 }), letter(cycle)).pipe(deadLetterFile(path)));
    const [big, knot] = await lettersIn(path);
    expect(big).toEqual(letter({ n: '12', m: 1 }));
    expect(knot).toEqual(letter("<ref *1> { name: 'knot', self: [Circular *1] }"));
  });

  it('never exceeds two files of maxBytes, and keeps the latest letters', async () => {
    const maxBytes = 1_000;
    await collected(range(1, 300).pipe(map(letter), deadLetterFile(path, { maxBytes })));
    const kept = [...(await originalsIn(`${path}.1`)), ...(await originalsIn(path))];
    expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => 300 - kept.length + 1 + i));
    expect((await stat(path)).size).toBeLessThanOrEqual(maxBytes);
    expect((await stat(`${path}.1`)).size).toBeLessThanOrEqual(maxBytes);
    expect((await stat(`${path}.1`)).size).toBeGreaterThan(maxBytes - 100);
    expect(existsSync(`${path}.2`)).toBe(false);
  });

  it('gives a letter that is larger than maxBytes a file for itself', async () => {
    await collected(from([letter('a'), letter('b'.repeat(500)), letter('c')]).pipe(deadLetterFile(path, { maxBytes: 200 })));
    expect(await originalsIn(`${path}.1`)).toEqual(['b'.repeat(500)]);
    expect(await originalsIn(path)).toEqual(['c']);
  });

  it('loses no letter when several streams share a path and the file moves on', async () => {
    // There is room for all in two files: unless two that find the first one full both move it, the second time over the first.
    const maxBytes = 50 * (JSON.stringify(letter('s9-99')).length + 1);
    const stream = (name: number): Promise<unknown> =>
      collected(
        range(10, 10).pipe(
          map(n => letter(`s${name}-${n}`)),
          deadLetterFile(path, { maxBytes }),
        ),
      );
    await Promise.all([1, 2, 3, 4, 5, 6, 7, 8, 9].map(stream));
    const kept = [...(await originalsIn(`${path}.1`)), ...(await originalsIn(path))];
    expect(kept).toHaveLength(90);
    expect(new Set(kept).size).toBe(90);
  });

  it('begins a line of its own after one that was cut short', async () => {
    await writeFile(path, '{"at":1,"tag":"T","rea');
    await collected(of(letter('whole')).pipe(deadLetterFile(path)));
    const [torn, whole] = (await readFile(path, 'utf8')).split('\n');
    expect(torn).toBe('{"at":1,"tag":"T","rea');
    expect(JSON.parse(whole ?? '')).toEqual(letter('whole'));
  });

  it('gives a letter that cannot be written back, and goes on', async () => {
    await mkdir(path);
    const seen = await collected(of(letter('a'), letter('b')).pipe(deadLetterFile(path)));
    expect(seen).toMatchObject([
      { left: { _tag: 'DeadLetterLost', kind: 'message', path, letter: letter('a'), cause: { code: FOLDER_IN_THE_WAY } } },
      { left: { letter: letter('b') } },
    ]);
    const nowhere = join(folder, 'not', 'there');
    expect(await collected(of(letter('a')).pipe(deadLetterFile(nowhere)))).toMatchObject([{ left: { cause: { code: 'ENOENT' } } }]);
  });

  it.runIf(existsSync('/dev/full'))('gives a letter back for which the disk has no room', async () => {
    expect(await collected(of(letter('a')).pipe(deadLetterFile('/dev/full')))).toMatchObject([
      { left: { _tag: 'DeadLetterLost', letter: letter('a'), cause: { code: 'ENOSPC' } } },
    ]);
  });

  it('gives a letter back that nothing can read', async () => {
    const hostile = new Proxy({}, { ownKeys: () => { throw new Error('no keys'); }, get: () => { throw new Error('no members'); } }); // prettier-ignore
    expect(await collected(of(letter(hostile), letter('b')).pipe(deadLetterFile(path)))).toHaveLength(2);
    expect((await originalsIn(path)).at(-1)).toBe('b');
  });

  it('lets a bounded number wait for the disk, and counts the others', async () => {
    const seen = await collected(range(1, 10).pipe(map(letter), deadLetterFile(path, { messages: 3 })));
    expect(seen[0]).toMatchObject({ left: { _tag: 'Overflowed', messages: 6 } });
    expect(await originalsIn(path)).toEqual([1, 8, 9, 10]);
  });

  it('refuses a bound that is none', () => {
    expect(() => deadLetterFile(path, { maxBytes: 0 })).toThrow(RangeError);
    expect(() => deadLetterFile(path, { maxBytes: Number.NaN })).toThrow(RangeError);
  });

  it('keeps what a real nucleus refused', async () => {
    await using nucleus = await start('classic');
    await using proxy = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(COMPONENT) });
    const outcomes$ = of('forbidden/a', 'test/b', 'forbidden/c').pipe(
      publishTo(proxy, topicName => ({ topicName, payload: 'x', qos: QOS.AT_LEAST_ONCE }), { inFlight: 1 }),
      deadLetterTo(deadLetterFile(path)),
    );
    expect(await collected(outcomes$)).toHaveLength(3);
    expect(await lettersIn(path)).toMatchObject([
      { tag: 'Unauthorized', attempts: 1, outcome: 'refused', original: 'forbidden/a' },
      { tag: 'Unauthorized', original: 'forbidden/c' },
    ]);
  });
});
