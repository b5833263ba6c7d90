import type { Observable } from 'rxjs';
import type { OutboxUnavailable } from '../errors/errors.js';
import type { Profile, PublishRequest } from '../ports/mqtt-proxy.js';
import type { ObservableEither } from '../stream/observable-either.js';
import type { GroupCommit } from './group-commit.js';
import type { MarkWith } from './mark.js';
import type { Moment, Opened, Store, StoreCounts, StoreNews } from './store.js';

/** When a stored message is deleted. */
export type DeleteWhen =
  'accepted' | 'confirmed' | { readonly confirmed: { readonly sample: number; readonly topicName: string } } | { readonly after: number };

/** What waits in an outbox. */
export interface OutboxDepth {
  readonly messages: number;
  /** Bytes of topics and payloads. */
  readonly bytes: number;
  /** Milliseconds since the oldest was stored; 0 when nothing waits. */
  readonly age: number;
  /** What became of all that was ever stored in this file: `stored = forwarded + expired + dropped + setAside + damaged + inside`. */
  readonly counts: StoreCounts;
}

/** A store for messages that survives the process and the power. See {@link openOutbox}. */
export interface Outbox extends AsyncDisposable {
  /** The file. */
  readonly path: string;
  /** How its messages are marked. */
  readonly mark: MarkWith;
  /** Whether each message tells when the oldest was stored that is not sent yet. */
  readonly tellOldest: boolean;
  /** Milliseconds after which a message is too old to be sent. `Infinity`: never. */
  readonly maxAge: number;
  /** The filters of the topics that its messages are for. `undefined`: any. */
  readonly topics: readonly string[] | undefined;
  /** When its messages are deleted. */
  readonly deleteWhen: DeleteWhen;
  /** The only nucleus it is for. `undefined`: any. */
  readonly profile: Profile | undefined;
  /**
   * What waits: now, and after each change. Does not open the file: until a stage has, nothing waits. Does not complete before `close`.
   */
  readonly depth$: Observable<OutboxDepth>;
  /**
   * Commits what waits and closes the file. Stages and forwarders that still run get `Left(OutboxUnavailable)`. A disk that does not answer
   * within ten seconds is not waited for: what was on its way there gets one, too, though some of it may be stored.
   */
  readonly close: () => Promise<void>;
  /** @internal What the port of its forwarder may add to a message, from when it has had one. */
  atLargest: ((request: PublishRequest) => PublishRequest) | undefined;
  /**
   * @internal Opens the file, or shares it; closed a second after the last has let it go. Tells anew when what it could not be opened for
   * has passed.
   */
  readonly use: () => ObservableEither<OutboxUnavailable<'message'>, OpenOutbox>;
}

/** An outbox whose file is open. */
export interface OpenOutbox {
  readonly store: Store;
  readonly opened: Opened;
  readonly commits: GroupCommit;
  readonly now: () => Moment;
  /** Takes what a store's answer says of its depth. */
  readonly news: (news: StoreNews) => void;
  /** What the store last said of its depth. */
  readonly latest: () => StoreNews;
  /** How many messages were found to be lost when it was opened, for the first who asks. */
  readonly takeDamage: () => number;
  /** The nucleus that its messages go to, as far as is known. */
  profile: Profile | undefined;
  /** Emits when messages have been stored: how many others gave way. */
  readonly stored$: Observable<number>;
  /** The place that the next message gets, as far as is known here. */
  readonly nextPlace: () => number;
  /** Claims the one place there is for a forwarder. `undefined`: it is taken. Else the function lets it go. */
  readonly claimForwarding: () => (() => void) | undefined;
}
