/** A file of 5 000 lines, a nucleus that breaks the connection and then restarts: `node build/examples/file/main.js [classic|lite]`. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chosenProfile, localDevice } from '../local-device.js';
import fileUpload from './component.js';

const LINES = 5_000;
const folder = await mkdtemp(join(tmpdir(), 'upload-'));
const file = join(folder, 'readings.ndjson');
await writeFile(file, Array.from({ length: LINES }, (_, i) => `{"n":${i + 1}}\n`).join(''));
{
  await using device = await localDevice(fileUpload, { profile: chosenProfile(), config: { file } });
  const { nucleus } = device;
  /** How often the nucleus has accepted each line. */
  const accepted = new Map<string, number>();
  let publishes = 0;
  let restarted: Promise<void> | undefined;
  nucleus.observe(event => {
    if (event.kind !== 'published') return;
    const line = Buffer.from(event.payload).toString();
    accepted.set(line, (accepted.get(line) ?? 0) + 1);
    publishes++;
    if (publishes === 1_000 || publishes === 2_000) {
      console.log(`after ${publishes} publishes: the connection breaks`);
      nucleus.faults.killConnections();
    }
    if (publishes === 3_000) {
      console.log(`after ${publishes} publishes: the nucleus restarts, and issues other tokens`);
      restarted = nucleus.restart();
    }
  });

  await device.start();
  let outcome = await device.ended();
  while (outcome.restart) {
    console.log(`exit code ${outcome.code}: ${outcome.meaning}`);
    await restarted;
    await device.start();
    outcome = await device.ended();
  }
  console.log(`exit code ${outcome.code}: ${outcome.meaning}`);

  const again = [...accepted.values()].filter(times => times > 1).length;
  console.log(`${LINES} lines: ${accepted.size} accepted, ${again} of them more than once, ${LINES - accepted.size} never.`);
  if (accepted.size !== LINES) process.exitCode = 1;
}
await rm(folder, { recursive: true });
