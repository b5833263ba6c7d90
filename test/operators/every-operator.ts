import * as t from 'io-ts';
import { map, type Observable, type OperatorFunction, type SchedulerLike } from 'rxjs';
import { ndjson } from '../../src/codec/index.js';
import type { DeadbandOptions } from '../../src/operators/index.js';
import {
  changeOf,
  collect,
  countWindow,
  deadband,
  dedupe,
  encodeBatches,
  flattenIterable,
  governRate,
  hopping,
  hysteresis,
  Meter,
  narrowband,
  rateOfChange,
  route,
  session,
  sliding,
  tumbling,
} from '../../src/operators/index.js';

export interface Reading {
  readonly id: number;
  readonly key: string;
  readonly level: number;
  readonly at: number;
}

/** What an operator calls, so that a test can make each call throw or leave. */
export interface Calls {
  readonly key: (reading: Reading) => string;
  readonly level: (reading: Reading) => number;
  readonly at: (reading: Reading) => number;
  readonly onEvict: () => void;
}

export interface Setting {
  readonly calls: Calls;
  readonly scheduler: SchedulerLike;
  readonly maxKeys?: number;
  readonly ttl?: number;
  readonly gap$?: Observable<unknown>;
}

/** An operator as the table has it. */
export interface Entry {
  readonly operator: (setting: Setting) => OperatorFunction<Reading, unknown>;
  /** The calls it makes for each value. */
  readonly calls: readonly (keyof Calls)[];
  /** Whether it remembers something per key, and `ttl` may be given. */
  readonly keyed?: boolean;
  /** The values that came out in an element. Left out: it need not let all pass, and says nothing of those it does not. */
  readonly idsOf?: (element: unknown) => readonly number[];
}

const keyedBy = ({ calls, scheduler, maxKeys, ttl, gap$ }: Setting) => ({
  key: calls.key,
  onEvict: calls.onEvict,
  scheduler,
  maxKeys,
  ttl,
  ...(gap$ === undefined ? {} : { onGap: 'reset' as const, gap$ }),
});
const banded = (setting: Setting): DeadbandOptions<Reading> => ({
  ...keyedBy(setting),
  value: setting.calls.level,
  absolute: 1,
  heartbeat: 50,
});
const gathered = (setting: Setting) => {
  const { add, ...rest } = collect<Reading>(10_000);
  return {
    ...keyedBy(setting),
    aggregate: {
      ...rest,
      add: (state: Parameters<typeof add>[0], value: Reading, at: number) => (setting.calls.level(value), add(state, value, at)),
    },
  };
};
const eventTime = ({ calls }: Setting) => ({ timestamp: calls.at, outOfOrder: 5 });
const idOf = (value: unknown): readonly number[] => [(value as Reading).id];
const idsInEither =
  (inRight: (right: unknown) => readonly Reading[]) =>
  (element: unknown): readonly number[] => {
    const either = element as { readonly _tag: string; readonly left: { readonly value: Reading }; readonly right: unknown };
    return (either._tag === 'Left' ? [either.left.value] : inRight(either.right)).map(({ id }) => id);
  };
const idsInWindow = idsInEither(right => (right as { readonly value: readonly Reading[] }).value);
const type = t.type({ id: t.number, key: t.string }) as unknown as t.Type<Reading>;
const windowCalls = ['key', 'level'] as const;
const eventCalls = [...windowCalls, 'at'] as const;

