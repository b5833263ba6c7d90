import { Observable } from 'rxjs';
import type { SubscribeError } from '../errors/errors.js';
import type { MqttMessage } from '../ports/mqtt-message.js';
import type { MqttProxy, SubscriptionStatus } from '../ports/mqtt-proxy.js';
import { QOS } from '../shared/qos.js';

/** What happens on the topics of a shadow. */
export type ChannelEvent =
  /** All of them are subscribed: for the first time, or again. What happened before may have been missed. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'message'; readonly message: MqttMessage }
  | { readonly kind: 'failed'; readonly error: SubscribeError };

/** Several topics as one subscription: ready when all are, and a gap of several is one. Completes with the first that does. */
export function shadowChannel(proxy: MqttProxy, topics: readonly string[]): Observable<ChannelEvent> {
  return new Observable(subscriber => {
    const active = new Set<string>();
    let isGap = false;
    const follow = (topicName: string, { status }: SubscriptionStatus): void => {
      if (status !== 'active') active.delete(topicName);
      else if (active.add(topicName).size === topics.length) {
        isGap = false;
        subscriber.next({ kind: 'ready' });
      }
    };
    for (const topicName of topics) {
      if (subscriber.closed) return;
      const messages$ = proxy.subscribe({ topicName, qos: QOS.AT_LEAST_ONCE, onStatus: status => follow(topicName, status) });
      subscriber.add(
        messages$.subscribe({
          next: element => {
            if (element._tag === 'Right') subscriber.next({ kind: 'message', message: element.right });
            else if (element.left.kind !== 'gap' || !isGap) {
              isGap = element.left.kind === 'gap';
              subscriber.next({ kind: 'failed', error: element.left });
            }
          },
          error: (defect: unknown) => subscriber.error(defect),
          complete: () => subscriber.complete(),
        }),
      );
    }
  });
}
