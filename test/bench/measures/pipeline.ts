import { connectAsync } from 'mqtt';
import { costOf, countAnew, Device, told, type BrokerKind, type ProgramClient } from './programs.js';

export interface PipelineJob {
  readonly client: ProgramClient;
  readonly broker: BrokerKind;
  readonly qos: 0 | 1;
  readonly readings: number;
  /** Readings before those, at the same speed: their cost is not counted, as code is compiled meanwhile. */
  readonly warmUp: number;
  /** `0`: as fast as the broker takes them. */
  readonly perSecond: number;
  readonly socketPath: string;
}

export interface PipelineResult {
  /** Processor time of the component for a reading. */
  readonly cpuMicroseconds: number;
  readonly peakMegabytes: number;
  /** Readings that have come out again, in the counts of the results or as bad ones, to those sent. */
  readonly accounted: number;
  readonly perSecond: number;
}

const SENSORS = 97;
/** One message in so many is no reading. */
const BAD_EVERY = 100;
const TICK = 5;
/** Publishes whose acknowledgement, or place in the socket, is waited for. */
const UNDER_WAY = 200;
/** Without a result for so long, no more will come. */
const PATIENCE = 6_000;

/** A component that makes summaries of readings, with all there is of a device around it. */
export async function measurePipeline({ client, broker, qos, readings, warmUp, perSecond }: PipelineJob): Promise<PipelineResult> {
  await using device = await Device.start(broker);
  const program = device.run(await device.prepare('pipeline', client), String(qos));
  await told(program, 'ready');
  const load = await connectAsync(device.mqttUrl);
  const results = await connectAsync(device.mqttUrl);
  let counted = 0;
  let lastAt = performance.now();
  const sent = warmUp + readings;
  const bad = Math.floor(sent / BAD_EVERY);
  const all = new Promise<void>(resolve => {
    results.on('message', (_, payload) => {
      counted += (JSON.parse(payload.toString()) as { readonly count: number }).count;
      lastAt = performance.now();
      if (counted >= sent - bad) resolve();
    });
  });
  await results.subscribeAsync('results/#', { qos });

  const send = (n: number, done: () => void): void => {
    if (n === warmUp) countAnew(program);
    const sensor = `s${n % SENSORS}`;
    const payload = n % BAD_EVERY === BAD_EVERY - 1 ? '{"sensor":"broken"' : JSON.stringify({ sensor, celsius: 20 + (n % 50) / 10 });
    load.publish(`sensors/${sensor}/reading`, payload, { qos }, done);
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
  const cost = await costOf(program);
  await Promise.all([load.endAsync(true), results.endAsync(true)]);
  return {
    cpuMicroseconds: cost.cpuMicroseconds / readings,
    peakMegabytes: cost.peakMegabytes,
    accounted: (counted + cost.bad) / sent,
    perSecond: sent / seconds,
  };
}

function asFastAsItGoes(readings: number, send: (n: number, done: () => void) => void): Promise<void> {
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
