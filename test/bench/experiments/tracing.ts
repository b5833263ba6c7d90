import { experiment, type Experiment, middle, type Row, times } from './experiment.js';
import type { Scale } from './scale.js';

const WHO = { plain: 'the port itself', idle: '`traced`, while nobody traces', spans: '`traced`, with spans of the SDK' } as const;

export const tracing = (scale: Scale): Experiment =>
  experiment(
    'tracing',
    scale,
  )({
    name: 'tracing',
    alone: true,
    oneCore: true,
    held: ['all'],
    cases: ({ many }) => ({ all: { messages: Math.ceil(many / 10), repeats: 9 } }),
    rows: ({ all }): readonly Row[] => {
      const toPlain = middle(all, ({ ratio }) => ratio);
      return [
        {
          what: 'a publish through `traced(proxy)` while nobody traces, to one through the proxy',
          atLeast: 'at most 1.2 ×',
          measured: times(toPlain),
          met: toPlain <= 1.2,
          held: [{ what: '`traced` while nobody traces: processor time of a publish', ratio: Math.min(...all.map(({ ratio }) => ratio)) }],
        },
      ];
    },
    figures: ({ all }) =>
      (['plain', 'idle', 'spans'] as const).map(way => ({
        what: '`publishTo` to a port that accepts at once, for one message',
        who: WHO[way],
        figure: `${middle(all, sample => sample[way]).toFixed(0)} ns`,
      })),
  });
