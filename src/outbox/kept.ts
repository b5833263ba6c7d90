import { Observable, type SchedulerLike } from 'rxjs';
import { InvalidRequest, type SubscribeError } from '../errors/errors.js';
import type { MqttMessage } from '../ports/mqtt-message.js';
import type { MqttProxy, Profile, SubscriptionStatus } from '../ports/mqtt-proxy.js';
import { capped, exponential, fullJitter, type Schedule } from '../schedule/schedule.js';
import { PUBLISH } from '../shared/operations.js';
import { QOS } from '../shared/qos.js';
import { isTerminalError } from '../stream/observable-either.js';
import { retryWith } from '../stream/retry.js';
import { markOf } from './mark.js';
import type { Outbox } from './outbox.js';
import type { StoredRecord } from './store.js';

/** A message that the nucleus took, and that is not deleted yet. */
export interface KeptMessage {
  readonly record: StoredRecord;
  /** Whether its receiver was told that it is replayed. */
  readonly replayed: boolean;
  /** When it has been kept long enough, or waited for long enough. */
  readonly until: number;
}

/** Messages that may be kept at once: their ids are in memory. */
export const MOST_KEPT = 10_000;

/** What names a message to who receives it. */
export function idOf({ epoch, stream, number }: { readonly epoch: string; readonly stream: string; readonly number: number }): string {
  return `${epoch} ${number} ${stream}`;
}

/** Messages that were taken and not deleted: until they are confirmed, or long enough ago. All wait equally long, so the first is due first. */
export class Kept {
  readonly #messages = new Map<string, KeptMessage>();
  readonly #time: number;

  constructor(time: number) {
    this.#time = time;
  }

  get size(): number {
    return this.#messages.size;
  }

  /** When the first is due. */
  get next(): number | undefined {
    for (const { until } of this.#messages.values()) return until;
    return undefined;
  }

  add(record: StoredRecord, replayed: boolean, now: number): void {
    // Of those waited for only the id is needed.
    this.#messages.set(idOf(record), { record: { ...record, payload: NO_BYTES }, replayed, until: now + this.#time });
  }

  /** It has been seen. `undefined`: none of these. */
  take(id: string): KeptMessage | undefined {
    const found = this.#messages.get(id);
    this.#messages.delete(id);
    return found;
  }

  /** Those whose time has come. */
  due(now: number): readonly KeptMessage[] {
    const due: KeptMessage[] = [];
    for (const [id, message] of this.#messages) {
      if (message.until > now) break;
      this.#messages.delete(id);
      due.push(message);
    }
    return due;
  }

  /** All of them. */
  clear(): readonly KeptMessage[] {
    const all = [...this.#messages.values()];
    this.#messages.clear();
    return all;
  }
}

const NO_BYTES = new Uint8Array(0);

/** Why no message that goes to this nucleus is known again when it comes back: each would be sent again and again, and be set aside in the end. */
export function unconfirmable(
  { mark, topics = [] }: Pick<Outbox, 'mark' | 'topics'>,
  profile: Profile,
): InvalidRequest<'terminal'> | undefined {
  if (profile !== 'lite' || mark !== 'members') return undefined;
  const problem = "Greengrass Lite carries no user properties: deleteWhen: 'confirmed' needs mark: 'wrap' there.";
  return new InvalidRequest('terminal', PUBLISH, topics[0] ?? '', 'client', problem);
}

/** What comes of the subscriptions that see messages back. */
export type Seen =
  | { readonly is: 'message'; readonly id: string }
  /** Whether every topic is listened to. */
  | { readonly is: 'ready'; readonly ready: boolean }
  | { readonly is: 'failed'; readonly error: SubscribeError };

/** When to ask again for a subscription that was refused for a reason that may pass: a classic nucleus refuses all while the device is offline. */
const AGAIN: Schedule = fullJitter(capped(30_000)(exponential(1_000)));

/** What comes back on a topic, for as long as it is subscribed: a device that starts offline is waited for. */
export function comingBack(
  subscribe: MqttProxy['subscribe'],
  topicName: string,
  onStatus: (status: SubscriptionStatus) => void,
  clock: { readonly random: () => number; readonly scheduler: SchedulerLike },
): ReturnType<MqttProxy['subscribe']> {
  return subscribe({ topicName, qos: QOS.AT_LEAST_ONCE, onStatus }).pipe(retryWith(AGAIN, clock));
}

/** The messages of an outbox that come back from the cloud. One subscription for each of its topics, for as long as it is subscribed. */
export function confirmations(
  subscribe: MqttProxy['subscribe'],
  topics: readonly string[],
  clock: Parameters<typeof comingBack>[3],
): Observable<Seen> {
  return new Observable(destination => {
    const active = new Set<string>();
    for (const topicName of topics) {
      const onStatus = ({ status }: { readonly status: string }): void => {
        const before = active.size;
        if (status === 'active') active.add(topicName);
        else active.delete(topicName);
        if (active.size !== before) destination.next({ is: 'ready', ready: active.size === topics.length });
      };
      destination.add(
        comingBack(subscribe, topicName, onStatus, clock).subscribe({
          next: element => {
            if (element._tag === 'Right') seen(element.right);
            else if (isTerminalError(element.left)) destination.next({ is: 'failed', error: element.left });
          },
          error: (error: unknown) => destination.error(error),
        }),
      );
    }
    const seen = (message: MqttMessage): void => {
      const mark = markOf(message);
      if (mark !== undefined) destination.next({ is: 'message', id: idOf(mark) });
    };
  });
}
