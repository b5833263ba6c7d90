import { connectAsync } from 'mqtt';

export interface ReadingsJob {
  readonly qos: 0 | 1;
  readonly readings: number;
  /** Readings before those, at the same speed: their cost is not counted, as code is compiled meanwhile. */
  readonly warmUp: number;
  /** `0`: as fast as the broker takes them. */
  readonly perSecond: number;
}

export interface ReadingsCounted {
  readonly sent: number;
  /** Of those: no readings. */
  readonly bad: number;
  /** In the counts of all results. */
  readonly counted: number;
  readonly seconds: number;
}

const SENSORS = 97;
/** One message in so many is no reading. */
const BAD_EVERY = 100;
const TICK = 5;
/** Publishes whose acknowledgement, or place in the socket, is waited for. */
const UNDER_WAY = 200;
/** Without a result for so long, no more will come. */
const PATIENCE = 6_000;

const isBad = (n: number): boolean => n % BAD_EVERY === BAD_EVERY - 1;
const sensorOf = (n: number): string => `s${n % SENSORS}`;

/** How many of the first so many are no readings. */
export const badOf = (sent: number): number => Math.floor(sent / BAD_EVERY);
export const topicOf = (n: number): string => `sensors/${sensorOf(n)}/reading`;
export const payloadOf = (n: number): string =>
  isBad(n) ? '{"sensor":"broken"' : JSON.stringify({ sensor: sensorOf(n), celsius: 20 + (n % 50) / 10 });

/** Sends readings to the broker, and adds up the counts of the results that come out. `onWarm` is called where the warm-up is over. */
export async function sendReadings(mqttUrl: string, job: ReadingsJob, onWarm: () => void): Promise<ReadingsCounted> {
  const { qos, readings, warmUp, perSecond } = job;
  const load = await connectAsync(mqttUrl);
  const results = await connectAsync(mqttUrl);
  let counted = 0;
  let lastAt = performance.now();
  const sent = warmUp + readings;
  const bad = badOf(sent);
  const all = new Promise<void>(resolve => {
    results.on('message', (_, payload) => {
      counted += (JSON.parse(payload.toString()) as { readonly count: number }).count;
      lastAt = performance.now();
      if (counted >= sent - bad) resolve();
    });
  });
  await results.subscribeAsync('results/#', { qos });

  const send = (n: number, done: () => void): void => {
    if (n === warmUp) onWarm();
    load.publish(topicOf(n), payloadOf(n), { qos }, done);
  };
  const begun = performance.now();
  await (perSecond === 0 ? asFastAsItGoes(sent, send) : atFixedSpeed(sent, perSecond, send));
  lastAt = performance.now();
  let given = (): void => undefined;
  const givenUp = new Promise<void>(resolve => (given = resolve));
  const patience = setInterval(() => {
    if (performance.now() - lastAt > PATIENCE) given();
  }, 100);
  await Promise.race([all, givenUp]);
  clearInterval(patience);
  const seconds = (lastAt - begun) / 1_000;
  await Promise.all([load.endAsync(true), results.endAsync(true)]);
  return { sent, bad, counted, seconds };
}

/** So many, with a number of them under way. */
export function asFastAsItGoes(readings: number, send: (n: number, done: () => void) => void): Promise<void> {
  return new Promise(resolve => {
    let sent = 0;
    let done = 0;
    const next = (): void => {
      while (sent < readings && sent - done < UNDER_WAY)
        send(sent++, () => {
          if (++done === readings) resolve();
          else next();
        });
    };
    next();
  });
}

function atFixedSpeed(readings: number, perSecond: number, send: (n: number, done: () => void) => void): Promise<void> {
  return new Promise(resolve => {
    const begun = performance.now();
    let sent = 0;
    const timer = setInterval(() => {
      const due = Math.min(readings, Math.floor(((performance.now() - begun) / 1_000) * perSecond));
      while (sent < due) send(sent++, () => undefined);
      if (sent < readings) return;
      clearInterval(timer);
      resolve();
    }, TICK);
  });
}
