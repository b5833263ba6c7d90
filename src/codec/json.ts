import { left, right, type Either } from 'fp-ts/lib/Either.js';
import type { Type } from 'io-ts';
import type { Codec, DecodeProblems } from './codec.js';
import { forbiddenKeyIn } from './forbidden-key.js';
import { describe, notUtf8, problemsOf } from './problems.js';
import { decodeUtf8 } from './utf8.js';

const problem = (text: string, cause?: unknown): Either<DecodeProblems, never> =>
  left(cause === undefined ? { problems: [text] } : { problems: [text], cause });

const causeOf = (cause: unknown): string => (cause instanceof Error ? `${cause.name}: ${cause.message}`.slice(0, 200) : describe(cause));

const BYTE_ORDER_MARK = 0xfeff;

/** `undefined` cannot come out of JSON, so it says that there was none; `failed` says why. */
const parse = (source: string): { readonly value: unknown } | { readonly failed: unknown } => {
  try {
    return { value: JSON.parse(source) };
  } catch (failed) {
    return { failed };
  }
};

/**
 * Payloads that are JSON of the shape an io-ts codec describes.
 *
 * Decoding reads strict UTF-8, parses, and hands the value to the io-ts codec. Whatever the payload is, what cannot be decoded is a `Left`
 * with at most 21 problems, one line each: `celsius: expected number, got "warm"`. A payload with a key that reaches for a prototype
 * (`__proto__`, `constructor.prototype`) is refused, since io-ts copies what it decodes key by key.
 *
 * Encoding is `JSON.stringify` of what the io-ts codec encodes. It throws, as a defect, on what JSON cannot hold: a cycle, a `bigint`,
 * `undefined`.
 *
 * @param codec Its output, `O`, is what becomes JSON.
 *
 * @example
 * ```ts
 * import { json } from 'greengrass-rx';
 * import { t } from 'greengrass-rx/fp';
 *
 * const Reading = json(t.type({ id: t.string, celsius: t.number }));
 * const payload = new TextEncoder().encode('{"id":"a1","celsius":"warm"}');
 * console.log(Reading.decode({ topicName: 'sensors/a1', payload })); // Left({ problems: ['celsius: expected number, got "warm"'] })
 * console.log(Reading.encode({ id: 'a1', celsius: 21.5 })); // {"id":"a1","celsius":21.5}
 * ```
 */
export const json = <A, O>(codec: Type<A, O>): Codec<A> => ({
  decode: ({ payload }) => {
    const text = decodeUtf8(payload);
    if (text === undefined) return left(notUtf8(payload));
    const source = text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
    const parsed = parse(source);
    if ('failed' in parsed)
      return problem(`(root): expected JSON, got ${source === '' ? 'an empty payload' : describe(source)}`, parsed.failed);
    const forbidden = forbiddenKeyIn(source, parsed.value);
    if (forbidden !== undefined) return problem(`${forbidden}: expected no such key, got one that reaches for a prototype`);
    try {
      const decoded = codec.decode(parsed.value);
      return decoded._tag === 'Right' ? right(decoded.right) : left({ problems: problemsOf(decoded.left) });
    } catch (cause) {
      // A recursive codec on a deeply nested payload overflows the stack, and codecs of one's own may throw.
      return problem(`(root): expected ${codec.name.slice(0, 120)}, got a value on which the codec failed: ${causeOf(cause)}`, cause);
    }
  },
  encode: value => {
    const encoded: unknown = JSON.stringify(codec.encode(value));
    if (typeof encoded !== 'string')
      throw new TypeError(`${codec.name} encoded a value as undefined or a function, which JSON does not have.`);
    return encoded;
  },
});
