import { inspect, isDeepStrictEqual } from 'node:util';
import { visible } from '../shared/visible.js';
import { payloadContent, textOf } from './messages.js';

/** A matcher that stands in the place of a value: `expect.any(Number)` of vitest and Jest, and those of this kit. */
export interface AsymmetricMatcher {
  /** Whether a value fits. */
  readonly asymmetricMatch: (actual: unknown) => boolean;
  /** How it wants to be written in a message. */
  readonly toAsymmetricMatcher?: (() => string) | undefined;
}

/**
 * Stands for any object that has at least these members, at any depth: for values of which only a part matters. Bytes are read as the JSON
 * they are, so that it fits the payload of a message too, and a message whose payload it fits.
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
  const matcher: AsymmetricMatcher = {
    asymmetricMatch: actual => differenceOfPart(members, actual) === undefined,
    toAsymmetricMatcher: () => `having ${inspect(withNamedMatchers(members), { depth: 4, breakLength: Infinity, compact: true })}`,
  };
  MEMBERS.set(matcher, members);
  return matcher;
}

/** What {@link having} was given, to say where in a value it does not fit. */
const MEMBERS = new WeakMap<AsymmetricMatcher, object>();

/** Matchers of vitest and Jest say how they want to be written. */
function matcherText(matcher: AsymmetricMatcher): string {
  return matcher.toAsymmetricMatcher === undefined ? inspect(matcher, { compact: true }) : matcher.toAsymmetricMatcher();
}

/** A value for `inspect`, with the matchers in it written as they want to be. */
function withNamedMatchers(value: unknown, depth = 4): unknown {
  if (depth < 0) return value;
  if (isAsymmetric(value)) return { [inspect.custom]: () => matcherText(value) };
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => withNamedMatchers(item, depth - 1));
    return items.some((item, i) => item !== value[i]) ? items : value;
  }
  if (!isPlain(value)) return value;
  const members = Object.entries(value).map(([key, member]) => [key, withNamedMatchers(member, depth - 1)] as const);
  return members.some(([key, member]) => member !== value[key]) ? Object.fromEntries(members) : value;
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
  if (isAsymmetric(expected)) {
    const members = MEMBERS.get(expected);
    if (members !== undefined) return prefixed(path, differenceOfPart(members, actual));
    return expected.asymmetricMatch(actual) ? undefined : differ();
  }
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
export function differenceOfPart(expected: object, received: unknown): Difference | undefined {
  const content = received instanceof Uint8Array ? payloadContent(received) : received;
  const actual = isObject(content) ? content : received;
  if (!isObject(actual)) return { path: '', expected, actual };
  for (const [key, value] of Object.entries(expected) as [string, unknown][]) {
    const there = actual[key];
    const difference =
      isPlain(value) && !isAsymmetric(value) ? prefixed(`.${key}`, differenceOfPart(value, there)) : differenceOf(value, there, `.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function prefixed(path: string, difference: Difference | undefined): Difference | undefined {
  return difference && { ...difference, path: `${path}${difference.path}` };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

export function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** A value in one line of a message, never longer than is readable. */
export function describeValue(value: unknown): string {
  const text = visible(oneLine(value));
  return text.length > 200 ? `${text.slice(0, 197)}...` : text;
}

function oneLine(value: unknown): string {
  if (isEither(value)) {
    return value._tag === 'Right' ? `Right(${oneLine(value.right)})` : `Left(${describeError(value.left)})`;
  }
  if (value instanceof Error) return describeError(value);
  if (value instanceof Uint8Array) return describeBytes(value);
  if (isAsymmetric(value)) return matcherText(value);
  return inspect(withNamedMatchers(withReadableBytes(value)), {
    depth: 4,
    breakLength: Infinity,
    compact: true,
    maxStringLength: 100,
    maxArrayLength: 20,
  });
}

/** Errors are named by tag and first sentence: remedies and stacks are noise here. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return oneLine(error);
  const { name, message } = error;
  const [sentence = ''] = message.split(/\.\s/, 1);
  return sentence === '' ? name : `${name}: ${sentence}`;
}

function describeBytes(bytes: Uint8Array): string {
  const text = textOf(bytes);
  return text === undefined ? `bytes ${Buffer.from(bytes).toString('hex')}` : `bytes of ${inspect(text)}`;
}

/** Payloads inside messages are read as text. */
function withReadableBytes(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !('payload' in value)) return value;
  const { payload } = value;
  return payload instanceof Uint8Array ? { ...value, payload: textOf(payload) ?? payload } : value;
}

/** Whether this is an fp-ts Either. */
export function isEither(
  value: unknown,
): value is { readonly _tag: 'Left'; readonly left: unknown } | { readonly _tag: 'Right'; readonly right: unknown } {
  if (typeof value !== 'object' || value === null || !('_tag' in value)) return false;
  return (value._tag === 'Left' && 'left' in value) || (value._tag === 'Right' && 'right' in value);
}
