import { experiment, type Experiment, type Figure, leastRatio, middle, ratio, type Row, times, whole } from './experiment.js';
import type { StartResult } from '../measures/start.js';
import type { Scale } from './scale.js';

type Client = keyof StartResult;

/** From the start of a process to its first message. */
export const starting = (scale: Scale): Experiment =>
  experiment(
    'start',
    scale,
  )({
    name: 'start',
    alone: true,
    held: ['each'],
    cases: ({ starts }) => ({ each: { times: starts } }),
    rows: ({ each }): readonly Row[] => {
      const row = (what: string, goal: number, client: Client): Row => {
        const measured = ratio(
          each,
          sample => sample[client].milliseconds,
          each,
          ({ sdk }) => sdk.milliseconds,
        );
        return {
          what: `start of the process to the first message received, ${what}`,
          atLeast: `at most ${goal} × SDK`,
          measured: times(measured),
          met: measured <= goal,
          held: [
            {
              what: `start to the first message, ${what}: processor time, to the SDK's`,
              ratio: leastRatio(
                each,
                sample => sample[client].cpuMilliseconds,
                each,
                ({ sdk }) => sdk.cpuMilliseconds,
              ),
            },
            {
              what: `start to the first message, ${what}: time, to the SDK's`,
              ratio: leastRatio(
                each,
                sample => sample[client].leastMilliseconds,
                each,
                ({ sdk }) => sdk.leastMilliseconds,
              ),
              isWall: true,
            },
          ],
        };
      };
      return [row('one file', 0.6, 'rxBundled'), row('from node_modules', 1, 'rx')];
    },
    figures: ({ each }) => {
      const figure = (who: string, client: Client): Figure => ({
        what: 'start of the process to the first message received',
        who,
        figure: `${whole(middle(each, sample => sample[client].milliseconds))} ms`,
        megabytes: middle(each, sample => sample[client].peakMegabytes),
      });
      return [
        figure('official SDK', 'sdk'),
        figure('greengrass-rx, from node_modules', 'rx'),
        figure('greengrass-rx, one file', 'rxBundled'),
      ];
    },
  });
