import { chain, left, right } from 'fp-ts/lib/Either.js';
import { array, type Type } from 'io-ts';
import { type Codec, MAX_PROBLEMS, notUtf8, validated } from './codec.js';
import { checkedJsonOptions, type JsonOptions, parseJson, toJson, withoutMark } from './json-text.js';
import { decodeUtf8, json } from './formats.js';

/**
 * How several values share one payload: each is encoded by itself, with text before, between and after them. Decodes to all of them.
 *
 * The size of the whole is the sum of its parts, so a batch can be closed before it is too large without encoding anything twice.
 */
export interface BatchFormat<in out A> extends Codec<readonly A[]> {
  /** One value by itself. */
  readonly part: (value: A) => Uint8Array | string;
  /** Text before the first part, between two, and after the last. */
  readonly around: { readonly before: string; readonly between: string; readonly after: string };
}

/** One payload of parts that are encoded already. If all of them are text, it is text. */
export function joinParts(
  parts: readonly (Uint8Array | string)[],
  { before, between, after }: BatchFormat<never>['around'],
): Uint8Array | string {
  if (parts.every(part => typeof part === 'string')) return `${before}${parts.join(between)}${after}`;
  const pieces: Uint8Array[] = [Buffer.from(before)];
  for (const [index, part] of parts.entries()) {
    if (index > 0 && between !== '') pieces.push(Buffer.from(between));
    pieces.push(typeof part === 'string' ? Buffer.from(part) : part);
  }
  pieces.push(Buffer.from(after));
  return Buffer.concat(pieces);
}

/** The `encode` of a format, made of its `part` and `around`. */
function encodeParts<A>(part: BatchFormat<A>['part'], around: BatchFormat<A>['around']): BatchFormat<A>['encode'] {
  return values => joinParts(values.map(part), around);
}

/**
 * Payloads that are a JSON array, each element of the shape an io-ts codec describes: what `encodeBatches` publishes, and `flattenIterable`
 * takes apart. Decodes and refuses as {@link json} does; the path of a problem begins with the element: `[3].celsius`.
 *
 * @param options what is done with numbers that JavaScript cannot represent. Default: they are refused, as by {@link json}.
 *
 * @example
 * ```ts
 * import { jsonArray } from 'greengrass-rx';
 * import { t } from 'greengrass-rx/fp';
 *
 * const Readings = jsonArray(t.type({ celsius: t.number }));
 * console.log(Readings.encode([{ celsius: 21 }, { celsius: 22 }])); // [{"celsius":21},{"celsius":22}]
 * const payload = new TextEncoder().encode('[{"celsius":21},{"celsius":"warm"}]');
 * console.log(Readings.decode({ topicName: 'readings', payload })); // Left: [1].celsius: expected number, got "warm"
 * ```
 */
export function jsonArray<A, O>(codec: Type<A, O>, options: JsonOptions = {}): BatchFormat<A> {
  const part = (value: A): string => toJson(codec, value);
  const around = { before: '[', between: ',', after: ']' };
  const { decode } = json(array(codec), options);
  return { shape: { format: 'jsonArray', type: codec }, decode, encode: encodeParts(part, around), part, around };
}

/**
 * Payloads that are NDJSON: a JSON text a line, each of the shape an io-ts codec describes. Tools that read line by line, such as Amazon
 * Athena and `jq`, take the messages put one behind the other.
 *
 * Decoding takes `\n` and `\r\n`, and leaves out empty lines. If any line cannot be decoded the payload is a `Left`, whose problems begin
 * with the line: `line 3: celsius: expected number, got "warm"`. Encoding ends every line with `\n`, the last one too.
 *
 * Source: ndjson.org, specification 1.0.0.
 *
 * @param options what is done with numbers that JavaScript cannot represent. Default: they are refused, as by {@link json}.
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
        else problems.push(...decoded.left.problems.map(each => `line ${index + 1}: ${each}`));
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
