import { promiseHooks } from 'node:v8';

/** Where a promise was first awaited, if one was: virtual time does not wait for it. */
export interface AwaitedPromise {
  readonly at: number;
  /** Where in the program: one line of a stack. */
  readonly place: string | undefined;
}

/** Does the work, which must be synchronous, and watches for promises that something waits for. */
export function watchPromises(work: () => void, now: () => number): AwaitedPromise | undefined {
  let first: AwaitedPromise | undefined;
  // A promise with a parent is what `then` and `await` make. One without has been made, which harms nothing yet.
  const stop = promiseHooks.onInit((_promise, parent: unknown) => {
    if (parent !== undefined) first ??= { at: now(), place: placeOf(new Error().stack ?? '') };
  }) as () => void;
  try {
    work();
  } finally {
    stop();
  }
  return first;
}

/** The first line of a stack that belongs neither to this kit nor to a dependency. */
function placeOf(stack: string): string | undefined {
  const lines = stack
    .split('\n')
    .slice(1)
    .map(line => line.trim().replace(/^at /, ''));
  return lines.find(
    line => !/node_modules|node:|[\\/]testing[\\/](awaited-promises|marbles|session)\.[jt]s/.test(line) && line.includes(':'),
  );
}
