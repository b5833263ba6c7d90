import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { asyncScheduler, concat, defer, filter, firstValueFrom, map, Observable, of, Subject, Subscription, takeUntil, tap } from 'rxjs';
import {
  type ConnectError,
  type InvalidRequest,
  type Operation,
  ProtocolViolated,
  ProxyClosed,
  type PublishError,
  type RequestError,
  type ServiceSubscribeError,
  type SubscribeError,
  Unauthorized,
  UnsupportedOperation,
} from '../errors/errors.js';
import { publishing, type Submit } from '../flow/publish-job.js';
import type { Transport } from '../ipc/transport.js';
import type { Clock } from '../shared/clock.js';
import type {
  Capabilities,
  ConnectionState,
  DrainReport,
  RunnableTask,
  RunnableTaskEither,
  SubscriptionStatus,
} from '../ports/mqtt-proxy.js';
import { SUBSCRIBE } from '../shared/operations.js';
import { schedulerClock } from '../schedule/clock.js';
import { checkTime } from '../shared/check-argument.js';
import { hook } from '../stream/hook.js';
import type { ObservableEither } from '../stream/observable-either.js';
import { markHandled, reportUnhandled } from '../stream/unhandled.js';
import type { ResolvedOptions } from './connect-options.js';
import { Connection } from './connection.js';
import { type RequestsUser } from './state-news.js';
import { Drain, type Drained } from './drain.js';
import { unsent } from './failures.js';
import { frameProblem } from './mqtt-request.js';
import { PassingRefusals, RequestQueue, type RequestRules } from './request-queue.js';
import { type EventStream, LastingSubscription, type SubscriptionContext } from './subscription.js';

/** Requests of services in flight at once, besides publishes. They are small and rare. */
const REQUESTS_IN_FLIGHT = 4;

/** How a request of a service is made and its answer read. */
export interface Call<A> {
  readonly operation: Operation;
  /** What it is about, for errors. */
  readonly about: string;
  readonly payload: string;
  /** A text says what is wrong with the answer. */
  readonly read: (body: string) => Either<string, A>;
}

/**
 * What a subscription that is not active waits for: an answer of the nucleus, or of the cloud, for which a nucleus that is offline waits
 * itself.
 */
export type WaitsFor = 'nothing' | 'nucleus' | 'cloud';

/** What the ports of one nucleus share: the connection, its drain and its end, and the ways to subscribe, publish and make requests. */
export class NucleusLink {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly #options: ResolvedOptions;
  readonly #queues: RequestsUser[] = [];
  readonly #drained: Drained[] = [];
  readonly #drain: Drain;
  readonly #context: Omit<SubscriptionContext, 'publishCanary'>;
  /** The operations that this nucleus was found not to offer since the connection was made. */
  readonly #lacking = new Map<Operation, UnsupportedOperation<'message'>>();
  readonly #requests: RequestQueue<string>;
  /** Subscriptions that are not active, and what each waits for. */
  readonly #waits = new Map<object, WaitsFor>();
  readonly #awaitedChanges = new Subject<WaitsFor>();

