import { experiment, type Experiment, type Figure, leastRatio, middle, ratio, type Row, times, whole } from './experiment.js';
import type { Scale } from './scale.js';

const each = ({ nanosecondsEach }: { readonly nanosecondsEach: number }): number => nanosecondsEach;

export const backlog = (scale: Scale): Experiment =>
  experiment(
    'backlog',
    scale,
  )({
    name: 'backlog',
    alone: true,
    oneCore: true,
    held: ['few', 'many'],
    once: ['mergeMapFew', 'mergeMapMany'],
    cases: ({ few, many }) => ({
      few: { stage: 'concurrently', backlog: few, warmUp: 300_000 },
      middling: { stage: 'concurrently', backlog: many / 10, warmUp: 300_000 },
      many: { stage: 'concurrently', backlog: many, warmUp: 300_000 },
      mergeMapFew: { stage: 'mergeMap', backlog: few, warmUp: 100_000 },
      // More would take a quarter of an hour.
      mergeMapMany: { stage: 'mergeMap', backlog: many / 10, warmUp: 100_000 },
    }),
    rows: ({ few, many }, scale): readonly Row[] => {
      const growth = ratio(many, each, few, each);
      const what = `cost of a value in \`concurrently\`, ${whole(scale.many)} waiting to ${whole(scale.few)}`;
      const held = [{ what: what.replace('cost', 'processor time'), ratio: leastRatio(many, each, few, each) }];
      return [{ what, atLeast: 'at most 1.2 ×', measured: times(growth), met: growth <= 1.2, held }];
    },
    figures: ({ few, middling, many, mergeMapFew, mergeMapMany }, scale) => {
      const figure = (stage: string, backlog: number, samples: typeof few): Figure => ({
        what: `a value in a stage where ${whole(backlog)} wait`,
        who: `\`${stage}\``,
        figure: `${middle(samples, each).toFixed(0)} ns`,
      });
      return [
        figure('concurrently', scale.few, few),
        figure('concurrently', scale.many / 10, middling),
        figure('concurrently', scale.many, many),
        figure('mergeMap', scale.few, mergeMapFew),
        figure('mergeMap', scale.many / 10, mergeMapMany),
      ];
    },
  });
