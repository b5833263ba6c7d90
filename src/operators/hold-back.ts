import { asyncScheduler, type MonoTypeOperatorFunction } from 'rxjs';
import { Deadlines } from '../schedule/clock.js';
import { atOnce, checkPositiveTime } from '../shared/check-argument.js';
import { keyedOperator, type KeyedOptions } from './keyed-operator.js';

/** What `deadband`, `narrowband` and `changeOf` have in common. */
export type HoldBackOptions<A> = KeyedOptions<A> & {
  /**
   * Milliseconds of silence of a key, counted from the last of its values that passed, after which its latest value passes whatever it is.
   * If none came in that time, the next one passes: no value passes twice, and a dead sensor stays silent. Default: none.
   */
  readonly heartbeat?: number | undefined;
  /**
   * What happens to the first value of a key, also after a reset or an eviction: it passes (`pass`, the default), or is only compared with
   * (`hold`).
   */
  readonly first?: 'pass' | 'hold' | undefined;
};

/** Which values pass. */
interface Gate<A, L> {
  /** What is compared. */
  readonly levelOf: (value: A) => L;
  /** Whether a level passes, given that of the last value passed on. */
  readonly passes: (last: L, level: L) => boolean;
  /** A value whose level is not usable never passes, and is never compared with. */
  readonly usable?: ((level: L) => boolean) | undefined;
}

/** What is remembered of a key. */
class Held<A, L> {
  /** The level of the last value passed on. */
  last: L;
  /** Nothing came in a whole heartbeat: the next value passes. */
  overdue = false;
  /** The latest value since then, for the heartbeat. */
  latest: { readonly value: A; readonly level: L } | undefined;
  disarm: (() => void) | undefined;

  constructor(last: L) {
    this.last = last;
  }
}

/** Passes the values that differ enough from the last one passed on. */
export function holdBack<A, L>(operator: string, options: HoldBackOptions<A>, gate: Gate<A, L>): MonoTypeOperatorFunction<A> {
  const { heartbeat, first = 'pass', scheduler = asyncScheduler } = options;
  if (heartbeat !== undefined) checkPositiveTime(heartbeat, 'heartbeat');
  const { levelOf, passes, usable = () => true } = gate;

  const comparing = `what ${operator} compares by`;

  return keyedOperator<A, A, Held<A, L>>(operator, options, (destination, states) => {
    const silences = heartbeat === undefined ? undefined : new Deadlines(heartbeat, scheduler);

    const arm = (held: Held<A, L>): void => {
      held.disarm?.();
      held.disarm = silences?.set(() => {
        const { latest } = held;
        if (latest === undefined) held.overdue = true;
        else pass(held, latest.value, latest.level);
      });
    };
    const pass = (held: Held<A, L>, value: A, level: L): void => {
      held.last = level;
      held.overdue = false;
      held.latest = undefined;
      arm(held);
      destination.next(value);
    };
    const keepLatest = (held: Held<A, L>, value: A, level: L): void => {
      if (silences !== undefined) held.latest = { value, level };
    };

    return {
      take: (value, key) => {
        const level = atOnce(levelOf(value), comparing);
        if (!usable(level)) return;
        const known = states.get(key);
        if (known === undefined) {
          const held = new Held<A, L>(level);
          states.set(key, held);
          if (first === 'pass') {
            pass(held, value, level);
          } else {
            keepLatest(held, value, level);
            arm(held);
          }
        } else if (known.overdue || passes(known.last, level)) pass(known, value, level);
        else keepLatest(known, value, level);
      },
      evicted: held => held.disarm?.(),
      forget: () => silences?.stop(),
    };
  });
}
