import type { Observable, Subscription } from 'rxjs';

/** A subscription with all it has brought, and a way to wait for what it brings. */
export interface Recorded<T> {
  readonly values: readonly T[];
  /** Resolves with the first value, by now or later, that fits. Rejects when the stream ends without. */
  readonly first: (fits: (value: T) => boolean) => Promise<T>;
  /** Resolves with the values when there are this many. */
  readonly take: (count: number) => Promise<readonly T[]>;
  /** Resolves with all values at completion; rejects with the stream's error. */
  readonly all: () => Promise<readonly T[]>;
  readonly subscription: Subscription;
}

/** Subscribes and records. */
export function record<T>(source$: Observable<T>, onValue: (value: T) => void = () => undefined): Recorded<T> {
  const values: T[] = [];
  const lookers = new Set<() => void>();
  let end: 'complete' | Error | undefined;
  const look = (): void => {
    for (const looker of lookers) looker();
  };
  const subscription = source$.subscribe({
    next: value => {
      values.push(value);
      onValue(value);
      look();
    },
    error: (error: unknown) => {
      end = error instanceof Error ? error : new Error(String(error));
      look();
    },
    complete: () => {
      end = 'complete';
      look();
    },
  });
  const until = <R>(found: () => R | undefined): Promise<R> =>
    new Promise((resolve, reject) => {
      const looker = (): void => {
        const result = found();
        if (result !== undefined) resolve(result);
        else if (end !== undefined) reject(end instanceof Error ? end : new Error(`it ended after ${JSON.stringify(values.slice(-5))}`));
        else return;
        lookers.delete(looker);
      };
      lookers.add(looker);
      looker();
    });
  return {
    values,
    first: async fits => {
      const { value } = await until(() => {
        const index = values.findIndex(fits);
        const value = values[index];
        return index === -1 || value === undefined ? undefined : { value };
      });
      return value;
    },
    take: count => until(() => (values.length < count ? undefined : values.slice(0, count))),
    all: () => until(() => (end === 'complete' ? values : undefined)),
    subscription,
  };
}
