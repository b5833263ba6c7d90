import type { Either } from 'fp-ts/lib/Either.js';
import { asyncScheduler, Observable, type SchedulerLike } from 'rxjs';
import type { Overflowed } from '../errors/errors.js';
import type { DeclaredBuffer } from '../flow/declaration.js';
import { BoundedBuffer, type BufferPolicy, declaredBuffer } from '../flow/bounded-buffer.js';
import { type Ledger, ledger as ledgerOfAll } from '../flow/ledger.js';
import { steadyNow } from '../schedule/clock.js';
import { checkPositive, checkShare } from '../shared/check-argument.js';
import { workOn } from '../stream/work-on.js';
import { AdaptedShare, type AdaptOptions, RateGovernor, TokenBucket } from './rate-governor.js';

/** How much {@link governRate} lets pass: messages, bytes, or both. */
export type RateLimits<A> =
  | {
      /** Values a second. */
      readonly messagesPerSecond: number;
      readonly bytesPerSecond?: undefined;
      /** Bytes of one value, for the buffer and the ledger. */
      readonly sizeOf?: ((value: A) => number) | undefined;
    }
  | {
      readonly messagesPerSecond?: number | undefined;
      /** Bytes a second. */
      readonly bytesPerSecond: number;
      /** Bytes of one value, as it will be sent. Called once for each. */
      readonly sizeOf: (value: A) => number;
    };

/** What becomes of values that come faster than {@link governRate} lets pass. */
export type RateMode<A> =
  | {
      /** They wait for their turn in a bounded buffer. The default. */
      readonly mode?: 'shape' | undefined;
      /**
       * How many may wait, and what gives way when that many do. Default: 1 000 values, whose bytes count against the 16 MiB that all
       * stages share, and `dropOldest`.
       */
      readonly buffer?: BufferPolicy<A> | undefined;
      readonly onDrop?: undefined;
    }
  | {
      /** They are dropped. */
      readonly mode: 'enforce';
      readonly buffer?: undefined;
      /** Sees each dropped value, at the moment it is dropped. What it throws goes to the error channel. */
      readonly onDrop?: ((value: A) => void) | undefined;
    };

/** How {@link governRate} governs. */
export type GovernRateOptions<A> = RateLimits<A> &
  RateMode<A> & {
    /**
     * The part of both rates that this stage may use, above 0 and up to 1. The limits of IoT Core are those of a connection, which all
     * components of a device share. Default 1.
     */
    readonly share?: number | undefined;
    /**
     * What may be saved up while little comes, to pass at once later. Default: what may pass in a tenth of a second, and at least one
     * message.
     */
    readonly burst?: { readonly messages?: number | undefined; readonly bytes?: number | undefined } | undefined;
    /** To send less while buffers on the way to the cloud are full. Default: the rates are fixed. */
    readonly adapt?: AdaptOptions | undefined;
    /** The name under which the ledger counts this stage. Default `governRate`. */
    readonly name?: string | undefined;
    /** The ledger that counts this stage. Default: `ledger`, which counts all. */
    readonly ledger?: Ledger | undefined;
    /** The clock. Default `asyncScheduler`, which is virtual inside `TestScheduler.run`. */
    readonly scheduler?: SchedulerLike | undefined;
  };

/** What is saved up by default, in seconds of the rate. */
const DEFAULT_BURST = 0.1;

/** The buckets of one subscription, full at its beginning. */
export type BucketsAt = (now: number) => readonly [messages: TokenBucket | undefined, bytes: TokenBucket | undefined];

/** Checks the options when the operator is made, and not when it is subscribed. */
export function bucketsOf<A>(options: RateLimits<A> & Pick<GovernRateOptions<A>, 'share' | 'burst'>): BucketsAt {
  const { messagesPerSecond, bytesPerSecond, share = 1, burst = {} } = options;
  checkShare(share, 'share');
  const bucket = (name: 'messages' | 'bytes', perSecond: number | undefined): ((now: number) => TokenBucket | undefined) => {
    if (perSecond === undefined) return () => undefined;
    checkPositive(perSecond, `${name}PerSecond`);
    const capacity = burst[name] ?? Math.max(perSecond * share * DEFAULT_BURST, 1);
    checkPositive(capacity, `burst.${name}`);
    return now => new TokenBucket(perSecond * share, capacity, now);
  };
  if (messagesPerSecond === undefined && bytesPerSecond === undefined)
    throw new TypeError('A rate needs messagesPerSecond, bytesPerSecond or both.');
  if (bytesPerSecond !== undefined && typeof options.sizeOf !== 'function')
    throw new TypeError('bytesPerSecond needs sizeOf, which says how large a value is.');
  const messages = bucket('messages', messagesPerSecond);
  const bytes = bucket('bytes', bytesPerSecond);
  return now => [messages(now), bytes(now)];
}

