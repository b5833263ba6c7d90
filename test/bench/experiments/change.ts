import type { ChangeJob, ChangeOperator } from '../measures/change.js';
import { experiment, type Experiment, type Figure, leastRatio, middle, ratio, type Row, times, whole } from './experiment.js';
import type { Scale } from './scale.js';

const KEYS = [10, 1_000, 'many'] as const;
type Keys = (typeof KEYS)[number];
const countOf = (keys: Keys, { manyKeys }: Scale): number => (keys === 'many' ? manyKeys : keys);
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
const least = ({ leastEach }: { readonly leastEach: number }): number => leastEach;
const memory = ({ megabytes }: { readonly megabytes: number }): number => megabytes;

export const change = (scale: Scale): Experiment =>
  experiment(
    'change',
    scale,
  )({
    name: 'change',
    alone: true,
    oneCore: true,
    held: OPERATORS.flatMap(operator => WHO.map((who): Case => `${operator}, ${who}, many`)),
    cases: scale =>
      Object.fromEntries(
        OPERATORS.flatMap(operator =>
          WHO.flatMap(who =>
            KEYS.map((keys): readonly [Case, ChangeJob] => [
              `${operator}, ${who}, ${keys}`,
              { operator, who, keys: countOf(keys, scale), messages: scale.changes },
            ]),
          ),
        ),
      ) as Record<Case, ChangeJob>,
    rows: (samples, { manyKeys }): readonly Row[] =>
      OPERATORS.flatMap(operator => {
        const ours = samples[`${operator}, greengrass-rx, many`];
        const theirs = samples[`${operator}, rxjs, many`];
        const slower = ratio(ours, each, theirs, each);
        const larger = ratio(ours, memory, theirs, memory);
        const what = `\`${operator}\` at ${whole(manyKeys)} keys to ${WITH_RXJS[operator]}`.replace(
          /`deadband with a heartbeat`/,
          '`deadband` with a heartbeat',
        );
        return [
          {
            what: `${what}: time for a reading`,
            atLeast: 'at most 1 ×',
            measured: times(slower),
            met: slower <= 1,
            held: [{ what: `${what}: processor time for a reading`, ratio: leastRatio(ours, least, theirs, least) }],
          },
          {
            what: `${what}: memory`,
            atLeast: 'at most 0.5 ×',
            measured: times(larger),
            met: larger <= 0.5,
            held: [{ what: `${what}: memory`, ratio: leastRatio(ours, memory, theirs, memory) }],
          },
        ];
      }),
    figures: (samples, scale) =>
      OPERATORS.flatMap(operator =>
        KEYS.flatMap(keys =>
          WHO.map((who): Figure => {
            const own = samples[`${operator}, ${who}, ${keys}`];
            return {
              what: `a reading of one of ${whole(countOf(keys, scale))} sensors, ${operator}; what is remembered`,
              who: who === 'rxjs' ? WITH_RXJS[operator] : who,
              figure: `${middle(own, each).toFixed(0)} ns; ${middle(own, memory).toFixed(keys === 'many' ? 0 : 2)} MB`,
            };
          }),
        ),
      ),
  });
