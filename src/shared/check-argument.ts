import { inspect } from 'node:util';

/** The value that a text of JSON has. `undefined`: the text is no JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A JSON object, as opposed to a list, a text, a number or null. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value that was read from JSON or YAML is an object with members. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is a list of texts. */
export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string');
}

/** Whether maps and lists lie in one another in more than so many levels. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some(inner => isDeeperThan(inner, levels - 1));
}

/**
 * The member of this name that an object has itself. A name that came from outside may be one that every object inherits, such as
 * `constructor`.
 */
export function ownMember(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Whether a value is a promise, or something that `await` treats as one. */
export function isPromise(given: unknown): given is PromiseLike<unknown> {
  return typeof given === 'object' && given !== null && 'then' in given && typeof given.then === 'function';
}

/**
 * Passes on what a function of the program returned, which is needed at once. An `async` function returns a promise instead, which is no
 * number, no key and no message, and as a condition is always true.
 *
 * @param what the name of the option or argument that the function was given as.
 * @throws TypeError for a promise. If that rejects later, nobody hears of it: it would end the process.
 */
export function atOnce<A>(given: A, what: string): A {
  if (!isPromise(given)) return given;
  given.then(undefined, () => undefined);
  throw new TypeError(
    `${what} returned a promise, and what it gives is needed at once: take away its async. Do what takes time before, in a stage of its own: concurrently(n, project).`,
  );
}

/*
 * Options that are out of range fail where they are written, not at the first outage. Each check takes the value and its name for the
 * error, throws a RangeError, and returns the value.
 */

/** The value must be a finite number, `least` or more. */
export function checkAtLeast(value: number, name: string, least: number): number {
  return Number.isFinite(value) && value >= least ? value : refuse(value, name, `a number of at least ${least}`);
}

/** The value must be a finite number above 0. */
export function checkPositive(value: number, name: string): number {
  return Number.isFinite(value) && value > 0 ? value : refuse(value, name, 'a number above 0');
}

/** The value must be a share of something: above 0, and at most 1. */
export function checkShare(value: number, name: string): number {
  return value > 0 && value <= 1 ? value : refuse(value, name, 'a share from above 0 to 1');
}

/** The value must be a bound for a number of things; `Infinity` is one. */
export function checkBound(value: number, name: string, least: 0 | 1 = 1): number {
  return value >= least ? value : refuse(value, name, `a number from ${least} on`);
}

/** The value must be a whole number from 1 to `most`. */
export function checkWhole(value: number, name: string, most: number = Number.MAX_SAFE_INTEGER): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return value;
  return refuse(value, name, `a whole number from 1 ${most === Number.MAX_SAFE_INTEGER ? 'on' : `to ${most}`}`);
}

/**
 * The value must be a span of time. For all options that are times: `Infinity` is one, and means never; a time that is longer than a timer
 * can be is waited for in pieces.
 */
export function checkTime(value: number, name: string): number {
  return typeof value === 'number' && value >= 0 ? value : refuse(value, name, 'a number of milliseconds from 0 on, or Infinity');
}

/** {@link checkTime} where 0 makes no sense. */
export function checkPositiveTime(value: number, name: string): number {
  return typeof value === 'number' && value > 0 ? value : refuse(value, name, 'a number of milliseconds above 0, or Infinity');
}

/** {@link checkPositiveTime} where time is counted in whole milliseconds. */
export function checkWholeTime(value: number, name: string): number {
  return Number.isSafeInteger(value) && value >= 1 ? value : refuse(value, name, 'a whole number of milliseconds from 1 on');
}

/** The value must be one of these words. Callers in JavaScript have no compiler to tell them, and an environment variable never has one. */
export function checkOneOf<A extends string>(value: string, name: string, allowed: readonly A[]): A {
  const found = allowed.find(each => each === value);
  if (found !== undefined) return found;
  throw new TypeError(`${name} must be ${allowed.map(each => `"${each}"`).join(' or ')}, not ${inspect(value)}.`);
}

/** The value must be a text, of one character at least. */
export function checkText(value: unknown, name: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new TypeError(`${name} must be a text of at least one character, not ${inspect(value)}.`);
}

function refuse(value: unknown, name: string, wanted: string): never {
  throw new RangeError(`${name} must be ${wanted}, and is ${inspect(value)}.`);
}

/**
 * `sizeOf` with its result checked. A size that is not a number would make every sum of sizes NaN and every comparison with a bound false,
 * so that there would be no bound any more.
 */
export function checkedSize<A>(sizeOf: (value: A) => number): (value: A) => number {
  return value => {
    const size = sizeOf(value);
    atOnce(size, 'sizeOf');
    if (typeof size !== 'number' || !(size >= 0 && size < Infinity))
      throw new RangeError(`sizeOf must give a number of bytes from 0 on, and gave ${size}.`);
    return size;
  };
}
