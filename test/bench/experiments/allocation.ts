import { experiment, type Experiment, middle, type Row, whole } from './experiment.js';
import type { Scale } from './scale.js';

/** What is allocated keeps the collector busy: of a device's one core, at thousands a second, a part that shows. */
const MOST = 3_500;

export const allocation = (scale: Scale): Experiment =>
  experiment(
    'allocation',
    scale,
  )({
    name: 'allocation',
    cases: ({ messages }) => ({ publishTo: { warmUp: messages / 10, burst: 200, bursts: 51, size: 128, inFlight: 64 } }),
    rows: ({ publishTo }): readonly Row[] => {
      const bytes = middle(publishTo, sample => sample.bytes);
      return [
        {
          what: 'bytes of the heap for a publish of 128 bytes, `publishTo`',
          atLeast: `at most ${whole(MOST)}`,
          measured: whole(bytes),
          met: bytes <= MOST,
        },
      ];
    },
    figures: () => [],
  });
