import { mosquittoMissing } from '../../kit/broker/mosquitto.js';
import {
  experiment,
  type Experiment,
  type Figure,
  type Held,
  megabytes,
  middle,
  ratio,
  type Row,
  type Samples,
  times,
  whole,
} from './experiment.js';
import type { Scale } from './scale.js';

type Runs = Samples<'pipeline'>;
const cpu = ({ cpuMicroseconds }: Runs[number]): number => cpuMicroseconds;
const peak = ({ peakMegabytes }: Runs[number]): number => peakMegabytes;
const least = (samples: Runs): number => Math.min(...samples.map(({ accounted }) => accounted));
const PER_SECOND = 5_000;

const WHO = {
  rx: 'greengrass-rx',
  rxBundled: 'greengrass-rx, one file',
  sdk: 'official SDK + RxJS',
  mqtt: 'mqtt.js + RxJS, on the broker',
  bare: 'a bare socket + RxJS, one file',
} as const;
const ACCOUNTED = 'every reading accounted for';

/** The whole pipeline, at a speed that all keep up with and as fast as it goes. The short form has it by turns. */
export const pipeline = (scale: Scale): readonly Experiment[] =>
  scale.isShort
    ? [byTurns(scale)]
    : (['embedded', 'mosquitto'] as const)
        .filter(broker => broker === 'embedded' || mosquittoMissing === undefined)
        .flatMap(broker => ([1, 0] as const).flatMap(qos => [at(scale, broker, qos, PER_SECOND), at(scale, broker, qos, 0)]));

function at(scale: Scale, broker: 'embedded' | 'mosquitto', qos: 0 | 1, perSecond: number): Experiment {
  const speed = perSecond === 0 ? 'as fast as it goes' : `at ${whole(perSecond)}/s`;
  const where = `the whole pipeline, ${broker === 'embedded' ? 'embedded broker' : 'mosquitto'}, QoS ${qos}, ${speed}`;
  return experiment(
    'pipeline',
    scale,
  )({
    name: `pipeline ${broker} ${qos} ${perSecond === 0 ? 'flood' : 'steady'}`,
    alone: true,
    cases: ({ readings }) => {
      const each = { broker, qos, perSecond, warmUp: readings, readings: perSecond === 0 ? readings * 2 : readings };
      return {
        rx: { ...each, client: 'rx' },
        rxBundled: { ...each, client: 'rxBundled' },
        sdk: { ...each, client: 'sdk' },
        mqtt: { ...each, client: 'mqtt' },
        bare: { ...each, client: 'bare' },
      };
    },
    rows: ({ rx, rxBundled, sdk, mqtt }): readonly Row[] => {
      const ofAll = least([...rx, ...rxBundled]);
      const accounted: Row = {
        what: `${where}: ${ACCOUNTED}`,
        atLeast: 'all',
        measured: `${(ofAll * 100).toFixed(1)} %`,
        met: ofAll === 1,
      };
      if (perSecond === 0) return [accounted];
      const cost = (peers: string, goal: number, measured: number): Row => ({
        what: `${where}: processor time for a message, one file`,
        atLeast: `at most ${goal} × ${peers}`,
        measured: times(measured),
        met: measured <= goal,
        held: { why: 'the short form has the pipeline by turns' },
      });
      const most = middle(rxBundled, peak);
      return [
        cost('SDK + RxJS', 0.33, ratio(rxBundled, cpu, sdk, cpu)),
        cost('mqtt.js + RxJS on the broker', 0.65, ratio(rxBundled, cpu, mqtt, cpu)),
        { what: `${where}: memory at its peak, one file`, atLeast: 'at most 60 MB', measured: megabytes(most), met: most <= 60 },
        accounted,
      ];
    },
    figures: samples =>
      (Object.keys(WHO) as (keyof typeof WHO)[]).map((client): Figure => {
        const of = samples[client];
        return {
          what: `${where}; readings a second, and how many of them are accounted for`,
          who: WHO[client],
          figure: `${whole(middle(of, ({ perSecond: rate }) => rate))}/s, ${(least(of) * 100).toFixed(1)} %`,
          cpuMicroseconds: middle(of, cpu),
          megabytes: middle(of, peak),
        };
      }),
  });
}

/**
 * All of them at once, each with a device of its own, and the readings to one after the other: a busy machine is busy for all. As fast as
 * it goes, since between bursts others have the processor and its caches, and the first message of a burst pays for that.
 */
function byTurns(scale: Scale): Experiment {
  const where = 'the whole pipeline, embedded broker, QoS 1, as fast as it goes, by turns';
  return experiment(
    'pipelineTurns',
    scale,
  )({
    name: 'pipeline by turns',
    alone: true,
    cases: ({ readings }) => ({ all: { qos: 1, warmUp: readings, readings: readings / 10, turns: 20 } }),
    rows: ({ all }): readonly Row[] => {
      const ofAll = Math.min(...all.flatMap(({ rx, rxBundled }) => [rx.accounted, rxBundled.accounted]));
      const cost = (one: 'rx' | 'rxBundled', peer: 'sdk' | 'mqtt' | 'bare'): Held => ({
        what: `${where}: processor time for a message, ${WHO[one]}, to ${WHO[peer]}`,
        ratio: middle(all, each => each[one].cpuMicroseconds / each[peer].cpuMicroseconds),
      });
      const held = [cost('rx', 'sdk'), cost('rxBundled', 'sdk'), cost('rxBundled', 'mqtt'), cost('rxBundled', 'bare')];
      return [{ what: `${where}: ${ACCOUNTED}`, atLeast: 'all', measured: `${(ofAll * 100).toFixed(1)} %`, met: ofAll === 1, held }];
    },
    figures: ({ all }) =>
      (Object.keys(WHO) as (keyof typeof WHO)[]).map((client): Figure => ({
        what: `${where}; how many readings are accounted for`,
        who: WHO[client],
        figure: `${(Math.min(...all.map(each => each[client].accounted)) * 100).toFixed(1)} %`,
        cpuMicroseconds: middle(all, each => each[client].cpuMicroseconds),
        megabytes: middle(all, each => each[client].peakMegabytes),
      })),
  });
}
