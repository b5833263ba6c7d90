import { chain, left, right } from 'fp-ts/lib/Either.js';
import type { Type } from 'io-ts';
import { encodeParts, type BatchFormat } from './batch-format.js';
import type { JsonOptions } from './inexact-numbers.js';
import { checkedJsonOptions, parseJson, toJson, withoutMark } from './json-text.js';
import { MAX_PROBLEMS, notUtf8 } from './problems.js';
import { decodeUtf8 } from './utf8.js';
import { validated } from './validated.js';

/**
 * Payloads that are NDJSON: a JSON text a line, each of the shape an io-ts codec describes. Tools that read line by line, such as Amazon Athena and
 * `jq`, take the messages put one behind the other.
 *
 * Decoding takes `\n` and `\r\n`, and leaves out empty lines. If any line cannot be decoded the payload is a `Left`, whose problems begin with the
 * line: `line 3: celsius: expected number, got "warm"`. Encoding ends every line with `\n`, the last one too.
 *
 * Source: ndjson.org, specification 1.0.0.
 *
 * @param options what becomes of numbers that JavaScript does not hold: refused, as {@link json} does, unless told otherwise.
 *
 * @example
 * ```ts
 * import { ndjson } from 'greengrass-rx';
 * import { t } from 'greengrass-rx/fp';
 *
 * const Readings = ndjson(t.type({ celsius: t.number }));
 * const payload = new TextEncoder().encode('{"celsius":21}\n{"celsius":"warm"}\n');
 * console.log(Readings.decode({ topicName: 'readings', payload })); // Left: line 2: celsius: expected number, got "warm"
 * ```
 */
export function ndjson<A, O>(codec: Type<A, O>, options: JsonOptions = {}): BatchFormat<A> {
  checkedJsonOptions(options);
  const part = (value: A): string => `${toJson(codec, value)}\n`;
  const around = { before: '', between: '', after: '' };
  return {
    shape: { format: 'ndjson', type: codec },
    decode: ({ payload }) => {
      const text = decodeUtf8(payload);
      if (text === undefined) return left(notUtf8(payload));
      const values: A[] = [];
      const problems: string[] = [];
      for (const [index, line] of withoutMark(text).split('\n').entries()) {
        if (line.trim() === '') continue;
        const decoded = chain((value: unknown) => validated(codec, value))(parseJson(line, options));
        if (decoded._tag === 'Right') values.push(decoded.right);
        else problems.push(...decoded.left.problems.map(each => `line ${String(index + 1)}: ${each}`));
        if (problems.length >= MAX_PROBLEMS) {
          return left({ problems: [...problems.slice(0, MAX_PROBLEMS), '(and perhaps more: the lines behind were not looked at)'] });
        }
      }
      return problems.length === 0 ? right(values) : left({ problems });
    },
    encode: encodeParts(part, around),
    part,
    around,
  };
}
