/** Whether something given is a promise, or what `await` takes for one. */
export function isPromise(given: unknown): given is PromiseLike<unknown> {
  return typeof given === 'object' && given !== null && 'then' in given && typeof given.then === 'function';
}

/**
 * What a function of the program gave, which is needed at once. An `async` function gives a promise: no number, no key, no message, and as a condition
 * always true.
 *
 * @param what the function, as its option or argument is called.
 * @throws TypeError for a promise. What that rejects with later is not heard of: it would end the process.
 */
export function atOnce<A>(given: A, what: string): A {
  if (!isPromise(given)) return given;
  given.then(undefined, () => undefined);
  throw new TypeError(
    `${what} returned a promise, and what it gives is needed at once: take away its async. Do what takes time before, in a stage of its own: concurrently(n, project).`,
  );
}
