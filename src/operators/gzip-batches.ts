import { left, right, type Either } from 'fp-ts/lib/Either.js';
import { gzip } from '../codec/gzipped.js';
import { ValueTooLarge } from '../errors/errors.js';
import type { EncodedBatch, Part } from './encoded-batch.js';

/** A payload this full is full: looking for one more value costs a compression. */
const FULL = 0.95;

/** Guesses by the ratio so far; after these the interval is halved, so that it ends whatever the data. */
const GUESSES = 6;

/** Compressed payloads of at most `limit` bytes with all these values, in order, in as few as they need. */
export function* gzipBatches<A>(
  parts: readonly Part<A>[],
  join: (parts: readonly Part<A>[]) => Uint8Array | string,
  limit: number,
): Generator<Either<ValueTooLarge<A>, EncodedBatch<A>>> {
  for (let start = 0; start < parts.length;) {
    const rest = parts.slice(start);
    const { payload, count } = fullest(rest.length, limit, some => gzip(join(rest.slice(0, some))));
    const [first] = rest;
    if (count > 0) yield right({ payload, bytes: payload.byteLength, values: rest.slice(0, count).map(({ value }) => value) });
    else if (first !== undefined) yield left(new ValueTooLarge(first.value, payload.byteLength, limit));
    start += Math.max(1, count);
  }
}

/** The payload of the most values, of at most `all`, that is found to fit; with a count of 0 that of one value, which does not. */
function fullest(
  all: number,
  limit: number,
  compress: (count: number) => Uint8Array,
): { readonly payload: Uint8Array; readonly count: number } {
  let fits = 0;
  let tooMany = all + 1;
  let best: Uint8Array = new Uint8Array(0);
  let count = all;
  for (let tries = 1; ; tries++) {
    const payload = compress(count);
    if (payload.byteLength <= limit) {
      fits = count;
      best = payload;
    } else {
      tooMany = count;
      if (count === 1) return { payload, count: 0 };
    }
    if (tooMany - fits === 1 || (fits > 0 && best.byteLength >= FULL * limit)) return { payload: best, count: fits };
    const guess = tries < GUESSES ? Math.floor((count * limit * FULL) / payload.byteLength) : Math.floor((fits + tooMany) / 2);
    count = Math.min(tooMany - 1, Math.max(fits + 1, guess));
  }
}
