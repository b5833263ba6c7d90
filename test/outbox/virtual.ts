import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { asyncScheduler, BehaviorSubject, delay, map, type Observable, of, ReplaySubject, type SchedulerLike, Subject, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { Ledger } from '../../src/flow/ledger.js';
import type { Accepted, CloudStatus, ConnectionState, PublishRequest } from '../../src/ports/mqtt-proxy.js';
import { InvalidRequest, type PublishError, ServiceFault } from '../../src/errors/errors.js';
import type { Mark } from '../../src/outbox/mark.js';
import { type OutboxOptions, openOutbox } from '../../src/outbox/open-outbox.js';
import { memoryStore } from '../../src/outbox/memory-store.js';
import { FileOutbox } from '../../src/outbox/file-outbox.js';
import type { Outbox } from '../../src/outbox/outbox.js';
import type { Store } from '../../src/outbox/store.js';
import { storeIn, type StoreInOptions } from '../../src/outbox/store-in.js';
import { QOS } from '../../src/shared/qos.js';
import { connected } from '../kit/nucleus/fake-proxy.js';

/** A mark that can be read at a glance: the number, `r` where it is replayed, `x2` at the second try, `-2..3` for numbers that are lost. */
const short = (message: PublishRequest, { number, replayed, attempt, lost }: Mark): PublishRequest => ({
  ...message,
  payload: `${Buffer.from(message.payload).toString()}#${number}${replayed ? 'r' : ''}${attempt > 1 ? `x${attempt}` : ''}${lost.map(({ first, last }) => `-${first}..${last}`).join('')}`,
});

/** An outbox in memory whose marks are short. */
export const inMemory = (options: OutboxOptions = {}): Outbox =>
  openOutbox({ path: ':memory:', mark: short, commit: { messages: 100, within: 0 }, ...options });

/** The same, with a store that something was done to. */
export const inStore = (change: (store: Store) => Partial<Store>, scheduler: SchedulerLike = asyncScheduler): FileOutbox => {
  const store = memoryStore({ maxBytes: 1 << 20, maxAge: Infinity, onFull: 'dropOldest' }, () => 'epoch');
  return new FileOutbox({
    path: 'slow',
    mark: short,
    tellOldest: false,
    topics: undefined,
    deleteWhen: 'accepted',
    profile: undefined,
    scheduler,
    ledger: new Ledger(),
    commit: { messages: 100, within: 0 },
    staysOpen: false,
    isInMemory: false,
    settings: { maxBytes: 1 << 20, maxAge: Infinity, onFull: 'dropOldest' },
    make: () => ({ ...store, ...change(store) }),
  });
};

/** With a store that takes its time as one on a disk does. */
export const onSlowDisk = (milliseconds: number): Outbox => {
  const slowly = <A>(answer$: Observable<A>): Observable<A> => {
    // Done when it is asked, told when the disk has it.
    const answers = new ReplaySubject<A>();
    answer$.subscribe(answers);
    return answers.pipe(delay(milliseconds));
  };
  return inStore(store => ({
    open: now => slowly(store.open(now)),
    put: (records, now) => slowly(store.put(records, now)),
    take: (request, now) => slowly(store.take(request, now)),
    settle: (fates, now) => slowly(store.settle(fates, now)),
  }));
};

/** A refusal that passes, and one that does not. */
export const passing = new ServiceFault('message', {
  operation: 'aws.greengrass#PublishToIoTCore',
  topicName: 't',
  reason: 'PublishFailed',
  retryable: true,
  remedy: '',
  serverCode: 'ServiceError',
  serverText: '',
});
/** What a nucleus without an endpoint says of every publish. */
export const unprovisioned = new ServiceFault('message', {
  operation: 'aws.greengrass#PublishToIoTCore',
  topicName: 't',
  reason: 'ConfiguredOffline',
  retryable: false,
  remedy: '',
  serverCode: 'ServiceError',
  serverText: '',
});
export const lasting = new InvalidRequest('message', 'aws.greengrass#PublishToIoTCore', 't', 'nucleus', 'Too odd.');

/** A nucleus in virtual time, which takes a millisecond for a publish. */
export class Port {
  readonly state$: BehaviorSubject<ConnectionState>;
  readonly cloud$ = new BehaviorSubject<CloudStatus>('connected');
  readonly draining$ = new Subject<void>();
  /** `millisecond payload`, for each publish. */
  readonly sent: string[] = [];
  underWay = 0;
  mostUnderWay = 0;
  answer: (payload: string, nth: number) => PublishError | undefined = () => undefined;
  latency = 1;

  constructor(isConnected = true) {
    this.state$ = new BehaviorSubject<ConnectionState>(isConnected ? connected(8) : { status: 'idle' });
  }

  connect(): void {
    this.state$.next(connected(8));
  }

  break(): void {
    this.state$.next({ status: 'idle' });
  }

  readonly publish$ = (request: PublishRequest): Observable<Either<PublishError, Accepted>> => {
    const payload = Buffer.from(request.payload).toString();
    this.sent.push(`${asyncScheduler.now()} ${payload}`);
    this.underWay++;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    const refused = this.answer(payload, this.sent.length);
    return timer(this.latency).pipe(
      map(() => {
        this.underWay--;
        return refused === undefined ? right({ by: 'spooler' as const }) : left(refused);
      }),
    );
  };
}

/** Runs in virtual time: `work` sets it up, and after `until` milliseconds all it has subscribed to is given up. */
export const virtually = (work: () => readonly { unsubscribe: () => void }[], until = 100_000): void => {
  new TestScheduler(() => undefined).run(({ flush }) => {
    const subscriptions = work();
    asyncScheduler.schedule(() => {
      for (const subscription of subscriptions) subscription.unsubscribe();
    }, until);
    flush();
  });
};

/** Stores texts, each to its topic: `a:text`. */
export const storing = (
  outbox: Outbox,
  texts: readonly string[],
  options: StoreInOptions<string> = {},
): ReturnType<Observable<unknown>['subscribe']> =>
  of(...texts)
    .pipe(
      storeIn(
        outbox,
        text => ({ topicName: text.split(':')[0] ?? '', payload: text.split(':')[1] ?? '', qos: QOS.AT_LEAST_ONCE }),
        options,
      ),
    )
    .subscribe();

/** Does this at that millisecond. */
export const atTime = (milliseconds: number, what: () => void): void => {
  asyncScheduler.schedule(what, milliseconds);
};
