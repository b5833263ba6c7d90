import type { ChangeJob, ChangeOperator } from '../measures/change.js';
import { experiment, type Experiment, type Figure, middle, ratio, type Row, times, whole } from './experiment.js';
import type { Scale } from './scale.js';

const KEYS = [10, 1_000, 100_000] as const;
const WHO = ['greengrass-rx', 'rxjs'] as const;

/** What RxJS has for each. */
const WITH_RXJS: Readonly<Record<ChangeOperator, string>> = {
  deadband: '`groupBy` + `distinctUntilChanged`',
  'deadband with a heartbeat': '`groupBy` + `distinctUntilChanged` + `auditTime`',
  changeOf: '`groupBy` + `distinctUntilChanged`',
  dedupe: '`groupBy` by duration + `take(1)`',
};
const OPERATORS = Object.keys(WITH_RXJS) as readonly ChangeOperator[];

type Case = `${ChangeOperator}, ${(typeof WHO)[number]}, ${(typeof KEYS)[number]}`;

const each = ({ nanosecondsEach }: { readonly nanosecondsEach: number }): number => nanosecondsEach;
const memory = ({ megabytes }: { readonly megabytes: number }): number => megabytes;

export const change = (scale: Scale): Experiment =>
  experiment(
    'change',
    scale,
  )({
    name: 'change',
    alone: true,
    oneCore: true,
    cases: ({ many }) =>
      Object.fromEntries(
        OPERATORS.flatMap(operator =>
          WHO.flatMap(who =>
            KEYS.map((keys): readonly [Case, ChangeJob] => [`${operator}, ${who}, ${keys}`, { operator, who, keys, messages: many }]),
          ),
        ),
      ) as Record<Case, ChangeJob>,
    rows: (samples): readonly Row[] =>
      OPERATORS.flatMap(operator => {
        const ours = samples[`${operator}, greengrass-rx, 100000`];
        const theirs = samples[`${operator}, rxjs, 100000`];
        const slower = ratio(ours, each, theirs, each);
        const larger = ratio(ours, memory, theirs, memory);
        const what = `\`${operator}\` at 100 000 keys to ${WITH_RXJS[operator]}`.replace(
          /`deadband with a heartbeat`/,
          '`deadband` with a heartbeat',
        );
        return [
          { what: `${what}: time for a reading`, atLeast: 'at most 1 ×', measured: times(slower), met: slower <= 1 },
          { what: `${what}: memory`, atLeast: 'at most 0.5 ×', measured: times(larger), met: larger <= 0.5 },
        ];
      }),
    figures: samples =>
      OPERATORS.flatMap(operator =>
        KEYS.flatMap(keys =>
          WHO.map((who): Figure => {
            const own = samples[`${operator}, ${who}, ${keys}`];
            return {
              what: `a reading of one of ${whole(keys)} sensors, ${operator}; what is remembered`,
              who: who === 'rxjs' ? WITH_RXJS[operator] : who,
              figure: `${middle(own, each).toFixed(0)} ns; ${middle(own, memory).toFixed(keys > 1_000 ? 0 : 2)} MB`,
            };
          }),
        ),
      ),
  });
