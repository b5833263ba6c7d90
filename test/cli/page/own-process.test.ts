import { expect, test } from 'vitest';
import { runOwn } from '../../../src/cli/page/own-process.js';

test('a command for the page that takes too long is killed, and its time limit is said', async () => {
  const { signal } = new AbortController();
  await expect(runOwn(['doctor'], { within: 1, maxBytes: 1_000, signal })).rejects.toThrow(/^it took longer than 0\.001 s$/);
});