/** Every operator of `greengrass-rx/operators`, by what a test is to call it. */
export const everyOperator: Readonly<Record<string, Entry>> = {
  deadband: { operator: setting => deadband(banded(setting)), calls: ['key', 'level'], keyed: true },
  narrowband: { operator: setting => narrowband(banded(setting)), calls: ['key', 'level'], keyed: true },
  changeOf: {
    operator: setting => changeOf({ ...keyedBy(setting), of: setting.calls.level, heartbeat: 50 }),
    calls: ['key', 'level'],
    keyed: true,
  },
  dedupe: { operator: setting => dedupe({ ...keyedBy(setting), ttl: setting.ttl ?? 100 }), calls: ['key'], keyed: true },
  rateOfChange: {
    operator: setting => rateOfChange({ ...keyedBy(setting), value: setting.calls.level, time: setting.calls.at }),
    calls: eventCalls,
    keyed: true,
  },
  hysteresis: {
    operator: setting => hysteresis({ ...keyedBy(setting), value: setting.calls.level, set: 10, clear: 5, raiseAfter: 50, clearAfter: 50 }),
    calls: ['key', 'level'],
    keyed: true,
  },
  'tumbling by the clock': {
    operator: setting => tumbling({ ...gathered(setting), size: 50 }),
    calls: windowCalls,
    keyed: true,
    idsOf: idsInWindow,
  },
  'session by the clock': {
    operator: setting => session({ ...gathered(setting), gap: 50 }),
    calls: windowCalls,
    keyed: true,
    idsOf: idsInWindow,
  },
  'hopping by the clock': { operator: setting => hopping({ ...gathered(setting), size: 50, hop: 25 }), calls: windowCalls, keyed: true },
  'sliding by the clock': { operator: setting => sliding({ ...gathered(setting), size: 50 }), calls: windowCalls, keyed: true },
  tumbling: {
    operator: setting => tumbling({ ...gathered(setting), size: 50, time: { ...eventTime(setting), idleAfter: 50 } }),
    calls: eventCalls,
    keyed: true,
    idsOf: idsInWindow,
  },
  hopping: {
    operator: setting => hopping({ ...gathered(setting), size: 50, hop: 25, time: { ...eventTime(setting), idleAfter: 50 } }),
    calls: eventCalls,
    keyed: true,
  },
  sliding: {
    operator: setting => sliding({ ...gathered(setting), size: 50, time: { timestamp: setting.calls.at } }),
    calls: eventCalls,
    keyed: true,
  },
  session: {
    operator: setting => session({ ...gathered(setting), gap: 50, time: { ...eventTime(setting), idleAfter: 50 } }),
    calls: eventCalls,
    keyed: true,
    idsOf: idsInWindow,
  },
  countWindow: {
    operator: setting => countWindow({ ...gathered(setting), count: 3 }),
    calls: windowCalls,
    keyed: true,
    idsOf: idsInWindow,
  },
  encodeBatches: {
    operator: ({ scheduler, calls }) => {
      const { part, ...format } = ndjson(type);
      return encodeBatches<Reading>({
        format: { ...format, part: reading => (calls.level(reading), part(reading)) },
        bytes: 200,
        within: 50,
        scheduler,
      });
    },
    calls: ['level'],
    idsOf: idsInEither(right => (right as { readonly values: readonly Reading[] }).values),
  },
  flattenIterable: {
    operator: ({ calls }) => flattenIterable(reading => (calls.level(reading), [reading])),
    calls: ['level'],
    idsOf: idOf,
  },
  governRate: {
    operator: ({ scheduler, calls }) =>
      governRate({ bytesPerSecond: 1_000, sizeOf: reading => (calls.level(reading), 10), buffer: { messages: 100_000 }, scheduler }),
    calls: ['level'],
    idsOf: idsInEither(right => [right as Reading]),
  },
  route: {
    operator: ({ calls }) => {
      const onTopic = (reading: Reading) => {
        calls.level(reading);
        return { ...reading, topicName: reading.id % 2 === 0 ? 'even' : 'odd' };
      };
      return source =>
        source.pipe(
          map(onTopic),
          route(on => [on('even', even$ => even$)], { otherwise: odd$ => odd$ }),
        );
    },
    calls: ['level'],
    idsOf: idOf,
  },
  Meter: {
    operator: ({ calls }) => new Meter().count(reading => ({ topicName: 'readings', payload: String(calls.level(reading)) })),
    calls: ['level'],
    idsOf: idOf,
  },
};
