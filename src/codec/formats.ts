import { gunzipSync, gzipSync } from 'node:zlib';
import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import type { Type } from 'io-ts';
import { atOnce, checkWhole } from '../shared/check-argument.js';
import { causeOf, type Codec, type DecodeProblems, notUtf8, problem, validated } from './codec.js';
import { checkedJsonOptions, forbiddenKey, type JsonOptions, parseJson, toJson, withoutMark } from './json-text.js';

/**
 * Payloads that are JSON of the shape an io-ts codec describes.
 *
 * Decoding reads strict UTF-8, parses, and hands the value to the io-ts codec. Any payload that cannot be decoded is a `Left` with at most
 * 21 problems, one line each: `celsius: expected number, got "warm"`. A payload with a key that reaches for a prototype (`__proto__`,
 * `constructor.prototype`) is refused, since io-ts copies what it decodes key by key. So is a number that JavaScript cannot represent,
 * unless `inexactNumbers` says otherwise: `9007199254740993` would become `9007199254740992`, and `1e400` infinite.
 *
 * Encoding is `JSON.stringify` of what the io-ts codec encodes. It throws an `EncodeFailed` for values that JSON does not have: a cycle, a
 * `bigint`, `undefined`, `NaN` and infinities (which `t.number` accepts). Inside the `request` of `publishTo` that is the `PublishFailure`
 * of this value.
 *
 * @param codec Its output, `O`, is what becomes JSON.
 * @param options what is done with numbers that JavaScript cannot represent.
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

// Takes half the time of isUtf8() and Buffer.toString() for payloads of a hundred bytes. A byte order mark is left in for the caller to
// deal with.
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text, if all of the bytes are UTF-8, or else `undefined`: nothing is replaced by U+FFFD. */
export function decodeUtf8(payload: Uint8Array): string | undefined {
  try {
    return strict.decode(payload);
  } catch {
    return undefined;
  }
}

/**
 * The payload as it is, for formats this library does not know.
 *
 * Decoding never fails. The bytes are not copied.
 *
 * @example
 * ```ts
 * import { bytes } from 'greengrass-rx';
 *
 * console.log(bytes.decode({ topicName: 'frames', payload: Uint8Array.of(1, 2, 3) })); // Right(Uint8Array [1, 2, 3])
 * ```
 */
export const bytes: Codec<Uint8Array> = {
  shape: { format: 'bytes' },
  decode: message => right(message.payload),
  encode: value => value,
};

/**
 * Payloads that are UTF-8 text.
 *
 * A payload with a byte that is not UTF-8 is a `Left`; nothing is replaced by U+FFFD, and a byte order mark is kept.
 *
 * @example
 * ```ts
 * import { text } from 'greengrass-rx';
 *
 * console.log(text.decode({ topicName: 'log', payload: new TextEncoder().encode('21.5 °C') })); // Right('21.5 °C')
 * console.log(text.decode({ topicName: 'log', payload: Uint8Array.of(0xff) })); // Left(…)
 * ```
 */
export const text: Codec<string> = {
  shape: { format: 'text' },
  decode: message => {
    const decoded = decodeUtf8(message.payload);
    return decoded === undefined ? left(notUtf8(message.payload)) : right(decoded);
  },
  encode: value => value,
};

/** How large a gzipped payload may become when it is expanded. */
export interface GzipOptions {
  /** Bytes of the expanded payload at most. A payload of 128 KiB can hold 128 MiB. Default 1 MiB. */
  readonly expandedBytes?: number | undefined;
}

/** What a payload may expand to where nothing else is said. */
export const EXPANDED_BYTES: number = 1024 * 1024;

/** The gzip of a payload. */
export function gzip(payload: Uint8Array | string): Uint8Array {
  return gzipSync(payload);
}

/** Expands a payload to at most `limit` bytes. No more than that is ever held in memory. */
function expand(payload: Uint8Array, limit: number): Either<DecodeProblems, Uint8Array> {
  try {
    return { _tag: 'Right', right: gunzipSync(payload, { maxOutputLength: limit }) };
  } catch (cause) {
    const tooLarge = (cause as { readonly code?: unknown } | null)?.code === 'ERR_BUFFER_TOO_LARGE';
    return problem(
      tooLarge
        ? `(root): expected at most ${limit} bytes when expanded, got more from a payload of ${payload.byteLength}`
        : `(root): expected gzip, got ${payload.byteLength} bytes that are not: ${causeOf(cause)}`,
      cause,
    );
  }
}

