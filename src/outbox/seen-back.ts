import { type SchedulerLike, startWith, Subject, Subscription, switchMap } from 'rxjs';
import { InvalidRequest, type SubscribeError } from '../errors/errors.js';
import type { MqttMessage, MqttProxy, Profile, SubscriptionStatus } from '../ports/mqtt-proxy.js';
import { capped, exponential, fullJitter, type Schedule } from '../schedule/schedule.js';
import { PUBLISH } from '../shared/operations.js';
import { QOS } from '../shared/qos.js';
import { isTerminalError } from '../stream/observable-either.js';
import { retryWith } from '../stream/retry.js';
import type { DeleteWhen, Outbox } from './outbox.js';

/** The topics on which something has to be seen back before messages are deleted. */
export function seenOn({ deleteWhen, topics = [] }: Pick<Outbox, 'deleteWhen' | 'topics'>): readonly string[] {
  if (deleteWhen === 'confirmed') return topics;
  return isSampled(deleteWhen) ? [deleteWhen.confirmed.topicName] : [];
}

/** Whether samples are seen back, in the place of each message. */
export function isSampled(deleteWhen: DeleteWhen): deleteWhen is Extract<DeleteWhen, { readonly confirmed: unknown }> {
  return typeof deleteWhen === 'object' && 'confirmed' in deleteWhen;
}

/**
 * Why no message that goes to this nucleus is known again when it comes back: each would be sent again and again, and be set aside in the
 * end.
 */
export function unconfirmable(
  { deleteWhen, mark, topics = [] }: Pick<Outbox, 'deleteWhen' | 'mark' | 'topics'>,
  profile: Profile,
): InvalidRequest<'terminal'> | undefined {
  if (deleteWhen !== 'confirmed' || profile !== 'lite' || mark !== 'members') return undefined;
  const problem = "Greengrass Lite carries no user properties: deleteWhen: 'confirmed' needs mark: 'wrap' there.";
  return new InvalidRequest('terminal', PUBLISH, topics[0] ?? '', 'client', problem);
}

/**
 * When to ask again for a subscription that was refused for a reason that may pass: a classic nucleus refuses all while the device is
 * offline.
 */
const AGAIN: Schedule = fullJitter(capped(30_000)(exponential(1_000)));

/** What retrying takes its waits and its chance from. */
interface RetryContext {
  readonly random: () => number;
  readonly scheduler: SchedulerLike;
}

/** What comes back on a topic, for as long as it is subscribed: a device that starts offline is waited for. */
export function comingBack(
  subscribe: MqttProxy['subscribe'],
  topicName: string,
  onStatus: (status: SubscriptionStatus) => void,
  retrying: RetryContext,
): ReturnType<MqttProxy['subscribe']> {
  return subscribe({ topicName, qos: QOS.AT_LEAST_ONCE, onStatus }).pipe(retryWith(AGAIN, retrying));
}

/** Who hears of what comes back. */
export interface SeenListener {
  readonly onSeen: (message: MqttMessage) => void;
  /** Whether all topics are listened to has changed. */
  readonly onReady: () => void;
  readonly onFailed: (error: SubscribeError) => void;
  readonly onDefect: (error: unknown) => void;
}

/** What comes back from the cloud: one subscription for each topic, as long as something comes on it. */
export class SeenBack {
  readonly #topics: readonly string[];
  readonly #retrying: RetryContext;
  readonly #listener: SeenListener;
  readonly #active = new Set<string>();
  readonly #again$ = new Subject<void>();

  constructor(topics: readonly string[], retrying: RetryContext, listener: SeenListener) {
    this.#topics = topics;
    this.#retrying = retrying;
    this.#listener = listener;
  }

  /** Whether all topics are listened to. */
  get isReady(): boolean {
    return this.#active.size === this.#topics.length;
  }

  watch(subscribe: MqttProxy['subscribe']): Subscription {
    const watching = new Subscription();
    const { onSeen, onFailed, onDefect } = this.#listener;
    for (const topicName of this.#topics)
      watching.add(
        this.#again$
          .pipe(
            startWith(undefined),
            switchMap(() => {
              this.#note(topicName, false);
              return comingBack(subscribe, topicName, ({ status }) => this.#note(topicName, status === 'active'), this.#retrying);
            }),
          )
          .subscribe({
            next: element => {
              if (element._tag === 'Right') onSeen(element.right);
              else if (isTerminalError(element.left)) onFailed(element.left);
            },
            error: onDefect,
          }),
      );
    return watching;
  }

  /**
   * Nothing has come for too long: subscribes anew. A subscription on Greengrass Lite is dead for good, without a word, when its MQTT
   * daemon has started again.
   */
  again(): void {
    this.#again$.next();
  }

  #note(topicName: string, isActive: boolean): void {
    if (this.#active.has(topicName) === isActive) return;
    if (isActive) this.#active.add(topicName);
    else this.#active.delete(topicName);
    this.#listener.onReady();
  }
}
