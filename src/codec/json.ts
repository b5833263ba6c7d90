import { isLeft, left } from 'fp-ts/lib/Either.js';
import type { Type } from 'io-ts';
import { type Codec, notUtf8, validated } from './codec.js';
import { checkedJsonOptions, type JsonOptions, parseJson, toJson, withoutMark } from './json-text.js';
import { decodeUtf8 } from './plain.js';

/**
 * Payloads that are JSON of the shape an io-ts codec describes.
 *
 * Decoding reads strict UTF-8, parses, and hands the value to the io-ts codec. Whatever the payload is, what cannot be decoded is a `Left`
 * with at most 21 problems, one line each: `celsius: expected number, got "warm"`. A payload with a key that reaches for a prototype
 * (`__proto__`, `constructor.prototype`) is refused, since io-ts copies what it decodes key by key. A number that JavaScript does not hold is refused, too,
 * unless `inexactNumbers` says otherwise: `9007199254740993` would become `9007199254740992`, and `1e400` infinite.
 *
 * Encoding is `JSON.stringify` of what the io-ts codec encodes. It throws an `EncodeFailed` on what JSON cannot hold: a cycle, a `bigint`,
 * `undefined`, `NaN` and infinities (which `t.number` accepts). Inside the `request` of `publishTo` that is the `PublishFailure` of this value.
 *
 * @param codec Its output, `O`, is what becomes JSON.
 * @param options what becomes of numbers that JavaScript does not hold.
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
export function json<A, O>(codec: Type<A, O>, options: JsonOptions = {}): Codec<A> {
  checkedJsonOptions(options);
  return {
    shape: { format: 'json', type: codec },
    decode: ({ payload }) => {
      const text = decodeUtf8(payload);
      if (text === undefined) return left(notUtf8(payload));
      const parsed = parseJson(withoutMark(text), options);
      return isLeft(parsed) ? parsed : validated(codec, parsed.right);
    },
    encode: value => toJson(codec, value),
  };
}