/**
 * Payloads of another codec, compressed with gzip. A payload that is no gzip, is cut off, or would expand beyond `expandedBytes` is a
 * `Left`; of a decompression bomb no more than that many bytes are expanded.
 *
 * Compresses and expands synchronously, in this thread: some milliseconds for 1 MiB.
 *
 * @example
 * ```ts
 * import { gzipped, ndjson } from 'greengrass-rx';
 * import { t } from 'greengrass-rx/fp';
 *
 * const Readings = gzipped(ndjson(t.type({ celsius: t.number })), { expandedBytes: 65_536 });
 * const payload = Readings.encode(Array.from({ length: 1_000 }, () => ({ celsius: 21.5 }))) as Uint8Array;
 * console.log(payload.byteLength); // 101, for 17 000
 * console.log(Readings.decode({ topicName: 'readings', payload })._tag); // Right
 * ```
 */
export function gzipped<A>(codec: Codec<A>, { expandedBytes = EXPANDED_BYTES }: GzipOptions = {}): Codec<A> {
  checkWhole(expandedBytes, 'expandedBytes');
  return {
    shape: { format: 'gzip', of: codec.shape },
    decode: message => {
      const expanded = expand(message.payload, expandedBytes);
      return isLeft(expanded) ? expanded : codec.decode({ ...message, payload: expanded.right });
    },
    encode: value => gzip(atOnce(codec.encode(value), 'encode')),
  };
}

/** A format that this library does not know, as the library for it offers it. */
export interface WireFormat {
  /** Its name, for reports: `CBOR`. */
  readonly name: string;
  /** Makes a value of a payload. May throw: that becomes a `Left`. */
  readonly parse: (payload: Uint8Array) => unknown;
  /** Makes a payload of a value. */
  readonly serialize: (value: unknown) => Uint8Array | string;
}

/**
 * A codec for any format, such as CBOR, MessagePack or Protobuf, by a library of your choice. The io-ts codec says what shape the values
 * have, and reports problems with their paths, as {@link json} does.
 *
 * A payload with a key that reaches for a prototype (`__proto__`) is refused, whether the library made a key of it or already assigned it.
 * Bounds on what is parsed (depth, lengths that a header claims, integers beyond 2^53) are up to that library. Encoding throws what
 * `serialize` throws.
 *
 * @example
 * ```ts
 * import { codecOf } from 'greengrass-rx';
 * import { t } from 'greengrass-rx/fp';
 * import { deserialize, serialize } from 'node:v8';
 *
 * const v8 = { name: 'V8', parse: deserialize, serialize };
 * const Reading = codecOf(v8, t.type({ celsius: t.number }));
 * const payload = Reading.encode({ celsius: 21.5 }) as Uint8Array;
 * console.log(Reading.decode({ topicName: 'readings', payload })); // Right({ celsius: 21.5 })
 * const garbled = Uint8Array.of(1);
 * console.log(Reading.decode({ topicName: 'readings', payload: garbled })); // Left: (root): expected V8, got 1 bytes that are not: …
 * ```
 */
export function codecOf<A, O>({ name, parse, serialize }: WireFormat, codec: Type<A, O>): Codec<A> {
  return {
    shape: { format: 'other', name },
    decode: ({ payload }) => {
      let value: unknown;
      let forbidden: string | undefined;
      try {
        value = atOnce(parse(payload), 'parse');
        forbidden = forbiddenKey(value);
      } catch (cause) {
        return problem(`(root): expected ${name}, got ${payload.byteLength} bytes that are not: ${causeOf(cause)}`, cause);
      }
      return forbidden === undefined ? validated(codec, value) : problem(forbidden);
    },
    encode: value => atOnce(serialize(atOnce(codec.encode(value), 'encode')), 'serialize'),
  };
}
