import { experiment, type Experiment, middle, ratio, type Row, times } from './experiment.js';
import type { Scale } from './scale.js';

const ROUTES = { ten: 10, thousand: 1_000, tenThousand: 10_000 } as const;

export const routing = (scale: Scale): Experiment =>
  experiment(
    'routing',
    scale,
  )({
    name: 'routing',
    alone: true,
    oneCore: true,
    cases: ({ many }) => {
      const job = (routes: number) => ({ routes, messages: many, repeats: 5 });
      return { ten: job(ROUTES.ten), thousand: job(ROUTES.thousand), tenThousand: job(ROUTES.tenThousand) };
    },
    rows: ({ ten, tenThousand }): readonly Row[] => {
      const growth = ratio(
        tenThousand,
        ({ nanosecondsEach }) => nanosecondsEach,
        ten,
        ({ nanosecondsEach }) => nanosecondsEach,
      );
      return [
        {
          what: '`route`: a message at 10 000 routes, to one at 10',
          atLeast: 'at most 1.5 ×',
          measured: times(growth),
          met: growth <= 1.5,
        },
      ];
    },
    figures: samples =>
      (['ten', 'thousand', 'tenThousand'] as const).map(name => ({
        what: 'a message that goes to one of so many templates, with its params',
        who: `\`route\`, ${ROUTES[name]} routes`,
        figure: `${middle(samples[name], ({ nanosecondsEach }) => nanosecondsEach).toFixed(0)} ns`,
      })),
  });
