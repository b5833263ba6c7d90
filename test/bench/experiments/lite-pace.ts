import { experiment, type Experiment, type Figure, middle, type Row, times } from './experiment.js';
import type { Scale } from './scale.js';

/** A broker that was met in the field, and a slow one. */
const RATES = { usual: 130, slow: 20 } as const;
const NAMES = ['usual', 'slow'] as const;

/** Publishes to Greengrass Lite at the pace that the stage finds. */
export const litePace = (scale: Scale): Experiment =>
  experiment(
    'litePace',
    scale,
  )({
    name: 'pace on Lite',
    alone: true,
    once: NAMES,
    cases: ({ paced }) => ({
      usual: { pubacksPerSecond: RATES.usual, publishes: paced * RATES.usual },
      slow: { pubacksPerSecond: RATES.slow, publishes: paced * RATES.slow },
    }),
    rows: (samples): readonly Row[] =>
      NAMES.flatMap(name => {
        const what = `\`publishTo\` on Lite, whose broker acknowledges ${RATES[name]} a second`;
        const rate = middle(samples[name], ({ perSecond }) => perSecond) / RATES[name];
        const tries = middle(samples[name], each => each.tries);
        return [
          {
            what: `${what}: publishes taken, to those acknowledged`,
            atLeast: '0.97 ×',
            measured: times(rate),
            met: rate >= 0.97,
            held: [{ what: `${what}: time for a publish, to that of the broker`, ratio: 1 / rate, isWall: true }],
          },
          {
            what: `${what}: tries for one that is taken`,
            atLeast: 'at most 1.02 ×',
            measured: times(tries),
            met: tries <= 1.02,
            held: [{ what: `${what}: tries for one that is taken`, ratio: tries }],
          },
        ];
      }),
    figures: samples =>
      NAMES.map((name): Figure => {
        const rate = middle(samples[name], ({ perSecond }) => perSecond);
        const refused = middle(samples[name], ({ tries }) => (tries - 1) / tries);
        return {
          what: `publishes on Lite, whose broker acknowledges ${RATES[name]} a second; tries that are refused`,
          who: '`socket`',
          figure: `${rate.toFixed(1)}/s; ${(refused * 100).toFixed(1)} %`,
        };
      }),
  });
