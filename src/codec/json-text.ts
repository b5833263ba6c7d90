import { isDate } from 'node:util/types';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import type { Type } from 'io-ts';
import { EncodeFailed } from '../errors/errors.js';
import { atOnce } from '../shared/check-argument.js';
import { causeOf, type DecodeProblems, describe, MAX_PROBLEMS, pathOf, problem, shorten } from './codec.js';

/** A text with a forbidden key contains the key itself, or an escape (`\u0040` to `\u007f`) that may stand for a letter of it. */
const MAY_HIDE_A_KEY = /__proto__|constructor|\\u00[4-7]/u;

function owns(value: object, key: string): boolean {
  return Object.prototype.hasOwnProperty.call(value, key);
}

interface Place {
  readonly value: object;
  readonly key: string;
  readonly parent: Place | undefined;
}

function problemAt(place: Place, key: string): string {
  const keys = [key];
  for (let at = place; at.parent !== undefined; at = at.parent) keys.push(at.key);
  keys.reverse();
  return `${pathOf(keys)}: expected no such key, got one that reaches for a prototype`;
}

/** Whether the prototype of a value is that of a class, or `null`. Any other is an ordinary object that a payload has made a prototype. */
function hasPrototypeOfItsOwn(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype || prototype === Array.prototype) return true;
  if (typeof prototype !== 'object' || !owns(prototype, 'constructor')) return false;
  const { constructor } = prototype;
  return typeof constructor === 'function' && constructor.prototype === prototype;
}

/** The members of a parsed value, with their keys. A typed array has none that could hold anything. */
function membersOf(value: object): Iterable<readonly [key: unknown, member: unknown]> {
  return ArrayBuffer.isView(value) ? [] : value instanceof Map ? (value as ReadonlyMap<unknown, unknown>) : Object.entries(value);
}

/**
 * Says so if a key in a value would give it, or a copy of it, another prototype. `JSON.parse` makes a harmless own property of
 * `"__proto__"`, but `Object.assign` and io-ts' intersections then assign it; other parsers assign it themselves.
 */
export function forbiddenKey(parsed: unknown): string | undefined {
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  // A list instead of recursion, since the sender decides how deep the value is. Some formats have references, and with them cycles.
  const seen = new Set<object>([parsed]);
  const pending: Place[] = [{ value: parsed, key: '', parent: undefined }];
  for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
    if (owns(place.value, '__proto__') || !hasPrototypeOfItsOwn(place.value)) return problemAt(place, '__proto__');
    for (const [name, value] of membersOf(place.value)) {
      if (typeof value !== 'object' || value === null || seen.has(value)) continue;
      const key = typeof name === 'string' || typeof name === 'number' ? String(name) : '…';
      if (key === 'constructor' && owns(value, 'prototype')) return problemAt(place, 'constructor');
      seen.add(value);
      pending.push({ value, key, parent: place });
    }
  }
  return undefined;
}

/** {@link forbiddenKey} for JSON. The value is looked at only if the text contains such a word. */
export function forbiddenKeyIn(source: string, parsed: unknown): string | undefined {
  return MAY_HIDE_A_KEY.test(source) ? forbiddenKey(parsed) : undefined;
}

/** What is done with numbers that JavaScript cannot represent as they are written. */
export interface JsonOptions {
  /**
   * What is done with a number in a payload that JavaScript cannot represent: an integer beyond 2^53 that would become another one, such as
   * a 64-bit id, and a number that is too large, such as `1e400`.
   * - `refuse` (default): the payload is a `Left` that names it.
   * - `round`: it becomes the nearest number there is, or `Infinity`, as with `JSON.parse`.
   * - `text`: the io-ts codec is given its text, such as `'9007199254740993'`.
   */
  readonly inexactNumbers?: 'refuse' | 'round' | 'text' | undefined;
}

interface Inexact {
  readonly text: string;
  readonly at: number;
  readonly path: string;
}

/**
 * A text with such a number contains more digits than a double can tell apart, or a large exponent. Both patterns begin with a digit, which
 * makes the search nearly twice as quick; it goes over every payload.
 */
const MAY_BE_INEXACT = /\d(?:\d{15}|[eE]\+?\d{3})/u;
/** The tokens of JSON that is known to be valid: strings, numbers, brackets and commas. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*|[{}[\],]/gu;
const FRACTION_OR_EXPONENT = /[.eE]/u;

/**
 * Whether JavaScript can represent a number of JSON. A fraction always becomes the nearest number. An integer may be beyond 2^53 if
 * JavaScript writes the same digits for it: `100000000000000000000` is 1e20.
 */
function isHeld(literal: string): boolean {
  const value = Number(literal);
  if (!Number.isFinite(value)) return false;
  if (Number.isSafeInteger(value) || FRACTION_OR_EXPONENT.test(literal)) return true;
  const digits = literal.replace(/^-|0+$/gu, '');
  return digits === value.toExponential().replace(/^-|\.|e.*$/gu, '') || BigInt(literal) === BigInt(value);
}

/** Where reading has come to: to an index of a list, or to a key of an object. */
interface Level {
  readonly isList: boolean;
  index: number;
  key: string;
  /** In an object: the next text is a key. */
  keyed: boolean;
}

