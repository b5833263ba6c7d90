import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { WholeFile } from '../../src/component/health.js';

it('a file that is removed while it is written is not there afterwards', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'health-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const errors: unknown[] = [];
  const file = new WholeFile(join(folder, 'health.json'), error => errors.push(error));
  file.write('{}\n');
  await file.remove();
  await file.settled();
  expect(await readdir(folder)).toEqual([]);
  expect(errors).toEqual([]);
});
