import { isJsonObject } from '../../shared/json-object.js';

/**
 * A value of a request as Lite writes it: integers as they came, other numbers with 17 digits, members not in their order.
 *
 * Source: observed on Greengrass Lite 2.6.0.
 */
export function liteJson(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return double(value);
  if (Array.isArray(value)) return `[${value.map(liteJson).join(',')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.keys(value)
    .sort()
    .map(name => `${JSON.stringify(name)}:${liteJson(value[name])}`);
  return `{${members.join(',')}}`;
}

/** Maps and lists in one another. */
export function liteDepth(value: unknown): number {
  if (!Array.isArray(value) && !isJsonObject(value)) return 0;
  return 1 + Object.values(value).reduce((deepest: number, inner) => Math.max(deepest, liteDepth(inner)), 0);
}

/** C's `%#.17g`. */
function double(value: number): string {
  const size = Math.abs(value);
  const text = size !== 0 && size < 1e-4 ? value.toExponential(16) : value.toPrecision(17);
  const padded = text.replace(/e([+-])(\d)$/, 'e$10$2');
  return /[.e]/.test(padded) ? padded : `${padded}.0`;
}
