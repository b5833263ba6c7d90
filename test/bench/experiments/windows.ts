import type { WindowsJob } from '../measures/windows.js';
import { experiment, type Experiment, type Figure, leastRatio, middle, ratio, type Row, times, whole } from './experiment.js';
import type { Scale } from './scale.js';

const KEYS = [10, 1_000, 'many'] as const;
type Keys = (typeof KEYS)[number];
const countOf = (keys: Keys, { manyKeys }: Scale): number => (keys === 'many' ? manyKeys : keys);
const WHO = ['tumbling', 'session', 'rxjs'] as const;
const LENGTHS = ['hopping', 'sliding'] as const;
/** Ten seconds, ten minutes, an hour. */
const SIZES = [10_000, 600_000, 3_600_000] as const;
const WITH_RXJS = '`groupBy` + `bufferTime`';

type Case = `${(typeof WHO)[number]}, ${(typeof KEYS)[number]}` | `${(typeof LENGTHS)[number]}, ${(typeof SIZES)[number]}`;

const each = ({ nanosecondsEach }: { readonly nanosecondsEach: number }): number => nanosecondsEach;
const least = ({ leastEach }: { readonly leastEach: number }): number => leastEach;
const memory = ({ megabytes }: { readonly megabytes: number }): number => megabytes;

export const windows = (scale: Scale): Experiment =>
  experiment(
    'windows',
    scale,
  )({
    name: 'windows',
    alone: true,
    oneCore: true,
    held: [
      ...KEYS.flatMap(keys => [`tumbling, ${keys}`, `rxjs, ${keys}`] as const),
      ...LENGTHS.flatMap(who => [`${who}, 10000`, `${who}, 3600000`] as const),
    ],
    cases: scale =>
      Object.fromEntries([
        ...WHO.flatMap(who =>
          KEYS.map((keys): readonly [Case, WindowsJob] => [
            `${who}, ${keys}`,
            { who, keys: countOf(keys, scale), messages: scale.changes },
          ]),
        ),
        ...LENGTHS.flatMap(who =>
          SIZES.map((size): readonly [Case, WindowsJob] => [`${who}, ${size}`, { who, size, messages: scale.changes }]),
        ),
      ]) as Record<Case, WindowsJob>,
    rows: (samples, scale): readonly Row[] => [
      ...KEYS.flatMap((keys): readonly Row[] => {
        const [ours, theirs] = [samples[`tumbling, ${keys}`], samples[`rxjs, ${keys}`]];
        const slower = ratio(ours, each, theirs, each);
        const larger = ratio(ours, memory, theirs, memory);
        const what = `\`tumbling\` at ${whole(countOf(keys, scale))} keys to ${WITH_RXJS}`;
        const time = {
          what: `${what}: time for a reading`,
          atLeast: 'at most 1 ×',
          measured: times(slower),
          met: slower <= 1,
          held: [{ what: `${what}: processor time for a reading`, ratio: leastRatio(ours, least, theirs, least) }],
        };
        const kept = {
          what: `${what}: memory of an open window`,
          atLeast: 'at most 0.5 ×',
          measured: times(larger),
          met: larger <= 0.5,
          held: [{ what: `${what}: memory of an open window`, ratio: leastRatio(ours, memory, theirs, memory) }],
        };
        // What ten keys keep is too little to be read off the heap.
        return keys === 10 ? [time] : [time, kept];
      }),
      ...LENGTHS.map((who): Row => {
        const [long, short] = [samples[`${who}, 3600000`], samples[`${who}, 10000`]];
        const growth = ratio(long, each, short, each);
        const what = `cost of a reading in \`${who}\` windows of an hour to those of ten seconds`;
        const held = [
          {
            what: `processor time of a reading in \`${who}\` windows of an hour to those of ten seconds`,
            ratio: leastRatio(long, least, short, least),
          },
        ];
        return { what, atLeast: 'at most 1.2 ×', measured: times(growth), met: growth <= 1.2, held };
      }),
    ],
    figures: (samples, scale) => [
      ...KEYS.flatMap(keys =>
        WHO.map((who): Figure => {
          const own = samples[`${who}, ${keys}`];
          return {
            what: `a reading of one of ${whole(countOf(keys, scale))} sensors, in a window with count, mean and maximum; what the open window keeps`,
            who: who === 'rxjs' ? WITH_RXJS : `\`${who}\``,
            figure: `${middle(own, each).toFixed(0)} ns; ${middle(own, memory).toFixed(keys === 'many' ? 0 : 2)} MB`,
          };
        }),
      ),
      ...LENGTHS.flatMap(who =>
        SIZES.map((size): Figure => {
          const own = samples[`${who}, ${size}`];
          return {
            what: `a reading, ten a second, in a window of ${whole(size / 1_000)} s in panes of 1 s; what the window keeps`,
            who: `\`${who}\``,
            figure: `${middle(own, each).toFixed(0)} ns; ${middle(own, memory).toFixed(2)} MB`,
          };
        }),
      ),
    ],
  });
