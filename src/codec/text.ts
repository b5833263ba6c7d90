import { left, right } from 'fp-ts/lib/Either.js';
import type { Codec } from './codec.js';
import { notUtf8 } from './problems.js';
import { decodeUtf8 } from './utf8.js';

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
