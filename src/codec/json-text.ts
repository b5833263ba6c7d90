import { isDate } from 'node:util/types';
import { left, right, type Either } from 'fp-ts/lib/Either.js';
import type { Type } from 'io-ts';
import type { DecodeProblems } from './codec.js';
import { forbiddenKeyIn } from './forbidden-key.js';
import { EncodeFailed } from '../errors/errors.js';
import { inexactAsText, inexactNumbers, type JsonOptions } from './inexact-numbers.js';
import { describe, pathOf } from './problems.js';
import { causeOf, problem } from './validated.js';
import { atOnce } from '../shared/at-once.js';

const BYTE_ORDER_MARK = 0xfeff;

/** `text` without a byte order mark. */
export function withoutMark(text: string): string {
  return text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
}

/** `undefined` cannot come out of JSON, so it says that there was none; `failed` says why. */
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

/** Refuses options that are none, where they are written. */
export function checkedJsonOptions(options: JsonOptions): JsonOptions {
  const { inexactNumbers: inexact = 'refuse' } = options;
  if (!['refuse', 'round', 'text'].includes(inexact))
    throw new RangeError(`inexactNumbers must be 'refuse', 'round' or 'text', not ${describe(inexact)}.`);
  return options;
}

/** What `JSON.stringify` writes as `null` though it is none, with the path to it. */
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
 * @throws EncodeFailed for what JSON cannot hold: a cycle, a `bigint`, `undefined`, and also `NaN`, infinities and dates that are none, of which
 * `JSON.stringify` would make `null`.
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
  // Looked for only where something may have been lost: a second pass costs as much as ten of the first.
  const lost = encoded.includes('null') ? lostIn(output) : undefined;
  if (lost !== undefined) throw new EncodeFailed(value, lost);
  return encoded;
}
