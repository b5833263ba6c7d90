import type { NucleusEvent } from '../../local/nucleus-event.js';
import { topicMatches } from '../../topic/topic-matches.js';

/** What is subscribed to at a nucleus, as its events tell. */
export class SubscribedFilters {
  /** By connection and stream: a connection that ends takes its streams along. */
  readonly #filters = new Map<number, Map<number, string>>();

  readonly observe = (event: NucleusEvent): void => {
    if (event.kind === 'subscribed') {
      const streams = this.#filters.get(event.connection) ?? new Map<number, string>();
      this.#filters.set(event.connection, streams.set(event.streamId, event.filter));
    } else if (event.kind === 'unsubscribed') this.#filters.get(event.connection)?.delete(event.streamId);
    else if (event.kind === 'disconnected') this.#filters.delete(event.connection);
  };

  /** Whether a message on this topic would go to anybody. */
  hear(topicName: string): boolean {
    return [...this.#filters.values()].some(streams => [...streams.values()].some(filter => topicMatches(filter, topicName)));
  }
}
