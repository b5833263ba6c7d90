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

/** Who is subscribing to its source right now. A stage that is subscribed meanwhile feeds it. */
interface Downstream {
  /**
   * The feed into the next stage. Used for counting only: a stage that is subscribed late, as inside a `switchMap`, is merely missing from
   * it.
   */
  readonly feed: Feed | undefined;
  /** Whether there is a fallback before the next stage, which takes what cannot be published. */
  readonly hasFallback: boolean;
}

let subscribing: Downstream | undefined;

export function feedBeingSubscribed(): Feed | undefined {
  return subscribing?.feed;
}

/** Whether what is being subscribed feeds a fallback, which is to get every value that cannot be published. */
export function feedsFallback(): boolean {
  return subscribing?.hasFallback === true;
}

function within(downstream: Downstream | undefined, subscribe: () => void): void {
  const outer = subscribing;
  subscribing = downstream;
  try {
    // What ends while it is subscribed does not end with the stage whose end has led here, as in `concat`.
    endingAs(undefined, subscribe);
  } finally {
    subscribing = outer;
  }
}

/** Subscribes to what feeds the stage of `feed`. `undefined` changes nothing. */
export function along(feed: Feed | undefined, subscribe: () => void): void {
  if (feed === undefined) subscribe();
  else within({ feed, hasFallback: false }, subscribe);
}

/** The same stream, marked as feeding a fallback. */
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

/** The stage that is telling its end right now, where a dry run wants to know. */
let ending: string | undefined;

/** Tells the end of the stage of this name to what comes after it; `undefined`: of none. */
export function endingAs(name: string | undefined, tell: () => void): void {
  const outer = ending;
  ending = name;
  try {
    tell();
  } finally {
    ending = outer;
  }
}

/**
 * The source of a stage has ended. If that is another stage's end, that stage feeds it: what `share` hands to its second subscriber and
 * further ones has been subscribed before, so nothing else tells where it comes from.
 */
export function sourceEnded(feed: Feed): void {
  if (ending !== undefined) feed.from.add(ending);
}

/**
 * A stage suspends this while it deals with a value. Otherwise, when a source emits while it is being subscribed, stages that are
 * subscribed because of that value would count as feeders.
 */
export function suspendSubscribing(): Downstream | undefined {
  const outer = subscribing;
  subscribing = undefined;
  return outer;
}

export function resumeSubscribing(outer: Downstream | undefined): void {
  subscribing = outer;
}