  constructor(options: ResolvedOptions, transport: Transport) {
    this.#options = options;
    this.clock = schedulerClock(options.scheduler);
    this.connection = new Connection(options, transport, this.clock, this.#queues);
    this.#drain = new Drain(this.clock, this.#drained);
    this.#context = {
      clock: this.clock,
      timeout: options.subscribeTimeout,
      resubscribe: options.resubscribe,
      refusalPatience: options.refusalPatience,
      // In virtual time a test looks at the errors, and nobody reads stderr.
      reportUnhandled: options.scheduler === asyncScheduler ? reportUnhandled : () => undefined,
    };
    const forget = (): void => this.#lacking.clear();
    this.#queues.push({ provokes: () => false, onSession: () => undefined, onInterrupted: forget, onFailed: forget, onDefect: forget });
    // A drain does not wait for these: nothing of the component's is lost with them.
    this.#requests = this.#open<string>({
      read: right,
      provokes: () => false,
      inFlightOf: () => REQUESTS_IN_FLIGHT,
      problem: frameProblem,
    });
  }

  get state$(): Observable<ConnectionState> {
    return this.connection.state$;
  }

  get isOnLite(): boolean {
    const { state } = this.connection;
    return state.status === 'connected' && state.capabilities.profile === 'lite';
  }

  /** The time of day, by the scheduler: milliseconds since 1970. */
  time(): number {
    return this.#options.scheduler.now();
  }

  get draining$(): Observable<void> {
    return this.#drain.begun$;
  }

  ready(): RunnableTaskEither<ConnectError, Capabilities> {
    return async () => {
      this.connection.demand();
      const outcome$ = this.connection.state$.pipe(
        filter(state => state.status === 'connected' || state.status === 'failed' || state.status === 'closed'),
        map((state): Either<ConnectError, Capabilities> => {
          if (state.status === 'connected') return right(state.capabilities);
          return left(state.status === 'failed' ? state.error : new ProxyClosed());
        }),
      );
      return firstValueFrom(outcome$, { defaultValue: left(new ProxyClosed()) });
    };
  }

  drain(deadline: number): RunnableTask<DrainReport> {
    checkTime(deadline, 'The deadline of drain()');
    return () => firstValueFrom(this.#drain.run(deadline));
  }

  holdDrain(): () => void {
    return this.#drain.hold();
  }

  close(): Promise<void> {
    return this.connection.close(this.#drain.hasBegun);
  }

  /** The way in which a port publishes: through a bounded queue of its own, for which a drain waits. */
  publisher<R, Acc>(
    rules: RequestRules<Acc> & {
      readonly operation: Operation;
      readonly topicOf: (request: R) => string;
      /** What is wrong with a request, whatever the nucleus. */
      readonly requestProblem: (request: R) => InvalidRequest<'message'> | undefined;
      readonly encode: (request: R) => string;
    },
  ): Submit<R, Acc> {
    const queue = this.#open(rules);
    this.#drained.push(queue);
    return (request, listener) => {
      const failure = rules.requestProblem(request) ?? this.#unsent();
      if (failure === undefined) return queue.submit(rules.operation, rules.topicOf(request), rules.encode(request), listener);
      listener.onFailed(failure);
      return Subscription.EMPTY;
    };
  }

  /** One subscription at the nucleus for each subscriber, until draining begins. */
  events<M>(
    stream: EventStream<M>,
    problemOf: () => InvalidRequest<'terminal'> | undefined,
    publishCanary: (topicName: string) => void,
  ): ObservableEither<SubscribeError, M> {
    const context = { ...this.#context, publishCanary };
    return new Observable<Either<SubscribeError, M>>(subscriber => {
      const problem = problemOf();
      if (problem !== undefined) {
        subscriber.next(left(problem));
        subscriber.complete();
        context.reportUnhandled(problem);
        return undefined;
      }
      const entry = {};
      const hear = hook('onStatus', stream.onStatus);
      const onStatus = (status: SubscriptionStatus): void => {
        this.#note(entry, waitOf(stream.operation, status));
        hear?.(status);
      };
      const subscription = new LastingSubscription(this.connection, { ...stream, onStatus }, context, subscriber);
      return () => {
        subscription.stop();
      };
    }).pipe(takeUntil(this.#drain.begun$));
  }

  /** What the subscriptions of all ports still wait for, now and after each change. */
  get awaited$(): Observable<WaitsFor> {
    return defer(() => concat(of(this.#awaited), this.#awaitedChanges));
  }

  get #awaited(): WaitsFor {
    const waits = new Set(this.#waits.values());
    return waits.has('nucleus') ? 'nucleus' : waits.has('cloud') ? 'cloud' : 'nothing';
  }

  #note(entry: object, wait: WaitsFor): void {
    if (wait === 'nothing') this.#waits.delete(entry);
    else this.#waits.set(entry, wait);
    this.#awaitedChanges.next(this.#awaited);
  }

  /**
   * {@link events} of an operation that not every nucleus has. If it is missing, each subscriber is told so without asking the nucleus
   * again, and nothing else ends.
   */
  optionalEvents<M>(
    stream: EventStream<M>,
    problemOf: () => InvalidRequest<'terminal'> | undefined = () => undefined,
    publishCanary: (topicName: string) => void = () => undefined,
  ): ObservableEither<ServiceSubscribeError, M> {
    const events$ = this.events(stream, problemOf, publishCanary).pipe(
      map((event): Either<ServiceSubscribeError, M> => {
        if (event._tag === 'Right') return event;
        const error = event.left;
        return error._tag === 'UnsupportedOperation' ? left(this.#lacks(error)) : left(error);
      }),
    );
    return defer(() => {
      const lacking = this.#lacking.get(stream.operation);
      return lacking === undefined ? events$ : of(left(lacking));
    });
  }

  /** Makes the request once for every subscriber. */
  call<A>({ operation, about, payload, read }: Call<A>): ObservableEither<RequestError, A> {
    const asked$ = publishing<string>(listener => {
      const failure = this.#unsent();
      if (failure === undefined) return this.#requests.submit(operation, about, payload, listener);
      listener.onFailed(failure);
      return Subscription.EMPTY;
    }).pipe(
      tap(answer => {
        if (answer._tag === 'Left' && answer.left._tag === 'UnsupportedOperation') this.#lacks(answer.left);
      }),
      map((answer): Either<RequestError, A> => {
        if (answer._tag === 'Left') return answer;
        const said = read(answer.right);
        return said._tag === 'Left' ? left(new ProtocolViolated('message', said.left)) : said;
      }),
    );
    return defer(() => {
      const lacking = this.#lacking.get(operation);
      return lacking === undefined ? asked$ : of(left(lacking));
    });
  }

  #lacks(error: UnsupportedOperation): UnsupportedOperation<'message'> {
    markHandled(error);
    const { operation, serverText } = error;
    const lacking = this.#lacking.get(operation) ?? new UnsupportedOperation('message', operation, serverText);
    this.#lacking.set(operation, lacking);
    return lacking;
  }

  #open<A>(rules: RequestRules<A>): RequestQueue<A> {
    const { publishTimeout, publishBuffer, refusalPatience } = this.#options;
    const refusals = new PassingRefusals(this.clock, refusalPatience);
    const queue = new RequestQueue<A>(rules, this.clock, publishTimeout, publishBuffer, refusals);
    queue.onUnanswered = error => {
      this.connection.giveUp(error);
    };
    this.#queues.push(queue);
    return queue;
  }

  #unsent(): PublishError | undefined {
    const error = this.connection.demand();
    return error === undefined ? undefined : unsent(error);
  }
}

function waitOf(operation: Operation, status: SubscriptionStatus): WaitsFor {
  if (status.status === 'active' || status.status === 'ended') return 'nothing';
  // Greengrass Lite is asked again for what it has refused; until it answers, it is not known whether it is allowed.
  const isRefused = status.status === 'interrupted' && status.error.cause instanceof Unauthorized;
  return operation === SUBSCRIBE && !isRefused ? 'cloud' : 'nucleus';
}
