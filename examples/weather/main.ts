/**
 * A year of hourly weather through a component and a local nucleus, with no device and no cloud: `npm start`.
 *
 * An MQTT client plays the weather station and sends every hour of the year to the broker. The component gets them over the
 * IPC socket of the local nucleus, publishes a summary for each day, and a second MQTT client sees those arrive.
 */
import { readFile } from 'node:fs/promises';
import { connect, runToEnd } from 'greengrass-rx';
import { E } from 'greengrass-rx/fp';
import { startLocalNucleus } from 'greengrass-rx/local';
import { connectAsync } from 'mqtt';
import { BehaviorSubject, filter, firstValueFrom, tap, timeout } from 'rxjs';
import { dailyWeather, hourlyWeather, type Day } from './component.js';

const COMPONENT = 'com.example.DailyWeather';
const hours = await readHours();
const nucleus = await startLocalNucleus({
  profile: 'classic',
  components: [
    {
      name: COMPONENT,
      accessControl: {
        'aws.greengrass.ipc.mqttproxy': {
          [`${COMPONENT}:mqttproxy:1`]: {
            policyDescription: 'Reads hourly weather.',
            operations: ['aws.greengrass#SubscribeToIoTCore'],
            resources: ['weather/+/hourly'],
          },
          [`${COMPONENT}:mqttproxy:2`]: {
            policyDescription: 'Publishes daily weather.',
            operations: ['aws.greengrass#PublishToIoTCore'],
            resources: ['weather/+/daily'],
          },
        },
      },
    },
  ],
});
Object.assign(process.env, nucleus.environment(COMPONENT));

// The cloud's side: an MQTT client that sends the hours and sees the days.
const cloud = await connectAsync(nucleus.mqttUrl);
const daysSeen = new BehaviorSubject(0);
cloud.on('message', () => {
  daysSeen.next(daysSeen.value + 1);
});
await cloud.subscribeAsync('weather/+/daily', { qos: 1 });

// The device's side.
const proxy = connect();
const hoursIn = new BehaviorSubject(0);
const account = { undecodable: 0, hoursAccepted: 0, daysAccepted: 0, lost: 0 };
const subscribed = new Promise<void>(resolve => {
  nucleus.observe(event => {
    if (event.kind === 'subscribed') resolve();
  });
});
const hours$ = hourlyWeather(proxy).pipe(
  tap(() => {
    hoursIn.next(hoursIn.value + 1);
  }),
);
const run = runToEnd(
  dailyWeather(proxy, hours$).pipe(
    tap(outcome => {
      if (E.isLeft(outcome)) return;
      const { value: day } = outcome.right;
      if (account.daysAccepted++ % 28 === 0) printHead();
      account.hoursAccepted += day.hours;
      printDay(day);
    }),
  ),
  {
    onLeft: error => {
      if (error._tag === 'DecodeFailed') account.undecodable++;
      else account.lost++;
      console.error(error.message);
    },
  },
);

await subscribed;
for (const hour of hours) await cloud.publishAsync('weather/seattle/hourly', JSON.stringify(hour), { qos: 1 });
await reached(hoursIn, hours.length);
// As on a device when the component is stopped: no more input, the last day goes out, every answer is awaited.
const drained = await proxy.drain(5_000)();
await run;
await reached(daysSeen, account.daysAccepted);

const { undecodable, hoursAccepted, daysAccepted, lost } = account;
console.log(
  `\n${hours.length} hours sent = ${hoursAccepted} in ${daysAccepted} daily summaries + ${undecodable} undecodable; ` +
    `${daysAccepted} summaries accepted by the spooler, ${daysSeen.value} seen by the cloud, ${lost + drained.unfinished} lost.`,
);

await proxy.close();
await cloud.endAsync();
await nucleus.stop();
if (hoursAccepted + undecodable !== hours.length || daysSeen.value !== daysAccepted) process.exitCode = 1;

async function readHours() {
  // The package exports its code only; the data lies in its folder. Programs run from the project's own.
  const file = 'node_modules/vega-datasets/data/seattle-weather-hourly-normals.csv';
  const [head = '', ...lines] = (await readFile(file, 'utf8')).trim().split('\n');
  const names = head.split(',');
  return lines.map(line =>
    Object.fromEntries(line.split(',').map((cell, i) => [names[i] ?? '', names[i] === 'date' ? cell : Number(cell)])),
  );
}

async function reached(count: BehaviorSubject<number>, goal: number): Promise<void> {
  await firstValueFrom(
    count.pipe(
      filter(value => value >= goal),
      timeout(120_000),
    ),
  );
}

function printHead(): void {
  console.log(`${account.daysAccepted === 1 ? '' : '\n'}day         hours   min °C  mean °C   max °C`);
}

function printDay({ day, hours, minimum, mean, maximum }: Day): void {
  const cells = [minimum, mean, maximum].map(celsius => celsius.toFixed(1).padStart(9));
  console.log(`${day}${String(hours).padStart(7)}${cells.join('')}`);
}
