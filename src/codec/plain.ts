import { left, right } from 'fp-ts/lib/Either.js';
import { type Codec, notUtf8 } from './codec.js';

// Half the time of isUtf8() and Buffer.toString() for payloads of a hundred bytes. A byte order mark is the reader's to judge.
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of bytes that are UTF-8 from the first to the last, or nothing: no U+FFFD stands in for what could not be read. */
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
