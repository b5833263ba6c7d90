import type { Either } from 'fp-ts/lib/Either.js';
import { Observable, type Subscriber, Subscription } from 'rxjs';
import type { Overflowed } from '../errors/errors.js';
import { feedsFallback } from '../stream/feed.js';
import { workOn } from '../stream/work-on.js';
import type { StageKind } from './account.js';
import type { StageDeclaration } from './declaration.js';
import { BoundedBuffer, type BufferPolicy, declaredBuffer } from './bounded-buffer.js';
import type { Job, JobOwner } from './job.js';
import { type Ledger, ledger as ledgerOfAll } from './ledger.js';
import type { Ending } from './stage-output.js';
import { WorkQueue } from './work-queue.js';

/** The way into a stage for values that are given one by one instead of by an Observable. */
export interface Intake<A> {
  /** Whether a value given now would be worked on at once. */
  readonly hasRoom: boolean;
  /** The stage has ended: no value is taken any more. */
  isOver(): boolean;
  receive(value: A): void;
  complete(): void;
  error(error: unknown): void;
}

/** The name of the member that only stages have. A symbol, so that nothing has it by chance. */
export const OPEN: unique symbol = Symbol('greengrass-rx stage');

/** An operator with a bounded buffer. Besides being piped, it can be given values only when it has room for them. */
export interface Stage<in A, out B> {
  (source: Observable<A>): Observable<B>;
  /** Opens the stage to be given values when it has room for them. Only stages have this member, and the compiler knows that too. */
  readonly [OPEN]: (destination: Subscriber<B>, onRoom: () => void) => Intake<A>;
}

/** The options of every stage. */
export interface StageOptions<A> {
  /**
   * What may wait, and what happens when that much waits. Default: 1 000 values, whose bytes count against the 16 MiB that all stages
   * share, and `dropOldest`.
   */
  readonly buffer?: BufferPolicy<A> | undefined;
  /** The name under which the ledger counts this stage. Default: the operator's name. */
  readonly name?: string | undefined;
  /** The ledger that counts this stage. Default: `ledger`, which counts all. */
  readonly ledger?: Ledger | undefined;
}

/** How one subscription of a stage works. */
export interface StageWork<A, E, B> {
  /** How many pieces of work run at once. */
  readonly inFlight: number;
  readonly ordered: boolean;
  /** Makes the work for a value, which is begun then. */
  readonly job: (owner: JobOwner<Either<E, B>>, bytes: number, value: A) => Job<Either<E, B>>;
  /** How the stage ends when it must. Left out: what is inside is given up, and counted as discarded. */
  readonly ending?: Ending<A, E> | undefined;
  /**
   * Called once the stage is set up, with a function that changes its `inFlight`, and one that makes everything fail that only waits to try
   * again. The function that it returns is called when the stage has ended.
   */
  readonly begin?: ((resize: (inFlight: number) => void, giveUpWaiting: () => void) => () => void) | undefined;
  /** Called when the source has completed: nothing follows that values inside could wait for. */
  readonly onSourceCompleted?: (() => void) | undefined;
  /** What the stage declares besides its order and buffer. */
  readonly declaration?: Pick<StageDeclaration, 'inFlight' | 'topics' | 'subscribes' | 'payload' | 'marks' | 'operation'> | undefined;
}

/** Makes a stage. `subscription` says how each of its subscriptions works. */
export function stage<A, E, B>(
  kind: StageKind,
  options: StageOptions<A>,
  subscription: () => StageWork<A, E, B>,
): Stage<A, Either<E | Overflowed, B>> {
  const open = (destination: Subscriber<Either<E | Overflowed, B>>, onRoom?: () => void): WorkQueue<A, E, B> => {
    const { inFlight, ordered, job, ending, begin, onSourceCompleted, declaration } = subscription();
    const entry = (options.ledger ?? ledgerOfAll).open(kind, options.name, {
      inFlight,
      ordered,
      buffer: declaredBuffer(options.buffer),
      ...declaration,
    });
    // If a fallback follows, each dropped value has an outcome.
    const spares = ending !== undefined && feedsFallback();
    const buffer = new BoundedBuffer<A>(options.buffer ?? {}, entry.account, undefined, spares);
    const queue = new WorkQueue<A, E, B>({ destination, inFlight, ordered, buffer, entry, job, ending, onRoom });
    queue.onSourceCompleted = onSourceCompleted;
    // Its subscriber may have left before: combineLatest subscribes to all its sources, even after the first has failed.
    if (begin !== undefined && !queue.hasEnded()) {
      const end = begin(
        most => queue.resize(most),
        () => queue.giveUpWaiting(),
      );
      // Or it leaves because of what it gets meanwhile.
      if (queue.hasEnded()) end();
      else queue.onEnd = end;
    }
    return queue;
  };
  const operator = (source: Observable<A>): Observable<Either<E | Overflowed, B>> =>
    new Observable(destination => {
      const queue = open(destination);
      const upstream = new Subscription();
      destination.add(upstream);
      queue.onLeave = () => upstream.unsubscribe();
      const work = {
        next: (value: A) => queue.receive(value),
        error: (error: unknown) => queue.error(error),
        complete: () => queue.complete(),
      };
      workOn(source, upstream, work, queue.feed);
    });
  return Object.assign(operator, { [OPEN]: open });
}
