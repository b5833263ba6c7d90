import { gunzipSync, gzipSync } from 'node:zlib';
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import { atOnce, checkWhole } from '../shared/check-argument.js';
import { causeOf, type Codec, type DecodeProblems, problem } from './codec.js';

/** How far a gzipped payload may expand. */
export interface GzipOptions {
  /** Bytes of the expanded payload at most. A payload of 128 KiB can hold 128 MiB. Default 1 MiB. */
  readonly expandedBytes?: number | undefined;
}

/** What both sides allow unless they are told otherwise. */
export const EXPANDED_BYTES: number = 1024 * 1024;

/** The gzip of a payload. */
export function gzip(payload: Uint8Array | string): Uint8Array {
  return gzipSync(payload);
}

/** What a payload expands to, as long as that is at most `limit` bytes. No more than that is ever held. */
function expand(payload: Uint8Array, limit: number): Either<DecodeProblems, Uint8Array> {
  try {
    return { _tag: 'Right', right: gunzipSync(payload, { maxOutputLength: limit }) };
  } catch (cause) {
    const tooLarge = (cause as { readonly code?: unknown } | null)?.code === 'ERR_BUFFER_TOO_LARGE';
    return problem(
      tooLarge
        ? `(root): expected at most ${String(limit)} bytes when expanded, got more from a payload of ${String(payload.byteLength)}`
        : `(root): expected gzip, got ${String(payload.byteLength)} bytes that are not: ${causeOf(cause)}`,
      cause,
    );
  }
}

/**
 * Payloads of another codec, compressed with gzip. What is no gzip, is cut off, or would expand beyond `expandedBytes` is a `Left`; of a bomb no more
 * than that many bytes are made.
 *
 * Compresses and expands at once, in this thread: some milliseconds for 1 MiB.
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