/** All such numbers in a text of JSON, in their order. */
function inexactIn(source: string): readonly Inexact[] {
  const found: Inexact[] = [];
  const levels: Level[] = [];
  for (const { 0: token, index: at } of source.matchAll(TOKEN)) {
    const level = levels.at(-1);
    if (token === '{' || token === '[') levels.push({ isList: token === '[', index: 0, key: '', keyed: false });
    else if (token === '}' || token === ']') levels.pop();
    else if (token === ',') {
      if (level !== undefined) {
        level.index++;
        level.keyed = false;
      }
    } else if (token.startsWith('"')) {
      if (level === undefined || level.isList || level.keyed) continue;
      level.key = token.slice(1, -1);
      level.keyed = true;
    } else if (!isHeld(token)) {
      const keys = levels.map(({ isList, index, key }) => (isList ? String(index) : keyOf(key)));
      found.push({ text: token, at, path: pathOf(keys) });
    }
  }
  return found;
}

function keyOf(escaped: string): string {
  return escaped.includes('\\') ? String(JSON.parse(`"${escaped}"`)) : escaped;
}

/** A line for each number in a text of JSON that JavaScript cannot represent. */
export function inexactNumbers(source: string): readonly string[] {
  if (!MAY_BE_INEXACT.test(source)) return [];
  const found = inexactIn(source);
  const lines = found
    .slice(0, MAX_PROBLEMS)
    .map(({ path, text }) => `${path}: expected a number that JavaScript can hold, got ${shorten(text, 40)}`);
  return found.length > MAX_PROBLEMS ? [...lines, `(and more: ${found.length} problems in all)`] : lines;
}

/** The same JSON, in which each such number is a string. */
function inexactAsText(source: string): string {
  if (!MAY_BE_INEXACT.test(source)) return source;
  let text = '';
  let from = 0;
  for (const { text: literal, at } of inexactIn(source)) {
    text += `${source.slice(from, at)}"${literal}"`;
    from = at + literal.length;
  }
  return text + source.slice(from);
}

const BYTE_ORDER_MARK = 0xfeff;

/** `text` without a byte order mark. */
export function withoutMark(text: string): string {
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
}

/** The parsed value, or why the text could not be parsed. */
function parse(source: string): { readonly value: unknown } | { readonly failed: unknown } {
  try {
    return { value: JSON.parse(source) };
  } catch (failed) {
    return { failed };
  }
}

/** The value of one JSON text. */
export function parseJson(source: string, { inexactNumbers: inexact = 'refuse' }: JsonOptions = {}): Either<DecodeProblems, unknown> {
  let parsed = parse(source);
  if ('failed' in parsed)
    return problem(`(root): expected JSON, got ${source === '' ? 'an empty payload' : describe(source)}`, parsed.failed);
  const forbidden = forbiddenKeyIn(source, parsed.value);
  if (forbidden !== undefined) return problem(forbidden);
  if (inexact === 'refuse') {
    const problems = inexactNumbers(source);
    if (problems.length > 0) return left({ problems });
  } else if (inexact === 'text') {
    const text = inexactAsText(source);
    if (text !== source) parsed = { value: JSON.parse(text) };
  }
  return right(parsed.value);
}

/** Refuses wrong options where they are written. */
export function checkedJsonOptions(options: JsonOptions): JsonOptions {
  const { inexactNumbers: inexact = 'refuse' } = options;
  if (!['refuse', 'round', 'text'].includes(inexact))
    throw new RangeError(`inexactNumbers must be 'refuse', 'round' or 'text', not ${describe(inexact)}.`);
  return options;
}

/** The first value that `JSON.stringify` writes as `null` though it is not `null`, with its path. */
function lostIn(encoded: unknown): string | undefined {
  const holders: { readonly holder: unknown; readonly key: string }[] = [];
  let lost: string | undefined;
  JSON.stringify(encoded, function (this: Readonly<Record<string, unknown>>, key, value: unknown) {
    while (holders.length > 0 && holders.at(-1)?.holder !== this) holders.pop();
    const raw = this[key];
    const isLost =
      typeof value === 'number'
        ? !Number.isFinite(value)
        : (isDate(raw) && value === null) || (Array.isArray(this) && (value === undefined || typeof value === 'function'));
    if (isLost)
      lost ??= `${pathOf(holders.length === 0 ? [] : [...holders.slice(1).map(each => each.key), key])}: JSON has no ${String(raw)}`;
    if (typeof value === 'object' && value !== null) holders.push({ holder: value, key });
    return value;
  });
  return lost;
}

/**
 * The JSON text of a value.
 *
 * @throws EncodeFailed for values that JSON does not have: a cycle, a `bigint`, `undefined`, and also `NaN`, infinities and invalid dates,
 *   which `JSON.stringify` would write as `null`.
 */
export function toJson<A, O>(codec: Type<A, O>, value: A): string {
  const output = atOnce(codec.encode(value), 'encode');
  let encoded: unknown;
  try {
    encoded = JSON.stringify(output);
  } catch (cause) {
    throw new EncodeFailed(value, causeOf(cause), cause);
  }
  if (typeof encoded !== 'string') throw new EncodeFailed(value, `${codec.name} gave ${typeof output}, which JSON does not have`);
  // A second pass costs as much as ten of the first, so it is made only where something may have been lost.
  const lost = encoded.includes('null') ? lostIn(output) : undefined;
  if (lost !== undefined) throw new EncodeFailed(value, lost);
  return encoded;
}
