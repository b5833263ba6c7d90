import { asyncScheduler, Observable, type SchedulerLike, type Subscription } from 'rxjs';
import { wait } from '../schedule/clock.js';
import { checkBound, checkedSize, checkTime } from '../shared/check-argument.js';
import { resumeSubscribing, suspendSubscribing } from '../stream/feed.js';
import { workOn } from '../stream/work-on.js';
import { bufferMemory } from './buffer-memory.js';
import { DEFAULT_BUFFER_MESSAGES } from './bounded-buffer.js';
import { type Ledger, ledger as ledgerOfAll } from './ledger.js';

/** When a batch is full or old enough, whichever comes first. */
export interface BatchOptions<A> {
  /** Values of a batch at most. Default 1 000. */
  readonly messages?: number | undefined;
  /**
   * Bytes of a batch at most, by `sizeOf`. A value that is larger by itself makes a batch of its own, at once. Default: its part of the
   * 16 MiB that are for all buffers of the process without a bound in bytes.
   */
  readonly bytes?: number | undefined;
  /** Bytes of one value. Needed for `bytes`. Called once for each. */
  readonly sizeOf?: ((value: A) => number) | undefined;
  /**
   * Milliseconds from a batch's first value to its end; 0 gathers what comes at the same moment. Default: none, a batch waits until it is
   * full or the source completes.
   */
  readonly within?: number | undefined;
  /** The name under which the ledger counts this stage. Default `batch`. */
  readonly name?: string | undefined;
  /** The ledger that counts this stage. Default: `ledger`, which counts all. */
  readonly ledger?: Ledger | undefined;
  /** The clock. Default `asyncScheduler`, which is virtual inside `TestScheduler.run`. */
  readonly scheduler?: SchedulerLike | undefined;
}

/**
 * Gathers values into arrays, to publish fewer and larger messages. Unlike `bufferTime`, it is bounded, has no timer while nothing is
 * gathered (the first value of a batch starts it), and never emits an empty array.
 *
 * Emits a batch as soon as it has `messages` values, as the next value would take it over `bytes`, or `within` milliseconds after its first
 * value. Nothing is dropped: a full batch leaves at once, and waits, if it must, in the buffer of the next stage.
 *
 * Completes with the source, after the last batch. An error of the source, or one thrown by `sizeOf`, goes to the error channel at once;
 * what was gathered is then given up and counted as discarded.
 *
 * Memory: one batch. Without `bytes` it leaves before it would take more than its part of the 16 MiB that all stages share.
 *
 * @example
 * ```ts
 * import { batch } from 'greengrass-rx';
 * import { interval, take } from 'rxjs';
 *
 * interval(1)
 *   .pipe(take(25), batch({ messages: 10, within: 1_000 }))
 *   .subscribe(readings => console.log(readings.length)); // 10, 10, 5
 * ```
 */
export function batch<A>(options: BatchOptions<NoInfer<A>>): (source: Observable<A>) => Observable<readonly A[]> {
  return source => {
    const { messages = DEFAULT_BUFFER_MESSAGES, bytes = Infinity, within, scheduler = asyncScheduler } = options;
    const sizeOf = options.sizeOf === undefined ? () => 0 : checkedSize(options.sizeOf);
    checkBound(messages, 'messages');
    if (within !== undefined) checkTime(within, 'within');
    if (options.bytes !== undefined && options.sizeOf === undefined)
      throw new TypeError('bytes needs sizeOf, which says how large a value is.');
    return new Observable<readonly A[]>(destination => {
      const entry = (options.ledger ?? ledgerOfAll).open('batch', options.name, {
        buffer: { messages, bytes: options.bytes, onFull: undefined },
        within,
      });
      const { account, into } = entry;
      let gathered: A[] = [];
      let gatheredBytes = 0;
      let timer: Subscription | undefined;
      const share = options.bytes === undefined ? bufferMemory.share() : undefined;

      const emit = (): void => {
        timer?.unsubscribe();
        timer = undefined;
        const full = gathered;
        account.emit(full.length, gatheredBytes);
        gathered = [];
        gatheredBytes = 0;
        share?.clear();
        entry.send();
        destination.next(full);
      };

      const gather = (value: A): void => {
        const size = entry.receive(value, sizeOf);
        const takes = share === undefined || options.sizeOf !== undefined ? size : share.bytesOf(value);
        // The subscriber may leave when it gets the batch before, and what the source emits meanwhile goes in first.
        while (gathered.length > 0 && (gatheredBytes + size > bytes || share?.has(takes) === false)) emit();
        account.admit(size);
        if (destination.closed) {
          account.discard(1, size);
          return;
        }
        gathered.push(value);
        gatheredBytes += size;
        share?.hold(takes, value);
        if (gathered.length >= messages || gatheredBytes >= bytes || share?.has(0) === false) emit();
        else if (gathered.length === 1 && within !== undefined) timer = wait(within, scheduler, emit);
      };

      destination.add(() => {
        timer?.unsubscribe();
        account.discard(gathered.length, gatheredBytes);
        gathered = [];
        share?.close();
        entry.close();
      });
      const work = {
        next: (value: A) => {
          const outer = suspendSubscribing();
          try {
            gather(value);
          } finally {
            resumeSubscribing(outer);
          }
        },
        error: (error: unknown) => destination.error(error),
        complete: () => {
          if (gathered.length > 0) emit();
          entry.complete(destination);
        },
      };
      workOn(source, destination, work, into);
    });
  };
}
