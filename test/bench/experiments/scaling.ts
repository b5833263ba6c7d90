import { experiment, type Experiment, middle, ratio, type Row, times, whole } from './experiment.js';
import type { Scale } from './scale.js';

const SUBSCRIPTIONS = 100;

export const scaling = (scale: Scale): Experiment =>
  experiment(
    'scaling',
    scale,
  )({
    name: 'scaling',
    cases: ({ few, many }) => ({ socket: { size: 128, few, many, subscriptions: SUBSCRIPTIONS, repeats: 15 } }),
    rows: ({ socket }, { few, many }): readonly Row[] => {
      const row = (what: string, value: number): Row => ({ what, atLeast: 'at most 1.2 ×', measured: times(value), met: value <= 1.2 });
      const amounts = `${whole(many)} messages to ${whole(few)}`;
      return [
        row(
          `cost of a message received, ${amounts}`,
          ratio(
            socket,
            s => s.received.many,
            socket,
            s => s.received.few,
          ),
        ),
        row(
          `cost of a message published, ${amounts}`,
          ratio(
            socket,
            s => s.published.many,
            socket,
            s => s.published.few,
          ),
        ),
        row(
          `cost of a message received, ${SUBSCRIPTIONS} subscriptions to one`,
          ratio(
            socket,
            s => s.subscriptions.all,
            socket,
            s => s.subscriptions.one,
          ),
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
