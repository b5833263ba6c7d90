import type { Either } from 'fp-ts/lib/Either.js';
import type { Decoder as TypeDecoder } from 'io-ts';

/** What a decoder gets to see of a message. */
export interface Encoded {
  readonly topicName: string;
  readonly payload: Uint8Array;
}

/** Why a payload could not be decoded. */
export interface DecodeProblems {
  /** One line a problem, each beginning with the path to the value, such as `celsius: expected number, got "warm"`. */
  readonly problems: readonly string[];
  readonly cause?: unknown;
}

/**
 * What the payloads of a codec look like, for whoever derives a schema or a table of it: the format, and the io-ts codec of the values in it. In `jsonArray` and
 * `ndjson` that of one of several values, in `json` that of the whole; a `gzip` has another payload in it. `other`: a format of this name.
 */
export type PayloadShape =
  | { readonly format: 'json' | 'jsonArray' | 'ndjson'; readonly type: TypeDecoder<unknown, unknown> }
  | { readonly format: 'gzip'; readonly of: PayloadShape | undefined }
  | { readonly format: 'text' | 'bytes' }
  | { readonly format: 'other'; readonly name: string };

/** Makes values of payloads. Must not throw: what cannot be decoded is a `Left`. */
export interface Decoder<out A> {
  /** What the payloads look like. Left out: only the codec knows. */
  readonly shape?: PayloadShape | undefined;
  /** The value of a message, or why there is none. */
  readonly decode: (message: Encoded) => Either<DecodeProblems, A>;
}

/** Makes payloads of values. */
export interface Encoder<in A> {
  /** The payload of a value. */
  readonly encode: (value: A) => Uint8Array | string;
}

/** Both directions of one format. */
export interface Codec<in out A> extends Decoder<A>, Encoder<A> {}
