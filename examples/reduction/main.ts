/**
 * A year of real weather, three readings an hour, and what is left of it to publish: `npm run reduction`.
 *
 * Changes go through a deadband; each day is a window of event time with percentiles; both are batched under the 5 KB that IoT Core meters as one message.
 */
import { readFile } from 'node:fs/promises';
import { ndjson } from 'greengrass-rx';
import { E, t } from 'greengrass-rx/fp';
import { Meter, savings } from 'greengrass-rx/operators';
import { from } from 'rxjs';
import { BATCH_TOPIC, Day, Reading, reduction, single } from './reduction-pipeline.js';

const QUANTITIES = ['temperature', 'pressure', 'wind'] as const;
const [before, after] = [new Meter(), new Meter()];
const days: Day[] = [];
let changes = 0;
let late = 0;

/** The cloud's side: what the messages say. */
const batches = ndjson(t.union([Day, Reading]));

const readings = await readReadings();
from(readings)
  .pipe(before.count(single), reduction)
  .subscribe(outcome => {
    if (E.isLeft(outcome)) {
      late++;
      console.error(outcome.left.message);
      return;
    }
    const { payload } = outcome.right;
    after.add({ topicName: BATCH_TOPIC, payload });
    const decoded = batches.decode({ topicName: BATCH_TOPIC, payload: typeof payload === 'string' ? Buffer.from(payload) : payload });
    if (E.isLeft(decoded)) throw new Error(`The cloud cannot read this: ${decoded.left.problems.join('; ')}`);
    for (const value of decoded.right) {
      if ('day' in value) days.push(value);
      else changes++;
    }
  });

const whole = (n: number): string => n.toLocaleString('en-US').replaceAll(',', ' ');
console.log(
  `${whole(readings.length)} readings: ${whole(changes)} changes and ${whole(days.length)} days are worth publishing, ${late} were late.`,
);
for (const quantity of QUANTITIES) {
  const [warmest] = days.filter(day => day.quantity === quantity).sort((a, b) => b.p95 - a.p95);
  if (warmest === undefined) continue;
  const { day, n, min, p05, median, p95, max, mean } = warmest;
  const numbers = Object.entries({ min, p05, median, mean, p95, max }).map(([name, number]) => `${name} ${number.toFixed(1)}`);
  console.log(`Highest ${quantity}: ${day}, ${n} readings, ${numbers.join(', ')}`);
}
console.log(`${savings(before.reading, after.reading).text}.`);

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
