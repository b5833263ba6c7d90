import { pathOf } from './problems.js';

/** What a text with such a key must contain: the key itself, or an escape (`\u0040` to `\u007f`) that may hide a letter of it. */
const SUSPICIOUS = /__proto__|constructor|\\u00[4-7]/u;

const owns = (value: object, key: string): boolean => Object.prototype.hasOwnProperty.call(value, key);

interface Place {
  readonly value: object;
  readonly key: string;
  readonly parent: Place | undefined;
}

const pathTo = (place: Place, key: string): string => {
  const keys = [key];
  for (let at = place; at.parent !== undefined; at = at.parent) keys.push(at.key);
  keys.reverse();
  return pathOf(keys);
};

/**
 * The path of a key through which a copy of the value would get another prototype. `JSON.parse` itself makes a harmless own property of
 * `"__proto__"`; `Object.assign` and io-ts' intersections then assign it.
 */
export const forbiddenKeyIn = (source: string, parsed: unknown): string | undefined => {
  if (!SUSPICIOUS.test(source) || typeof parsed !== 'object' || parsed === null) return undefined;
  // A list of its own instead of recursion: the sender decides how deep the value is.
  const pending: Place[] = [{ value: parsed, key: '', parent: undefined }];
  for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
    if (owns(place.value, '__proto__')) return pathTo(place, '__proto__');
    for (const [key, value] of Object.entries(place.value) as [string, unknown][]) {
      if (typeof value !== 'object' || value === null) continue;
      if (key === 'constructor' && owns(value, 'prototype')) return pathTo(place, 'constructor');
      pending.push({ value, key, parent: place });
    }
  }
  return undefined;
};
