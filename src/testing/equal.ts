import { inspect, isDeepStrictEqual } from 'node:util';

/** A matcher that stands in the place of a value: `expect.any(Number)` of vitest and Jest, and those of this kit. */
export interface AsymmetricMatcher {
  /** Whether a value fits. */
  readonly asymmetricMatch: (actual: unknown) => boolean;
  /** How it wants to be written in a message. */
  readonly toAsymmetricMatcher?: (() => string) | undefined;
}

/**
 * Stands for any object that has at least these members, at any depth: for values of which only a part matters.
 *
 * @example
 * ```ts
 * import { QOS } from 'greengrass-rx';
 * import { having, marbles } from 'greengrass-rx/testing';
 *
 * marbles(({ nucleus, expectStream }) => {
 *   const outcome$ = nucleus.proxy.publish$({ topicName: 't', payload: '', qos: QOS.AT_LEAST_ONCE });
 *   expectStream(outcome$).toBeMarble('(o|)', { o: having({ by: 'spooler' }) });
 * })();
 * ```
 */
export function having(members: object): AsymmetricMatcher {
  return {
    asymmetricMatch: actual => differenceOfPart(members, actual) === undefined,
    toAsymmetricMatcher: () => `having ${inspect(members, { depth: 4, breakLength: Infinity, compact: true })}`,
  };
}

export function isAsymmetric(value: unknown): value is AsymmetricMatcher {
  return isObject(value) && typeof value['asymmetricMatch'] === 'function';
}

/** Where two values first differ: the path, and what stands there on each side. */
export interface Difference {
  /** Such as `.mean` or `[2].topicName`; empty for the values themselves. */
  readonly path: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

/**
 * The first difference between an expected and an actual value, or `undefined`. Asymmetric matchers may stand anywhere on the expected
 * side; bytes are equal by content, whether in a `Buffer` or a `Uint8Array`; a member that is `undefined` is one that is not there.
 */
export function differenceOf(expected: unknown, actual: unknown, path = ''): Difference | undefined {
  const differ = (): Difference => ({ path, expected, actual });
  if (isAsymmetric(expected)) return expected.asymmetricMatch(actual) ? undefined : differ();
  if (expected instanceof Uint8Array) {
    return actual instanceof Uint8Array && Buffer.compare(expected, actual) === 0 ? undefined : differ();
  }
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return differ();
    for (const [i, item] of expected.entries()) {
      const difference = differenceOf(item, actual[i], `${path}[${i}]`);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  if (isPlain(expected) && isPlain(actual)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      const difference = differenceOf(expected[key], actual[key], `${path}.${key}`);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  return isDeepStrictEqual(expected, actual) ? undefined : differ();
}

/** Whether an object has at least these members, at any depth. */
export function differenceOfPart(expected: object, actual: unknown): Difference | undefined {
  if (!isObject(actual)) return { path: '', expected, actual };
  for (const [key, value] of Object.entries(expected) as [string, unknown][]) {
    const there = actual[key];
    const difference =
      isPlain(value) && !isAsymmetric(value) ? prefixed(key, differenceOfPart(value, there)) : differenceOf(value, there, `.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function prefixed(key: string, difference: Difference | undefined): Difference | undefined {
  return difference && { ...difference, path: `.${key}${difference.path}` };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
