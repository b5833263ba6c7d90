import { experiment, type Experiment, type Figure, middle, ratio, type Row, times, whole } from './experiment.js';
import type { Scale } from './scale.js';

const ms = (sample: { readonly milliseconds: number }): number => sample.milliseconds;

/** From the start of a process to its first message. */
export const starting = (scale: Scale): Experiment =>
  experiment(
    'start',
    scale,
  )({
    name: 'start',
    alone: true,
    cases: ({ starts }) => ({
      sdk: { client: 'sdk', times: starts },
      rx: { client: 'rx', times: starts },
      rxBundled: { client: 'rxBundled', times: starts },
    }),
    rows: ({ sdk, rx, rxBundled }): readonly Row[] => {
      const row = (what: string, goal: number, measured: number): Row => ({
        what: `start of the process to the first message received, ${what}`,
        atLeast: `at most ${goal} × SDK`,
        measured: times(measured),
        met: measured <= goal,
      });
      return [row('one file', 0.6, ratio(rxBundled, ms, sdk, ms)), row('from node_modules', 1, ratio(rx, ms, sdk, ms))];
    },
    figures: ({ sdk, rx, rxBundled }) => {
      const figure = (who: string, of: typeof sdk): Figure => ({
        what: 'start of the process to the first message received',
        who,
        figure: `${whole(middle(of, ms))} ms`,
        megabytes: middle(of, ({ peakMegabytes }) => peakMegabytes),
      });
      return [figure('official SDK', sdk), figure('greengrass-rx, from node_modules', rx), figure('greengrass-rx, one file', rxBundled)];
    },
  });
