/**
 * Stores in one folder, on a disk that fails in between, and prints what became of it as JSON.
 *
 * Arguments: the folder, and the file that is there while the disk fails.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { Failed, InProcess } from './in-process.js';

const [folder = '', failing = ''] = process.argv.slice(2);
const store = new InProcess(join(folder, 'outbox.sqlite'));
const how = async (answer: Promise<unknown>): Promise<string> => {
  try {
    await answer;
    return 'done';
  } catch (error) {
    return error instanceof Failed ? error.reason : String(error);
  }
};
const told: string[] = [];
await store.open('first');
told.push(await how(store.put(Array.from({ length: 40 }, (_, i) => `kept ${i} ${'x'.repeat(2_000)}`))));
fs.writeFileSync(failing, '');
told.push(await how(store.put([`unknown ${'x'.repeat(20_000)}`])));
fs.rmSync(failing);
told.push(await how(store.put(['later'])));
told.push(await how(store.close()));
process.stdout.write(JSON.stringify(told));
