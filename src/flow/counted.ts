import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import { resumeSubscribing, subscribeAlong, suspendSubscribing } from './edge.js';
import { type Ledger, ledger as ledgerOfAll } from './ledger.js';
import { toEither } from './work.js';

/** How {@link counted} counts. */
export interface CountedOptions<A> {
  /** Bytes of one value. Default: only values are counted. */
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
 * console.log(ledger.snapshot().edges); // from readings to concurrently: sent 100, received 10, absorbed 90
 * ```
 */
export const counted =
  <A>(name: string, options: CountedOptions<NoInfer<A>> = {}): MonoTypeOperatorFunction<A> =>
  source =>
    new Observable<A>(destination => {
      const entry = (options.ledger ?? ledgerOfAll).open('counted', name);
      const { account, into } = entry;
      const sizeOf = options.sizeOf ?? (() => 0);
      const count = (value: A): void => {
        const bytes = sizeOf(value);
        account.receive(bytes);
        account.admit(bytes);
        if (toEither(value)._tag === 'Left') {
          account.fail(bytes);
          return;
        }
        account.emit(1, bytes);
        if (entry.out !== undefined) entry.out.sent++;
      };
      destination.add(() => entry.close());
      new Observable<A>(upstream => {
        destination.add(upstream);
        subscribeAlong(into, source, upstream);
      }).subscribe({
        next: value => {
          const outer = suspendSubscribing();
          try {
            into.received++;
            count(value);
            destination.next(value);
          } catch (error) {
            destination.error(error);
          } finally {
            resumeSubscribing(outer);
          }
        },
        error: error => destination.error(error),
        complete: () => destination.complete(),
      });
    });
