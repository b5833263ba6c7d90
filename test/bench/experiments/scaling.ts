import { experiment, type Experiment, leastRatio, middle, ratio, type Row, times, whole } from './experiment.js';
import type { Scale } from './scale.js';

const SUBSCRIPTIONS = 100;

export const scaling = (scale: Scale): Experiment =>
  experiment(
    'scaling',
    scale,
  )({
    name: 'scaling',
    held: ['socket'],
    cases: ({ few, many }) => ({ socket: { size: 128, few, many, subscriptions: SUBSCRIPTIONS, repeats: 15 } }),
    rows: ({ socket }, { few, many }): readonly Row[] => {
      type Cost = (sample: (typeof socket)[number]) => number;
      const row = (what: string, cost: Cost, less: Cost): Row => {
        const value = ratio(socket, cost, socket, less);
        const held = [{ what: `processor time of ${what}`, ratio: leastRatio(socket, cost, socket, less) }];
        return { what: `cost of ${what}`, atLeast: 'at most 1.2 ×', measured: times(value), met: value <= 1.2, held };
      };
      const amounts = `${whole(many)} messages to ${whole(few)}`;
      return [
        row(
          `a message received, ${amounts}`,
          ({ received }) => received.many,
          ({ received }) => received.few,
        ),
        row(
          `a message published, ${amounts}`,
          ({ published }) => published.many,
          ({ published }) => published.few,
        ),
        row(
          `a message received, ${SUBSCRIPTIONS} subscriptions to one`,
          ({ subscriptions }) => subscriptions.all,
          ({ subscriptions }) => subscriptions.one,
        ),
      ];
    },
    figures: ({ socket }, { few, many }) => {
      const line = (figure: string, cost: (sample: (typeof socket)[number]) => number) => ({
        what: 'processor time for one message',
        who: '`socket`',
        figure,
        cpuMicroseconds: middle(socket, cost),
      });
      return [
        line(`received, ${whole(few)}`, s => s.received.few),
        line(`received, ${whole(many)}`, s => s.received.many),
        line('received, one subscription', s => s.subscriptions.one),
        line(`received, ${SUBSCRIPTIONS} subscriptions`, s => s.subscriptions.all),
        line(`published, ${whole(few)}`, s => s.published.few),
        line(`published, ${whole(many)}`, s => s.published.many),
      ];
    },
  });
