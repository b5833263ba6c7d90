import { identity, type MonoTypeOperatorFunction, Observable, type OperatorFunction } from 'rxjs';
import { resumeSubscribing, suspendSubscribing } from '../stream/feed.js';
import { toEither } from '../stream/observable-either.js';
import { workOn } from '../stream/work-on.js';
import type { StageKind } from './account.js';
import type { StageDeclaration } from './declaration.js';
import { checkedSize } from '../shared/check-argument.js';
import { isRecording, type Ledger, ledger as ledgerOfAll } from './ledger.js';

/** How {@link counted} counts. */
export interface CountedOptions<A> {
  /**
   * Bytes of one value, 0 or more. If it throws, or returns something that is not a size, that goes to the error channel. Default: only
   * values are counted.
   */
  readonly sizeOf?: ((value: A) => number) | undefined;
  /** The ledger that counts. Default: `ledger`, which counts all. */
  readonly ledger?: Ledger | undefined;
}

/**
 * Counts what passes, under a name, and changes nothing: put it behind a subscription, and the ledger tells how much of what came was
 * absorbed on the way to the first stage. `Left`s count as failed, all else as emitted.
 *
 * @example
 * ```ts
 * import { concurrently, counted, Ledger } from 'greengrass-rx';
 * import { filter, lastValueFrom, range } from 'rxjs';
 *
 * const ledger = new Ledger();
 * const readings$ = range(1, 100).pipe(
 *   counted('readings', { ledger }),
 *   filter(n => n % 10 === 0),
 *   concurrently(4, async n => n, { ledger }),
 * );
 * await lastValueFrom(readings$);
 * console.log(ledger.snapshot().feeds); // from readings to concurrently: sent 100, received 10, absorbed 90
 * ```
 */
export function counted<A>(name: string, options: CountedOptions<NoInfer<A>> = {}): MonoTypeOperatorFunction<A> {
  const counting: Counting<A> = {
    sizeOf: options.sizeOf === undefined ? () => 0 : checkedSize(options.sizeOf),
    fateOf: value => (toEither(value)._tag === 'Left' ? 'failed' : 'emitted'),
    ledger: options.ledger,
  };
  return countedAs<A, A>('counted', name, counting, identity);
}

/** How {@link countedAs} counts. */
export interface Counting<A> {
  readonly sizeOf: (value: A) => number;
  /** What a value counts as; `aside`: it is not counted, since it is a report and no message. */
  readonly fateOf: (value: A) => 'emitted' | 'failed' | 'aside';
  readonly ledger?: Ledger | undefined;
  readonly declaration?: StageDeclaration | undefined;
}

/**
 * {@link counted} for the library's own streams: counts what `read` makes of each value. One Observable does both, since a second would add
 * frames of stack for every message.
 */
export function countedAs<A, B>(kind: StageKind, name: string, counting: Counting<B>, read: (value: A) => B): OperatorFunction<A, B> {
  return source =>
    new Observable<B>(destination => {
      const { sizeOf, fateOf } = counting;
      const entry = (counting.ledger ?? ledgerOfAll).open(kind, name, counting.declaration);
      const { account, into } = entry;
      const count = (value: B): void => {
        const fate = fateOf(value);
        if (fate === 'aside') return;
        const bytes = entry.receive(value, sizeOf);
        account.admit(bytes);
        if (fate === 'failed') {
          account.fail(bytes);
          return;
        }
        account.emit(1, bytes);
        entry.send();
      };
      destination.add(() => entry.close());
      const work = {
        next: (value: A) => {
          const outer = suspendSubscribing();
          try {
            const made = read(value);
            count(made);
            destination.next(made);
          } finally {
            resumeSubscribing(outer);
          }
        },
        error: (error: unknown) => destination.error(error),
        complete: () => entry.complete(destination),
      };
      workOn(source, destination, work, into);
    });
}

/** Shows a dry run an operator that is no stage and is not counted. Does nothing otherwise, and costs nothing for a value. */
export function noted<A>(kind: StageKind, name: string, declaration: StageDeclaration): MonoTypeOperatorFunction<A> {
  const shown = countedAs<A, A>(kind, name, { sizeOf: () => 0, fateOf: () => 'emitted', declaration }, identity);
  return source => new Observable(destination => (isRecording() ? shown(source) : source).subscribe(destination));
}
