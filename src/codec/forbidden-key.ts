import { pathOf } from './problems.js';

/** What a text with such a key must contain: the key itself, or an escape (`\u0040` to `\u007f`) that may hide a letter of it. */
const SUSPICIOUS = /__proto__|constructor|\\u00[4-7]/u;

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

/** Whether the prototype of a value is that of a class, or none. What a payload made one is an object like any other. */
function hasPrototypeOfItsOwn(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype || prototype === Array.prototype) return true;
  if (typeof prototype !== 'object' || !owns(prototype, 'constructor')) return false;
  const { constructor } = prototype;
  return typeof constructor === 'function' && constructor.prototype === prototype;
}

/** What is in a value that a payload was made into, by its keys. Of a typed array that is its elements, which hold nothing. */
function membersOf(value: object): Iterable<readonly [key: unknown, member: unknown]> {
  return ArrayBuffer.isView(value) ? [] : value instanceof Map ? (value as ReadonlyMap<unknown, unknown>) : Object.entries(value);
}

/**
 * What is wrong with a value if a key in it is one through which it, or a copy, got another prototype. `JSON.parse` makes a harmless own property of
 * `"__proto__"`, which `Object.assign` and io-ts' intersections then assign; other parsers assign it themselves.
 */
export function forbiddenKey(parsed: unknown): string | undefined {
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  // A list of its own instead of recursion: the sender decides how deep the value is. Some formats know references, and so circles.
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

/** {@link forbiddenKey} of what JSON became, which is looked at only where its text has such a word. */
export function forbiddenKeyIn(source: string, parsed: unknown): string | undefined {
  return SUSPICIOUS.test(source) ? forbiddenKey(parsed) : undefined;
}
