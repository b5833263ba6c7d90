import { Observable, type Subscriber } from 'rxjs';

/** What went from stages into the next one. */
export interface FeedAccount {
  /** The names of the stages that feed `to`. */
  readonly from: readonly string[];
  readonly to: string;
  /** Results that left the stages on the left. */
  readonly sent: number;
  /** Values that went into the stage on the right. */
  readonly received: number;
  /** What the operators in between took out: a `filter`, a window, a `Left` that went round the stage. Not a loss. */
  readonly absorbed: number;
  /** What the operators in between, or sources other than stages, put in. */
  readonly added: number;
}

/** The counters behind a {@link FeedAccount}. */
export class Feed {
  readonly from: Set<string> = new Set<string>();
  readonly to: string;
  sent = 0;
  received = 0;

  constructor(to: string) {
    this.to = to;
  }

  /** Whether a stage is known to feed this one. */
  get known(): boolean {
    return this.from.size > 0;
  }

  snapshot(): FeedAccount {
    const { from, to, sent, received } = this;
    return { from: [...from], to, sent, received, absorbed: Math.max(0, sent - received), added: Math.max(0, received - sent) };
  }
}

/** Who is subscribing to its source right now, for the stage that is subscribed meanwhile. */
interface Downstream {
  /** The feed of the next stage, which is fed. Used for counting only: a stage that subscribes late (inside a `switchMap`) is merely missing from it. */
  readonly feed: Feed | undefined;
  /** Whether a fallback is there before the next stage, for whatever cannot be published. */
  readonly hasFallback: boolean;
}

let subscribing: Downstream | undefined;

export function feedBeingSubscribed(): Feed | undefined {
  return subscribing?.feed;
}

/** Whether what is being subscribed feeds a fallback, which wants every value that comes to nothing. */
export function feedsFallback(): boolean {
  return subscribing?.hasFallback === true;
}

function within(downstream: Downstream | undefined, subscribe: () => void): void {
  const outer = subscribing;
  subscribing = downstream;
  try {
    subscribe();
  } finally {
    subscribing = outer;
  }
}

/** Subscribes to what feeds the stage of `feed`; one that is not known changes nothing. */
export function along(feed: Feed | undefined, subscribe: () => void): void {
  if (feed === undefined) subscribe();
  else within({ feed, hasFallback: false }, subscribe);
}

/** The same stream, known to feed a fallback. */
export function feedingFallback<A>(source: Observable<A>): Observable<A> {
  return new Observable(subscriber => {
    within({ feed: subscribing?.feed, hasFallback: true }, () => {
      source.subscribe(subscriber);
    });
  });
}

/** Subscribes `subscriber` to `source`, which feeds the stage of `feed`. */
export function subscribeAlong<A>(feed: Feed, source: Observable<A>, subscriber: Subscriber<A>): void {
  along(feed, () => {
    source.subscribe(subscriber);
  });
}

/**
 * A stage suspends what is being subscribed while it deals with a value. A source that emits while it is being subscribed would otherwise
 * let the stages that are subscribed because of the value count as its feeders.
 */
export function suspendSubscribing(): Downstream | undefined {
  const outer = subscribing;
  subscribing = undefined;
  return outer;
}

export function resumeSubscribing(outer: Downstream | undefined): void {
  subscribing = outer;
}
