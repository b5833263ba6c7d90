import { experiment, type Experiment, leastRatio, middle, ratio, type Row, times } from './experiment.js';
import type { Scale } from './scale.js';

const each = ({ nanosecondsEach }: { readonly nanosecondsEach: number }): number => nanosecondsEach;
const ROUTES = { ten: 10, thousand: 1_000, tenThousand: 10_000 } as const;

export const routing = (scale: Scale): Experiment =>
  experiment(
    'routing',
    scale,
  )({
    name: 'routing',
    alone: true,
    oneCore: true,
    held: ['ten', 'tenThousand'],
    cases: ({ many }) => {
      const job = (routes: number) => ({ routes, messages: many, repeats: 5 });
      return { ten: job(ROUTES.ten), thousand: job(ROUTES.thousand), tenThousand: job(ROUTES.tenThousand) };
    },
    rows: ({ ten, tenThousand }): readonly Row[] => {
      const growth = ratio(tenThousand, each, ten, each);
      return [
        {
          what: '`route`: a message at 10 000 routes, to one at 10',
          atLeast: 'at most 1.5 ×',
          measured: times(growth),
          met: growth <= 1.5,
          held: [
            {
              what: '`route`: processor time of a message at 10 000 routes, to one at 10',
              ratio: leastRatio(tenThousand, each, ten, each),
            },
          ],
        },
      ];
    },
    figures: samples =>
      (['ten', 'thousand', 'tenThousand'] as const).map(name => ({
        what: 'a message that goes to one of so many templates, with its params',
        who: `\`route\`, ${ROUTES[name]} routes`,
        figure: `${middle(samples[name], each).toFixed(0)} ns`,
      })),
  });
