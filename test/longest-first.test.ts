import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { LONGEST } from '../scripts/longest-files.js';

test('the files of tests that are run first are there', () => {
  expect(LONGEST.filter(file => !existsSync(file))).toEqual([]);
});
