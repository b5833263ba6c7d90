/**
 * Uses the store in one folder, on a disk that fails in between, and prints what became of it as JSON.
 *
 * Arguments: the folder, the file that is there while the disk fails, and when that is: `storing`, `opening` or `handing-out`.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { Failed, InProcess } from './in-process.js';

const [folder = '', failing = '', when = 'storing'] = process.argv.slice(2);
const path = join(folder, 'outbox.sqlite');
const how = async (answer: Promise<unknown>): Promise<string> => {
  try {
    await answer;
    return 'done';
  } catch (error) {
    return error instanceof Failed ? error.reason : String(error);
  }
};
const whileItFails = async (what: () => Promise<unknown>): Promise<string> => {
  fs.writeFileSync(failing, '');
  const answer = await how(what());
  fs.rmSync(failing);
  return answer;
};
const told: string[] = [];
const store = new InProcess(path);
if (when === 'storing') {
  await store.open('first');
  told.push(await how(store.put(Array.from({ length: 40 }, (_, i) => `kept ${i} ${'x'.repeat(2_000)}`))));
  told.push(await whileItFails(() => store.put([`unknown ${'x'.repeat(20_000)}`])));
} else if (when === 'opening') told.push(await whileItFails(() => store.open('first')));
else {
  told.push(await how(store.open('first')));
  told.push(await whileItFails(() => store.takeAll()));
}
told.push(await how(store.put(['later'])));
told.push(await how(store.close()));
process.stdout.write(JSON.stringify(told));
