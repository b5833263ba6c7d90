/**
 * Stores and forwards in one folder, whose file system calls are recorded meanwhile. What is promised it writes into a file of its own
 * there, so that it stands in its place among them: `stored n`, `sent n`.
 *
 * Arguments: the folder, and the mistake to make, if any.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../../src/outbox/sqlite/database.js';
import { InProcess } from './in-process.js';

const [folder = '', mistake = 'none'] = process.argv.slice(2);
const promises = fs.openSync(join(folder, 'promises'), 'w');
const promise = (what: string, texts: readonly string[]): void => {
  fs.writeSync(promises, texts.map(text => `${what} ${text}\n`).join(''));
};
const PRAGMA: Readonly<Record<string, string>> = {
  'synchronous-off': 'PRAGMA synchronous=OFF',
  'synchronous-normal': 'PRAGMA synchronous=NORMAL',
  'journal-in-memory': 'PRAGMA journal_mode=MEMORY',
};
const store = new InProcess(
  join(folder, 'outbox.sqlite'),
  { maxBytes: 1 << 20 },
  {
    openDatabase: (...given) => {
      const tables = openDatabase(...given);
      const pragma = PRAGMA[mistake];
      if (pragma !== undefined) tables.database.exec(pragma);
      return tables;
    },
  },
);
await store.open('first');
let next = 0;
for (let round = 0; round < 40; round++) {
  const texts = Array.from({ length: 1 + (round % 7) }, () => `${next++} ${'x'.repeat((next * 97) % 700)}`);
  if (mistake === 'told-before-the-commit') promise('stored', texts);
  await store.put(texts);
  if (mistake !== 'told-before-the-commit') promise('stored', texts);
  if (round % 4 !== 3) continue;
  const taken = await store.takeAll();
  const some = taken.places.slice(0, 5);
  if (mistake !== 'deleted-before-it-was-sent') promise('sent', taken.texts.slice(0, 5));
  await store.settle(taken.places.map((place, i) => (i < 5 ? { place, fate: 'forwarded' } : { place, fate: 'handedBack' })));
  if (mistake === 'deleted-before-it-was-sent') promise('sent', taken.texts.slice(0, some.length));
}
await store.close();
