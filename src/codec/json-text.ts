import { right, type Either } from 'fp-ts/lib/Either.js';
import type { Type } from 'io-ts';
import type { DecodeProblems } from './codec.js';
import { forbiddenKeyIn } from './forbidden-key.js';
import { describe } from './problems.js';
import { problem } from './validated.js';

const BYTE_ORDER_MARK = 0xfeff;

/** `text` without a byte order mark. */
export const withoutMark = (text: string): string => (text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text);

/** `undefined` cannot come out of JSON, so it says that there was none; `failed` says why. */
const parse = (source: string): { readonly value: unknown } | { readonly failed: unknown } => {
  try {
    return { value: JSON.parse(source) };
  } catch (failed) {
    return { failed };
  }
};

/** The value of one JSON text. */
export const parseJson = (source: string): Either<DecodeProblems, unknown> => {
  const parsed = parse(source);
  if ('failed' in parsed)
    return problem(`(root): expected JSON, got ${source === '' ? 'an empty payload' : describe(source)}`, parsed.failed);
  const forbidden = forbiddenKeyIn(source, parsed.value);
  if (forbidden !== undefined) return problem(`${forbidden}: expected no such key, got one that reaches for a prototype`);
  return right(parsed.value);
};

/** The JSON text of a value. Throws, as a defect, on what JSON cannot hold. */
export const toJson = <A, O>(codec: Type<A, O>, value: A): string => {
  const encoded: unknown = JSON.stringify(codec.encode(value));
  if (typeof encoded !== 'string')
    throw new TypeError(`${codec.name} encoded a value as undefined or a function, which JSON does not have.`);
  return encoded;
};
