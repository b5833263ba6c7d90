import {
  experiment,
  type Experiment,
  type Figure,
  leastRatio,
  middle,
  milliseconds,
  ratio,
  type Row,
  serverBusy,
  times,
} from './experiment.js';
import { TAIL } from './not-held.js';
import type { Scale } from './scale.js';

const SIZE = 128;
const p50 = (sample: { readonly p50: number }): number => sample.p50;
const p99 = (sample: { readonly p99: number }): number => sample.p99;
const cpu = ({ cpuMicroseconds }: { readonly cpuMicroseconds: number }): number => cpuMicroseconds;

export const roundTrip = (scale: Scale): Experiment =>
  experiment(
    'roundTrip',
    scale,
  )({
    name: 'round trip',
    held: ['sdk', 'socket'],
    cases: ({ roundTrips }) => {
      const each = { size: SIZE, warmUp: roundTrips / 5, messages: roundTrips };
      return {
        sdk: { ...each, client: 'sdk' },
        socket: { ...each, client: 'socket' },
        crt: { ...each, client: 'crt' },
        bare: { ...each, client: 'bare' },
      };
    },
    rows: ({ sdk, socket }): readonly Row[] => {
      const atP50 = ratio(socket, p50, sdk, p50);
      const atP99 = ratio(socket, p99, sdk, p99);
      const what = 'publish round trip, one in flight';
      return [
        {
          what: `${what}, p50`,
          atLeast: 'at most 0.7 × SDK',
          measured: times(atP50),
          met: atP50 <= 0.7,
          held: [
            { what: `${what}: processor time, to the SDK's`, ratio: leastRatio(socket, cpu, sdk, cpu) },
            { what: `${what}: p50, to the SDK's`, ratio: leastRatio(socket, p50, sdk, p50), isWall: true },
          ],
        },
        { what: `${what}, p99`, atLeast: 'at most 0.7 × SDK', measured: times(atP99), met: atP99 <= 0.7, held: TAIL },
      ];
    },
    figures: ({ sdk, socket, crt, bare }) => {
      const figure = (who: string, samples: typeof sdk): Figure => ({
        what: 'publish round trip, p50 / p99',
        who,
        figure: `${milliseconds(middle(samples, p50))} / ${milliseconds(middle(samples, p99))}`,
        serverBusy: serverBusy(samples),
      });
      return [figure('official SDK', sdk), figure('`crt`', crt), figure('`socket`', socket), figure('bare loop', bare)];
    },
  });
