import { asyncScheduler, type OperatorFunction } from 'rxjs';
import { Deadlines } from '../schedule/clock.js';
import { atOnce, checkTime } from '../shared/check-argument.js';
import { keyedOperator, type KeyedOptions } from './keyed-operator.js';

interface Transition<A> {
  /** Whose alarm it is; `single` where there are no keys. */
  readonly key: string;
  /** The latest value, and the number in it. */
  readonly value: A;
  readonly level: number;
}

/** An alarm has been raised. */
export interface AlarmRaised<A> extends Transition<A> {
  readonly state: 'raised';
  /** `unknown`: it is the first state of this key since the start, a reset or an eviction. */
  readonly from: 'cleared' | 'unknown';
}

/** An alarm has been cleared. */
export interface AlarmCleared<A> extends Transition<A> {
  readonly state: 'cleared';
  /** `unknown`: it is the first state of this key. The alarm may have been raised when the component last ran. */
  readonly from: 'raised' | 'unknown';
}

/** What {@link hysteresis} emits; `state` tells which. */
export type AlarmTransition<A> = AlarmRaised<A> | AlarmCleared<A>;

/** How {@link hysteresis} decides. */
export type HysteresisOptions<A> = KeyedOptions<A> & {
  /** The number in a value. */
  readonly value: (value: A) => number;
  /** Where the alarm is raised: at this level or beyond. Above `clear` for an alarm of too much, below it for one of too little. */
  readonly set: number;
  /** Where the alarm is cleared: at this level or beyond, on the other side. */
  readonly clear: number;
  /** Milliseconds for which every value must be at `set` or beyond before the alarm is raised. Default 0: at once. */
  readonly raiseAfter?: number | undefined;
  /** Milliseconds for which every value must be at `clear` or beyond before the alarm is cleared. Default 0: at once. */
  readonly clearAfter?: number | undefined;
  /** What happens to the first state of a key if that is `cleared`: it is emitted (`pass`, the default), or not (`hold`). */
  readonly first?: 'pass' | 'hold' | undefined;
};

interface Alarm<A> {
  state: AlarmTransition<A>['state'] | 'unknown';
  /** The new state whose delay is not over yet, with the latest value. */
  pending: { readonly state: AlarmTransition<A>['state']; value: A; level: number; readonly cancel: () => void } | undefined;
}

/** The state that a level means. Between the thresholds it means neither. */
function stateAt(set: number, clear: number): (level: number) => AlarmTransition<unknown>['state'] | undefined {
  if (set > clear) return level => (level >= set ? 'raised' : level <= clear ? 'cleared' : undefined);
  return level => (level <= set ? 'raised' : level >= clear ? 'cleared' : undefined);
}

/**
 * Turns values into alarms, per key: raised at one threshold and cleared at another, so that a value that trembles around a limit makes one
 * alarm and not a hundred. Emits the transitions only.
 *
 * - *Too much or too little*: `set` above `clear` is an alarm of too much, below it one of too little. Both thresholds themselves count.
 *   For both, merge two.
 * - *Delays*: with `raiseAfter` an alarm is raised when all values have been at `set` or beyond for so long; one in between, or beyond
 *   `clear`, begins the time anew. It is then raised by the clock, with the latest value, whether or not another comes. `clearAfter` is the
 *   same for clearing.
 * - *The first state* of each key is emitted too, `from: 'unknown'`, also when it is `cleared`: a component that was stopped while an alarm
 *   was raised would otherwise leave it raised in the cloud. A first value between the thresholds decides nothing.
 * - *`NaN`* says nothing: it changes no state and interrupts no delay. Infinities are beyond every threshold.
 *
 * Completes with the source; an alarm that still waits for its delay is not emitted. Errors of the source, and what `key`, `value` or
 * `onEvict` throws, go to the error channel. Looks at no time of the values: late ones count as they come.
 *
 * Memory: a state per key, and a value while a delay runs; at most `maxKeys` (10 000) keys, and none for longer than `ttl`. An evicted key
 * begins anew, from `unknown`.
 *
 * Source: ANSI/ISA-18.2 and EEMUA 191 for the deadband and the on and off delays of alarms.
 *
 * @example
 * ```ts
 * import { hysteresis } from 'greengrass-rx/operators';
 * import { from } from 'rxjs';
 *
 * from([70, 81, 79, 82, 74])
 *   .pipe(hysteresis({ key: 'single', value: celsius => celsius, set: 80, clear: 75 }))
 *   .subscribe(alarm => console.log(alarm.state, alarm.level)); // cleared 70, raised 81, cleared 74
 * ```
 */
export function hysteresis<A>(options: HysteresisOptions<NoInfer<A>>): OperatorFunction<A, AlarmTransition<A>> {
  const { value: levelOf, set, clear, raiseAfter = 0, clearAfter = 0, first = 'pass', scheduler = asyncScheduler } = options;
  if (!(set > clear || set < clear))
    throw new RangeError(
      `set and clear must be two different numbers, not ${set} and ${clear}: their distance keeps an alarm from trembling.`,
    );
  checkTime(raiseAfter, 'raiseAfter');
  checkTime(clearAfter, 'clearAfter');
  const stateOf = stateAt(set, clear);

  return keyedOperator<A, AlarmTransition<A>, Alarm<A>>('hysteresis', options, (destination, states) => {
    const delays = {
      raised: raiseAfter === 0 ? undefined : new Deadlines(raiseAfter, scheduler),
      cleared: clearAfter === 0 ? undefined : new Deadlines(clearAfter, scheduler),
    };

    const enter = (alarm: Alarm<A>, state: AlarmTransition<A>['state'], at: Transition<A>): void => {
      const from = alarm.state;
      alarm.state = state;
      if (state === 'raised' && from !== 'raised') destination.next({ state, from, ...at });
      else if (state === 'cleared' && from !== 'cleared' && (from === 'raised' || first === 'pass'))
        destination.next({ state, from, ...at });
    };
    const cancel = (alarm: Alarm<A>): void => {
      alarm.pending?.cancel();
      alarm.pending = undefined;
    };
    const wait = (delay: Deadlines, key: string, alarm: Alarm<A>, state: AlarmTransition<A>['state'], value: A, level: number): void => {
      const cancel = delay.set(() => {
        const { pending } = alarm;
        alarm.pending = undefined;
        if (pending !== undefined) enter(alarm, state, { key, value: pending.value, level: pending.level });
      });
      alarm.pending = { state, value, level, cancel };
    };

    return {
      take: (value, key) => {
        const level = atOnce(levelOf(value), 'value');
        // It may not really be a number: `null` would be compared as 0, and a text as the number in it.
        if (typeof level !== 'number' || Number.isNaN(level)) return;
        let alarm = states.get(key);
        if (alarm === undefined) {
          alarm = { state: 'unknown', pending: undefined };
          states.set(key, alarm);
        }
        const state = stateOf(level);
        if (alarm.pending !== undefined && alarm.pending.state === state) {
          alarm.pending.value = value;
          alarm.pending.level = level;
          return;
        }
        cancel(alarm);
        if (state === undefined || state === alarm.state) return;
        const delay = delays[state];
        if (delay === undefined) enter(alarm, state, { key, value, level });
        else wait(delay, key, alarm, state, value, level);
      },
      evicted: cancel,
      forget: () => {
        delays.raised?.stop();
        delays.cleared?.stop();
      },
    };
  });
}
