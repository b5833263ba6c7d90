import type { Either } from 'fp-ts/lib/Either.js';

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

/** Makes values of payloads. Must not throw: what cannot be decoded is a `Left`. */
export interface Decoder<out A> {
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
