/** A payload to publish, and the values in it. */
export interface EncodedBatch<A> {
  readonly payload: Uint8Array | string;
  /** Of the payload, as it is published. */
  readonly bytes: number;
  readonly values: readonly A[];
}

/** A value with what has been made of it. */
export interface Part<A> {
  readonly value: A;
  readonly text: Uint8Array | string;
  /** Of the text and what divides it from the next. */
  readonly bytes: number;
}
