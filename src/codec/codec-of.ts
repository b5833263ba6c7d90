import type { Type } from 'io-ts';
import type { Codec } from './codec.js';
import { causeOf, problem, validated } from './validated.js';

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
 * Bounds on what is parsed (depth, lengths that a header claims) are the library's. Encoding throws what `serialize` throws.
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
export const codecOf = <A, O>({ name, parse, serialize }: WireFormat, codec: Type<A, O>): Codec<A> => ({
  decode: ({ payload }) => {
    let value: unknown;
    try {
      value = parse(payload);
    } catch (cause) {
      return problem(`(root): expected ${name}, got ${String(payload.byteLength)} bytes that are not: ${causeOf(cause)}`, cause);
    }
    return validated(codec, value);
  },
  encode: value => serialize(codec.encode(value)),
});