/** The policy for values that wait; with `enforce`, one by which none does. */
function policyOf<A>(options: GovernRateOptions<A>): { readonly policy: BufferPolicy<A>; readonly declared: DeclaredBuffer } {
  const { sizeOf } = options;
  if (options.mode === 'enforce') {
    const declared = { messages: 0, bytes: undefined, onFull: 'enforce' } as const;
    return { policy: { messages: 0, onFull: 'dropNewest', sizeOf, onDrop: options.onDrop }, declared };
  }
  const { buffer = {} } = options;
  return { policy: sizeOf === undefined ? buffer : { ...buffer, sizeOf }, declared: declaredBuffer(buffer) };
}

/**
 * Lets a given number of messages and bytes pass in a second: a stage to put in front of `publishTo`, so that a component stays below the
 * limits of AWS IoT Core (`IOT_CORE_LIMITS`) or of a metered line.
 *
 * - *Token buckets*, one for messages and one for bytes: in any time of t seconds at most `burst + rate * t` pass. What is larger than the
 *   burst passes when the bucket is full, and what follows waits the longer.
 * - *Shape or enforce*: what comes faster waits in a bounded buffer, or is dropped. What is dropped, in either mode, comes out as one
 *   `Left(Overflowed)` in front of the next value; `onDrop` sees each.
 * - *Adapting*: `adapt` is fed the outcomes of `publishTo`. When one says that the spool of the nucleus is full, the rate is halved, at
 *   most once a second; while messages are taken it comes back, by a twentieth of the full rate a second.
 * - *Each subscription has buckets of its own*: merge all that a component publishes in front of one `governRate`, or give each a `share`.
 *
 * Emits `Right(value)` in order. Completes when the source has and nothing waits any more; with `onFull: 'fail'` after a terminal
 * `Left(Overflowed)`. An error of the source, of `outcome$`, or one thrown by `sizeOf` or a hook, goes to the error channel at once; what
 * waits is then given up and counted as discarded. At `drain`, what waits here is published too, at this rate: give the drain enough time
 * for that.
 *
 * The ledger counts it as a stage of kind `governRate`. One timer at most, whatever waits.
 *
 * Memory: at most `buffer.messages` (1 000) waiting values; unless `buffer.bytes` bounds them, their bytes count against the 16 MiB that
 * all stages share. With `enforce` nothing waits.
 *
 * @example
 * ```ts
 * import { governRate } from 'greengrass-rx/operators';
 * import { E } from 'greengrass-rx/fp';
 * import { range } from 'rxjs';
 *
 * range(1, 5)
 *   .pipe(governRate({ messagesPerSecond: 100, burst: { messages: 2 }, mode: 'shape' }))
 *   .subscribe(E.match(overflow => console.error(overflow.message), n => console.log(n))); // 1, 2 at once; 3, 4, 5 each 10 ms later
 * ```
 */
export function governRate<A>(options: GovernRateOptions<NoInfer<A>>): (source: Observable<A>) => Observable<Either<Overflowed, A>> {
  const { adapt, scheduler = asyncScheduler } = options;
  const bucketsAt = bucketsOf(options);
  if (adapt !== undefined) new AdaptedShare(adapt, 0);
  const { policy, declared } = policyOf(options);
  const now = steadyNow(scheduler);
  return source =>
    new Observable<Either<Overflowed, A>>(destination => {
      const entry = (options.ledger ?? ledgerOfAll).open('governRate', options.name, { buffer: declared });
      const buffer = new BoundedBuffer<A>(policy, entry.account, options.mode === 'enforce' ? 'enforce' : undefined);
      const begun = now();
      const [messages, bytes] = bucketsAt(begun);
      const adapted = adapt === undefined ? undefined : new AdaptedShare(adapt, begun);
      const governor = new RateGovernor<A>({ destination, buffer, entry, messages, bytes, adapted, now, scheduler });
      if (adapt !== undefined)
        destination.add(
          adapt.outcome$.subscribe({ next: outcome => governor.hear(outcome), error: (error: unknown) => governor.error(error) }),
        );
      const work = {
        next: (value: A) => governor.receive(value),
        error: (error: unknown) => governor.error(error),
        complete: () => governor.complete(),
      };
      workOn(source, destination, work, governor.feed);
    });
}
