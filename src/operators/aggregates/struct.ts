import { defineAggregate, type Aggregate, type AggregateState } from './aggregate.js';

/**
 * Several aggregates of the same values as one, whose result has their results by name.
 *
 * @example
 * ```ts
 * import { agg, aggregate, tumbling } from 'greengrass-rx/operators';
 * import { from } from 'rxjs';
 *
 * from([{ celsius: 20 }, { celsius: 23 }])
 *   .pipe(tumbling({ size: 60_000, key: 'single', aggregate: aggregate({ n: agg.count(), mean: agg.mean(r => r.celsius), max: agg.max(r => r.celsius) }) }))
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

/** A state may itself be `undefined`, as that of `first` of no values is. */
function stateOf(part: Aggregate<never, unknown>, state: AggregateState | undefined): AggregateState {
  return state ?? part.empty();
}
