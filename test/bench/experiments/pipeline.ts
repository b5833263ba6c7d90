import { mosquittoMissing } from '../../kit/broker/mosquitto.js';
import { experiment, type Experiment, type Figure, megabytes, middle, ratio, type Row, type Samples, times, whole } from './experiment.js';
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

/** The whole pipeline, at a speed that all keep up with and as fast as it goes. The short form has one of them. */
export const pipeline = (scale: Scale): readonly Experiment[] =>
  scale.isShort
    ? [at(scale, 'embedded', 1, PER_SECOND)]
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
