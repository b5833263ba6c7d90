import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { EMPTY, map, type Observable } from 'rxjs';
import { type BatchFormat, joinParts } from '../codec/batches.js';
import { EXPANDED_BYTES, gzip, type GzipOptions } from '../codec/formats.js';
import { EncodeFailed, ValueTooLarge } from '../errors/errors.js';
import { batch, type BatchOptions } from '../flow/batch.js';
import { atOnce } from '../shared/check-argument.js';
import type { ObservableEither } from '../stream/observable-either.js';
import { onRights } from '../stream/on-rights.js';
import { flattenIterable } from './flatten-iterable.js';

/** A payload to publish, and the values in it. */
export interface EncodedBatch<A> {
  readonly payload: Uint8Array | string;
  /** Of the payload, as it is published. */
  readonly bytes: number;
  readonly values: readonly A[];
}

/** A value with its encoded form. */
export interface Part<A> {
  readonly value: A;
  readonly text: Uint8Array | string;
  /** Of the text and what divides it from the next. */
  readonly bytes: number;
}

/** A payload that is this full counts as full: trying one more value costs another compression. */
const FULL = 0.95;

/**
 * How often the number of values is guessed from the ratio so far; afterwards the interval is halved, so that the search ends whatever the
 * data.
 */
const GUESSES = 6;

/** Compressed payloads of at most `limit` bytes with all these values, in order, in as few as they need. */
function* gzipBatches<A>(
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

/**
 * The payload with the most values, of at most `all`, that was found to fit. A `count` of 0: the payload is that of one value, which does
 * not fit.
 */
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

/** When a batch of {@link encodeBatches} is full, or old enough, and how it is encoded. */
export interface EncodeBatchesOptions<A> extends Pick<BatchOptions<A>, 'messages' | 'within' | 'name' | 'ledger' | 'scheduler'> {
  /** How values become a payload: `jsonArray(…)`, `ndjson(…)`, or one of your own. */
  readonly format: BatchFormat<A>;
  /** Bytes of a payload at most, as it is published. See `payloadLimit`. */
  readonly bytes: number;
  /**
   * Compresses the payloads; `bytes` then bounds what comes out. Values are gathered up to `expandedBytes` (default 16 times `bytes`, and
   * at most 1 MiB) and dealt out among as few payloads as they need. Default: not.
   */
  readonly gzip?: boolean | GzipOptions | undefined;
}

/**
 * Gathers values into payloads that are never larger than `bytes`, encoded and all, to publish fewer and larger messages. Every value is
 * encoded once.
 *
 * - *A batch is full* when it has `messages` values (default 1 000), or the next one would take its payload over `bytes`; and it is over
 *   `within` milliseconds after its first value.
 * - *A value too large by itself* is a `Left(ValueTooLarge)` that carries it. It passes at once, in front of the batch that is being
 *   gathered.
 * - *A value that JSON cannot carry* (`NaN`, a `bigint`, a cycle) is a `Left(EncodeFailed)` that carries it. It passes in the same way.
 * - *Compressed* (`gzip`), what came out is measured, so that the bound holds whatever the data. Compressing is done at once, in this
 *   thread: some milliseconds for 1 MiB, a few times over.
 *
 * Completes with the source, after the last batch. An error of the source, or one thrown by the format, goes to the error channel at once;
 * what was gathered is then given up and counted as discarded. Looks at no time of the values: late ones go into the batch of the moment.
 *
 * Memory: one batch; with `gzip`, `expandedBytes` of it.
 *
 * @throws RangeError for bounds that are no whole numbers above 0, and for `bytes` in which not even a byte fits beside what the format
 * puts around it.
 *
 * @example
 * ```ts
 * import { ndjson, payloadLimit, QOS } from 'greengrass-rx';
 * import { t } from 'greengrass-rx/fp';
 * import { encodeBatches } from 'greengrass-rx/operators';
 * import { map, range } from 'rxjs';
 *
 * const Reading = t.type({ sensor: t.string, celsius: t.number });
 * const bytes = payloadLimit('lite', { topicName: 'plant/7/readings', qos: QOS.AT_LEAST_ONCE });
 * range(1, 500)
 *   .pipe(
 *     map(n => ({ sensor: 'inlet', celsius: 20 + n / 100 })),
 *     encodeBatches({ format: ndjson(Reading), bytes, within: 60_000 }),
 *   )
 *   .subscribe(batch => console.log(batch)); // Right({ payload: '{"sensor":"inlet",…', bytes: …, values: […] }), …
 * ```
 */
export function encodeBatches<A>(
  options: EncodeBatchesOptions<A>,
): (source: Observable<A>) => ObservableEither<ValueTooLarge<A> | EncodeFailed<A>, EncodedBatch<A>> {
  const { format, bytes, gzip = false, messages, within, name, ledger, scheduler } = options;
  const { before, between, after } = format.around;
  const around = Buffer.byteLength(before) + Buffer.byteLength(after);
  const divider = Buffer.byteLength(between);
  const expandedBytes = gzip === false ? bytes : ((gzip === true ? undefined : gzip.expandedBytes) ?? Math.min(16 * bytes, EXPANDED_BYTES));
  for (const [what, bound] of Object.entries({ bytes, expandedBytes })) {
    if (!(Number.isInteger(bound) && bound > around))
      throw new RangeError(`${what} must be a whole number above ${around}, which the format puts around the values, not ${bound}.`);
  }

  const encode = (value: A): Either<ValueTooLarge<A> | EncodeFailed<A>, Part<A>> => {
    let text: Uint8Array | string;
    try {
      text = atOnce(format.part(value), 'format.part');
    } catch (thrown) {
      // It carries what the format was given to encode, which is this value.
      if (thrown instanceof EncodeFailed) return left(thrown as EncodeFailed<A>);
      throw thrown;
    }
    const size = typeof text === 'string' ? Buffer.byteLength(text) : text.byteLength;
    return size + around > expandedBytes
      ? left(new ValueTooLarge(value, size + around, expandedBytes))
      : right({ value, text, bytes: size + divider });
  };
  const join = (parts: readonly Part<A>[]): Uint8Array | string =>
    joinParts(
      parts.map(({ text }) => text),
      format.around,
    );
  const gather = batch<Part<A>>({
    messages,
    // Between the parts there is one divider less than there are parts.
    bytes: expandedBytes - around + divider,
    sizeOf: part => part.bytes,
    within,
    name: name ?? 'encodeBatches',
    ledger,
    scheduler,
  });
  // Bounds that are out of range throw here, not at the first subscription.
  gather(EMPTY);
  const toBatch = (parts: readonly Part<A>[]): EncodedBatch<A> => ({
    payload: join(parts),
    bytes: parts.reduce((sum, part) => sum + part.bytes, around - divider),
    values: parts.map(({ value }) => value),
  });
  const finish =
    gzip === false
      ? map((parts: readonly Part<A>[]): Either<never, EncodedBatch<A>> => right(toBatch(parts)))
      : flattenIterable((parts: readonly Part<A>[]) => gzipBatches(parts, join, bytes));
  return source =>
    source.pipe(
      map(encode),
      onRights((parts$: Observable<Part<A>>) => parts$.pipe(gather, finish)),
    );
}
