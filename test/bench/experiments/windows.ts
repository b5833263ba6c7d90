import type { WindowsJob } from '../measures/windows.js';
import { experiment, type Experiment, type Figure, middle, ratio, type Row, times, whole } from './experiment.js';
import type { Scale } from './scale.js';

const KEYS = [10, 1_000, 100_000] as const;
const WHO = ['tumbling', 'session', 'rxjs'] as const;
const LENGTHS = ['hopping', 'sliding'] as const;
/** Ten seconds, ten minutes, an hour. */
const SIZES = [10_000, 600_000, 3_600_000] as const;
const WITH_RXJS = '`groupBy` + `bufferTime`';

type Case = `${(typeof WHO)[number]}, ${(typeof KEYS)[number]}` | `${(typeof LENGTHS)[number]}, ${(typeof SIZES)[number]}`;

const each = ({ nanosecondsEach }: { readonly nanosecondsEach: number }): number => nanosecondsEach;
const memory = ({ megabytes }: { readonly megabytes: number }): number => megabytes;

export const windows = (scale: Scale): Experiment =>
  experiment(
    'windows',
    scale,
  )({
    name: 'windows',
    alone: true,
    oneCore: true,
    cases: ({ many }) =>
      Object.fromEntries([
        ...WHO.flatMap(who => KEYS.map((keys): readonly [Case, WindowsJob] => [`${who}, ${keys}`, { who, keys, messages: many }])),
        ...LENGTHS.flatMap(who => SIZES.map((size): readonly [Case, WindowsJob] => [`${who}, ${size}`, { who, size, messages: many }])),
      ]) as Record<Case, WindowsJob>,
    rows: (samples): readonly Row[] => [
      ...KEYS.flatMap((keys): readonly Row[] => {
        const [ours, theirs] = [samples[`tumbling, ${keys}`], samples[`rxjs, ${keys}`]];
        const slower = ratio(ours, each, theirs, each);
        const larger = ratio(ours, memory, theirs, memory);
        const what = `\`tumbling\` at ${whole(keys)} keys to ${WITH_RXJS}`;
        const time = { what: `${what}: time for a reading`, atLeast: 'at most 1 ×', measured: times(slower), met: slower <= 1 };
        const kept = { what: `${what}: memory of an open window`, atLeast: 'at most 0.5 ×', measured: times(larger), met: larger <= 0.5 };
        // What ten keys keep is too little to be read off the heap.
        return keys === 10 ? [time] : [time, kept];
      }),
      ...LENGTHS.map((who): Row => {
        const growth = ratio(samples[`${who}, 3600000`], each, samples[`${who}, 10000`], each);
        const what = `cost of a reading in \`${who}\` windows of an hour to those of ten seconds`;
        return { what, atLeast: 'at most 1.2 ×', measured: times(growth), met: growth <= 1.2 };
      }),
    ],
    figures: samples => [
      ...KEYS.flatMap(keys =>
        WHO.map((who): Figure => {
          const own = samples[`${who}, ${keys}`];
          return {
            what: `a reading of one of ${whole(keys)} sensors, in a window with count, mean and maximum; what the open window keeps`,
            who: who === 'rxjs' ? WITH_RXJS : `\`${who}\``,
            figure: `${middle(own, each).toFixed(0)} ns; ${middle(own, memory).toFixed(keys > 1_000 ? 0 : 2)} MB`,
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
