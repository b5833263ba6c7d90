/** An oven, and a spool that is full for a part of the day: `node build/examples/alarm/main.js [classic|lite]`. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chosenProfile, localDevice } from '../local-device.js';
import heatAlarm from './component.js';

const folder = await mkdtemp(join(tmpdir(), 'alarm-'));
const letters = join(folder, 'dead-letters.ndjson');
{
  await using device = await localDevice(heatAlarm, { profile: chosenProfile(), config: { letters } });
  const { nucleus } = device;
  const measure = (...payloads: readonly unknown[]): void => {
    for (const payload of payloads) nucleus.publish({ topicName: 'sensors/oven/temperature', payload: JSON.stringify(payload), qos: 1 });
  };
  await device.start();

  // Around the limit: one alarm and not three.
  measure({ celsius: 70 }, { celsius: 81 }, { celsius: 79.5 }, { celsius: 80.5 }, { celsius: 78 });
  measure({ fahrenheit: 172 });
  await device.arrived(2);

  // Two alarms, each tried three times.
  const full = nucleus.faults.spoolFull();
  const refused = device.next('failed', 6);
  measure({ celsius: 74 }, { celsius: 90 });
  await refused;
  full.undo();

  measure({ celsius: 71 });
  for (const { topicName, payload } of await device.arrived(3)) console.log(topicName, payload);
  const { code, meaning } = await device.stop();
  console.log(`Exit code ${code}: ${meaning}`);
}
console.log('\nDead letters:');
for (const line of (await readFile(letters, 'utf8')).trim().split('\n')) console.log(line);
await rm(folder, { recursive: true });
