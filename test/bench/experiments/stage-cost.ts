import { experiment, type Experiment, middle, type Row, times } from './experiment.js';
import type { Scale } from './scale.js';

export const stageCost = (scale: Scale): Experiment =>
  experiment(
    'stageCost',
    scale,
  )({
    name: 'stage cost',
    alone: true,
    oneCore: true,
    held: ['both'],
    cases: ({ many }) => ({ both: { messages: many, repeats: 9 } }),
    rows: ({ both }): readonly Row[] => {
      const toMergeMap = middle(both, ({ ratio }) => ratio);
      return [
        {
          what: '`concurrently(16, of)` after `map`, `filter`, `scan`, to the same with `mergeMap(of, 16)`',
          atLeast: 'at most 1.2 ×',
          measured: times(toMergeMap),
          met: toMergeMap <= 1.2,
          held: [{ what: '`concurrently` to `mergeMap`: processor time of a value', ratio: Math.min(...both.map(({ ratio }) => ratio)) }],
        },
      ];
    },
    figures: ({ both }) =>
      (['concurrently', 'mergeMap'] as const).map(stage => ({
        what: 'a pipeline of `map`, `filter`, `scan` and a stage, for one value',
        who: `\`${stage}\``,
        figure: `${middle(both, sample => sample[stage]).toFixed(0)} ns`,
      })),
  });
