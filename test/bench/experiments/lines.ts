import { LINES_AT_ONCE } from '../topics.js';
import {
  experiment,
  type Experiment,
  type Figure,
  megabytes,
  middle,
  type Row,
  type Samples,
  serverBusy,
  times,
  whole,
} from './experiment.js';
import type { Scale } from './scale.js';

const MAX_GROWTH = 64;

/** How many lines each side counts, so that one that is missing can be looked for. */
function accountOf({ accepted, server }: Samples<'lines'>[number]): string {
  const { lines } = server ?? {};
  const atServer = lines === undefined ? 'says nothing' : `took ${lines.accepted}, ${lines.unexpected} of them again`;
  return `the client counted ${accepted}, the server ${atServer}`;
}

export const lines = (scale: Scale): Experiment =>
  experiment(
    'lines',
    scale,
  )({
    name: 'file',
    held: ['socket'],
    once: ['crt'],
    cases: ({ lines }) => ({ socket: { transport: 'socket', lines }, crt: { transport: 'crt', lines } }),
    rows: ({ socket, crt }, { lines }): readonly Row[] => {
      const all = [...socket, ...crt];
      const complete = all.every(
        ({ accepted, server }) => accepted === lines && server?.lines.accepted === lines && server.lines.unexpected === 0,
      );
      const refused = all.reduce((sum, { failed, server }) => sum + failed + (server?.lines.refused ?? 0), 0);
      const growth = Math.max(...socket.map(sample => Math.max(sample.growthInFirstHalf, sample.growthInSecondHalf)));
      const secondToFirst = (s: Samples<'lines'>[number]): number =>
        (s.idleMegabytes + s.growthInSecondHalf) / (s.idleMegabytes + s.growthInFirstHalf);
      const second = middle(socket, secondToFirst);
      const what = `a file of ${whole(lines)} lines through \`publishWritable\`, the server taking ${LINES_AT_ONCE} at a time`;
      return [
        {
          what: `${what}, both transports`,
          atLeast: 'all accepted once, none refused',
          measured: `${complete ? 'all' : `NOT all (${all.map(accountOf).join('; ')})`}, ${refused} refused`,
          met: complete && refused === 0,
        },
        {
          what: `${what}: memory over idle, peak`,
          atLeast: `at most ${MAX_GROWTH} MB`,
          measured: megabytes(growth),
          met: growth <= MAX_GROWTH,
        },
        {
          what: `${what}: memory at its peak, second half to first`,
          atLeast: 'at most 1.2 ×',
          measured: times(second),
          met: second <= 1.2,
          held: [
            {
              what: 'a file of lines through `publishWritable`: memory at its peak, second half to first',
              ratio: Math.min(...socket.map(secondToFirst)),
            },
          ],
        },
      ];
    },
    figures: ({ socket, crt }) => {
      const figure = (who: string, samples: typeof socket): Figure => ({
        what: 'lines of a file, memory growth in the first and second half',
        who,
        figure: `${whole(middle(samples, sample => sample.perSecond))}/s, ${megabytes(middle(samples, sample => sample.growthInFirstHalf))}, ${megabytes(
          middle(samples, sample => sample.growthInSecondHalf),
        )}`,
        serverBusy: serverBusy(samples),
      });
      return [figure('`socket`', socket), figure('`crt`', crt)];
    },
  });
