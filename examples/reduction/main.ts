/**
 * A year of real weather, three readings an hour, and what is left of it to publish: `npm run reduction`.
 *
 * Changes go through a deadband; each day is a window of event time with percentiles; both are batched under the 5 KB that IoT Core meters
 * as one message.
 */
import { readFile } from 'node:fs/promises';
import { ledger, ndjson, type StageAccount } from 'greengrass-rx';
import { E, t } from 'greengrass-rx/fp';
import { Meter, savings } from 'greengrass-rx/operators';
import { filter, firstValueFrom, timeout } from 'rxjs';
import { chosenProfile, localDevice } from '../local-device.js';
import weatherReduction from './component.js';
import { Day, Reading, TOPIC } from './pipeline.js';

const QUANTITIES = ['temperature', 'pressure', 'wind'] as const;
const [before, after] = [new Meter(), new Meter()];

const readings = await readReadings();
await using device = await localDevice(weatherReduction, { profile: chosenProfile() });
await device.start();
for (const { quantity, at, value } of readings) {
  const message = { topicName: TOPIC.build({ quantity }), payload: JSON.stringify({ at, value }) };
  before.add(message);
  device.nucleus.publish({ ...message, qos: 1 });
}
await firstValueFrom(
  ledger.observe(20).pipe(
    filter(() => account('subscription').received.messages >= readings.length),
    timeout(120_000),
  ),
);
// As on a device when the component is stopped: the last day and the last batch go out.
await device.stop();

/** The cloud's side: what the messages say. */
const batches = ndjson(t.union([Day, Reading]));
const values = (await device.arrived(account('publishTo').emitted.messages)).flatMap(message => {
  after.add(message);
  const decoded = batches.decode({ ...message, payload: Buffer.from(message.payload) });
  if (E.isLeft(decoded)) throw new Error(`The cloud cannot read this: ${decoded.left.problems.join('; ')}`);
  return decoded.right;
});
const days = values.filter(Day.is);

const whole = (n: number): string => n.toLocaleString('en-US').replaceAll(',', ' ');
console.log(
  `${whole(readings.length)} readings: ${whole(values.length - days.length)} changes and ${whole(days.length)} days are worth publishing.`,
);
for (const quantity of QUANTITIES) {
  // Of equal days the first by date, not by arrival: a batch that was refused arrives after later ones.
  const [highest] = days.filter(day => day.quantity === quantity).sort((a, b) => b.p95 - a.p95 || a.day.localeCompare(b.day));
  if (highest === undefined) continue;
  const { day, n, min, p05, median, p95, max, mean } = highest;
  const numbers = Object.entries({ min, p05, median, mean, p95, max }).map(([name, number]) => `${name} ${number.toFixed(1)}`);
  console.log(`Highest ${quantity}: ${day}, ${n} readings, ${numbers.join(', ')}`);
}
console.log(`${savings(before.reading, after.reading).text}.`);

function account(kind: StageAccount['kind']): StageAccount {
  const found = ledger.snapshot().stages.find(stage => stage.kind === kind);
  if (found === undefined) throw new Error(`The component has no ${kind}.`);
  return found;
}

async function readReadings(): Promise<Reading[]> {
  // The package exports its code only; the data lies in its folder. Programs run from the project's own.
  const file = 'node_modules/vega-datasets/data/seattle-weather-hourly-normals.csv';
  const [head = '', ...lines] = (await readFile(file, 'utf8')).trim().split('\n');
  const names = head.split(',');
  return lines.flatMap(line => {
    const cells = Object.fromEntries(line.split(',').map((cell, i) => [names[i] ?? '', cell]));
    // Days are those of Seattle: its hours are taken as they are.
    return QUANTITIES.map(quantity => ({ quantity, at: Date.parse(`${cells['date'] ?? ''}Z`), value: Number(cells[quantity]) }));
  });
}
