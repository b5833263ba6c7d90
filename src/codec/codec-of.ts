import type { Type } from 'io-ts';
import { atOnce } from '../shared/check-argument.js';
import { causeOf, type Codec, problem, validated } from './codec.js';
import { forbiddenKey } from './json-text.js';

/** A format this library does not know: what a library for it offers. */
export interface WireFormat {
  /** Its name, for reports: `CBOR`. */
  readonly name: string;
  /** Makes a value of a payload. May throw, and what it throws becomes a `Left`. */
  readonly parse: (payload: Uint8Array) => unknown;
  /** Makes a payload of a value. */
  readonly serialize: (value: unknown) => Uint8Array | string;
}

/**
 * A codec for any format, CBOR, MessagePack or Protobuf, by a library of your choice; the io-ts codec says of what shape the values are, and
 * reports what is wrong with a path, as {@link json} does.
 *
 * A payload with a key that reaches for a prototype (`__proto__`) is refused, whether the library made a key of it or already assigned it. Bounds on
 * what is parsed (depth, lengths that a header claims, integers beyond 2^53) are the library's. Encoding throws what `serialize` throws.
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
 * console.log(Reading.decode({ topicName: 'readings', payload: Uint8Array.of(1) })); // Left: (root): expected V8, got 1 bytes that are not: …
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
        return problem(`(root): expected ${name}, got ${String(payload.byteLength)} bytes that are not: ${causeOf(cause)}`, cause);
      }
      return forbidden === undefined ? validated(codec, value) : problem(forbidden);
    },
    encode: value => atOnce(serialize(atOnce(codec.encode(value), 'encode')), 'serialize'),
  };
}
