declare const opaque: unique symbol;

/** What an aggregate remembers of the values it was given. Only the aggregate itself can read it. */
export interface AggregateState {
  readonly [opaque]: never;
}

/** The period that a result is for, in milliseconds. */
export interface TimeSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * A result of many values that is computed as they come, without keeping them: what windows are given. Ready-made ones are `count`, `mean`,
 * `percentile` and their kin, `aggregate` takes several at once, and {@link defineAggregate} makes one of your own.
 *
 * Parts of the values may be aggregated separately and then merged, however they are split: so windows that overlap share what they have in
 * common.
 */
export interface Aggregate<in A, out R> {
  /** A state of no values, a fresh one for each call. */
  readonly empty: () => AggregateState;
  /** A state with one more value. May change and return the state it is given. `at` is the value's time in milliseconds. */
  readonly add: (state: AggregateState, value: A, at: number) => AggregateState;
  /**
   * The state of the values of both, those of `left` first. Changes neither, and what it returns shares nothing with them that `add`
   * changes.
   */
  readonly merge: (left: AggregateState, right: AggregateState) => AggregateState;
  /** The result. Changes nothing. Windows ask for it only where there is a value. */
  readonly result: (state: AggregateState, span: TimeSpan) => R;
}

/** The parts of an {@link Aggregate} whose state is an `S`. */
export interface AggregateParts<A, S, R> {
  /** A state of no values, a fresh one for each call. */
  readonly empty: () => S;
  /** A state with one value more. May change and return the one it is given. `at` is the value's time in milliseconds. */
  readonly add: (state: S, value: A, at: number) => S;
  /** The state of the values of both, those of `left` first. Changes neither, and shares with them nothing that `add` changes. */
  readonly merge: (left: S, right: S) => S;
  /** The result. Changes nothing. */
  readonly result: (state: S, span: TimeSpan) => R;
}

/**
 * An aggregate of your own.
 *
 * @param parts `empty` gives a fresh state for each call. `add` may change the state it is given. `merge` changes neither of its arguments,
 * and gives a state that `add` can change without changing them. Keep the state small and of bounded size: there is one for each key and
 * open window.
 *
 * @example
 * ```ts
 * import { defineAggregate, tumbling } from 'greengrass-rx/operators';
 * import { of } from 'rxjs';
 *
 * const product = defineAggregate<number, number, number>({
 *   empty: () => 1,
 *   add: (product, factor) => product * factor,
 *   merge: (left, right) => left * right,
 *   result: product => product,
 * });
 * of(2, 3, 7)
 *   .pipe(tumbling({ size: 1_000, key: 'single', aggregate: product }))
 *   .subscribe(result => console.log(result)); // Right, with value: 42
 * ```
 */
export function defineAggregate<A, S, R>(parts: AggregateParts<A, S, R>): Aggregate<A, R> {
  // The states an aggregate is given are its own, which the compiler, without existential types, cannot be told.
  return parts as unknown as Aggregate<A, R>;
}

/**
 * Several aggregates of the same values as one. Its result has their results by name.
 *
 * @example
 * ```ts
 * import { agg, aggregate, tumbling } from 'greengrass-rx/operators';
 * import { from } from 'rxjs';
 *
 * from([{ celsius: 20 }, { celsius: 23 }])
 *   .pipe(
 *     tumbling({
 *       size: 60_000,
 *       key: 'single',
 *       aggregate: aggregate({ n: agg.count(), mean: agg.mean(r => r.celsius), max: agg.max(r => r.celsius) }),
 *     }),
 *   )
 *   .subscribe(result => console.log(result)); // Right, with value: { n: 2, mean: 21.5, max: 23 }
 * ```
 */
export function aggregate<A, R extends object>(
  struct: Readonly<Record<string, Aggregate<A, unknown>>> & { readonly [N in keyof R]: Aggregate<A, R[N]> },
): Aggregate<A, { readonly [N in keyof R]: R[N] }> {
  const named = Object.entries<Aggregate<A, unknown>>(struct);
  const parts = named.map(([, part]) => part);
  return defineAggregate<A, AggregateState[], { readonly [N in keyof R]: R[N] }>({
    empty: () => parts.map(part => part.empty()),
    add: (states, value, at) => {
      let i = 0;
      for (const part of parts) {
        states[i] = part.add(stateOf(part, states[i]), value, at);
        i++;
      }
      return states;
    },
    merge: (left, right) => parts.map((part, i) => part.merge(stateOf(part, left[i]), stateOf(part, right[i]))),
    result: (states, span) => Object.fromEntries(named.map(([name, part], i) => [name, part.result(stateOf(part, states[i]), span)])) as R,
  });
}

/** A state may itself be `undefined`, as the state of `first` is before the first value. */
function stateOf(part: Aggregate<never, unknown>, state: AggregateState | undefined): AggregateState {
  return state ?? part.empty();
}
