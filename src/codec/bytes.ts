import { right } from 'fp-ts/lib/Either.js';
import type { Codec } from './codec.js';

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
