import { experiment, type Experiment, leastRatio, middle, ratio, type Row, times } from './experiment.js';
import type { Scale } from './scale.js';

const WHO = ['greengrass-rx', 'greengrass-rx, gzip', 'rxjs'] as const;
const SHOWN: Readonly<Record<(typeof WHO)[number], string>> = {
  'greengrass-rx': '`encodeBatches`',
  'greengrass-rx, gzip': '`encodeBatches` with `gzip`',
  rxjs: '`bufferCount` + `JSON.stringify`',
};

const each = ({ nanosecondsEach }: { readonly nanosecondsEach: number }): number => nanosecondsEach;

export const batching = (scale: Scale): Experiment =>
  experiment(
    'batching',
    scale,
  )({
    name: 'batching',
    alone: true,
    oneCore: true,
    held: ['greengrass-rx', 'rxjs'],
    cases: ({ many }) => {
      const job = <W extends (typeof WHO)[number]>(who: W) => ({ who, messages: many / 2, repeats: 5 });
      return {
        'greengrass-rx': job('greengrass-rx'),
        'greengrass-rx, gzip': job('greengrass-rx, gzip'),
        rxjs: job('rxjs'),
      };
    },
    rows: samples => {
      const slower = ratio(samples['greengrass-rx'], each, samples.rxjs, each);
      const row: Row = {
        what: `a reading in a payload of at most 4 900 bytes: ${SHOWN['greengrass-rx']}, which measures it, to ${SHOWN.rxjs}, which does not`,
        atLeast: 'at most 2 ×',
        measured: times(slower),
        met: slower <= 2,
        held: [
          {
            what: `processor time of a reading in a payload: ${SHOWN['greengrass-rx']} to ${SHOWN.rxjs}`,
            ratio: leastRatio(samples['greengrass-rx'], each, samples.rxjs, each),
          },
        ],
      };
      return [row];
    },
    figures: samples =>
      WHO.map(who => ({
        what: 'a reading of some 62 bytes, encoded, in payloads of at most 4 900 bytes; how many share one',
        who: SHOWN[who],
        figure: `${middle(samples[who], each).toFixed(0)} ns; ${middle(samples[who], ({ readingsPerPayload }) => readingsPerPayload).toFixed(0)}`,
      })),
  });
