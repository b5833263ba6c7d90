import { Observable } from 'rxjs';
import type { MqttMessage } from '../ports/mqtt-message.js';
import type { MqttProxy } from '../ports/mqtt-proxy.js';
import type { SubscribeError } from '../errors/errors.js';
import { QOS } from '../shared/qos.js';
import { isTerminalError } from '../stream/kind.js';
import { idOf } from './kept.js';
import { markOf } from './mark.js';

/** What comes of the subscriptions that see messages back. */
export type Seen =
  | { readonly is: 'message'; readonly id: string }
  /** Whether every topic is listened to. */
  | { readonly is: 'ready'; readonly ready: boolean }
  | { readonly is: 'failed'; readonly error: SubscribeError };

/** The messages of an outbox that come back from the cloud. One subscription for each of its topics, for as long as it is subscribed. */
export const confirmations = (subscribe: MqttProxy['subscribe'], topics: readonly string[]): Observable<Seen> =>
  new Observable(destination => {
    const active = new Set<string>();
    for (const topicName of topics) {
      const onStatus = ({ status }: { readonly status: string }): void => {
        const before = active.size;
        if (status === 'active') active.add(topicName);
        else active.delete(topicName);
        if (active.size !== before) destination.next({ is: 'ready', ready: active.size === topics.length });
      };
      destination.add(
        subscribe({ topicName, qos: QOS.AT_LEAST_ONCE, onStatus }).subscribe({
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
