import { inspect } from 'node:util';

/** A JSON object, as opposed to a list, a text, a number or null. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value that was read from JSON or YAML is an object with members. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The member of this name that an object has itself: a name that came from outside may be that of something every object inherits. */
export function ownMember(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

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

/*
 * Options that are out of range fail where they are written, not at the first outage. Each check takes the value and what to call it, throws a
 * RangeError, and gives the value back.
 */

/** Refuses what is no finite number of at least `least`. */
export function checkAtLeast(value: number, name: string, least: number): number {
  return Number.isFinite(value) && value >= least ? value : refuse(value, name, `a number of at least ${least}`);
}

/** Refuses what is no finite number above 0. */
export function checkPositive(value: number, name: string): number {
  return Number.isFinite(value) && value > 0 ? value : refuse(value, name, 'a number above 0');
}

/** Refuses what is no share of something. */
export function checkShare(value: number, name: string): number {
  return value > 0 && value <= 1 ? value : refuse(value, name, 'a share from above 0 to 1');
}

/** Refuses what is no bound for a number of things; `Infinity` is one. */
export function checkBound(value: number, name: string, least: 0 | 1 = 1): number {
  return value >= least ? value : refuse(value, name, `a number from ${least} on`);
}

/** Refuses what is no whole number from 1 to `most`. */
export function checkWhole(value: number, name: string, most: number = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
  return refuse(value, name, `a whole number from 1 ${most === Number.MAX_SAFE_INTEGER ? 'on' : `to ${most}`}`);
}

/**
 * Refuses what is no span of time. For all options that are times: `Infinity` is one, and means never; what is more than a timer can wait
 * is waited in pieces.
 */
export function checkTime(value: number, name: string): number {
  return typeof value === 'number' && value >= 0 ? value : refuse(value, name, 'a number of milliseconds from 0 on, or Infinity');
}

/** {@link checkTime} where no time at all makes no sense. */
export function checkPositiveTime(value: number, name: string): number {
  return typeof value === 'number' && value > 0 ? value : refuse(value, name, 'a number of milliseconds above 0, or Infinity');
}

/** {@link checkPositiveTime} where time is counted in pieces of whole milliseconds. */
export function checkWholeTime(value: number, name: string): number {
  return Number.isSafeInteger(value) && value >= 1 ? value : refuse(value, name, 'a whole number of milliseconds from 1 on');
}

/**
 * Refuses what is not one of the words that there are. Callers in JavaScript have no compiler to tell them, and a variable of the
 * environment has none at all.
 */
export function checkOneOf<A extends string>(value: string, name: string, allowed: readonly A[]): A {
  const found = allowed.find(each => each === value);
  if (found !== undefined) return found;
  throw new TypeError(`${name} must be ${allowed.map(each => `"${each}"`).join(' or ')}, not ${inspect(value)}.`);
}

function refuse(value: unknown, name: string, wanted: string): never {
  throw new RangeError(`${name} must be ${wanted}, and is ${inspect(value)}.`);
}
