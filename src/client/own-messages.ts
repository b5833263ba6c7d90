import { topicMatches } from '../topic/index.js';
import type { LocalPublishRequest } from './local-message.js';
import { localPublishProblem } from './local-problem.js';

/** Messages of its own that a subscription waits for at most. The oldest is forgotten: it comes through as if it were another's. */
const MOST_AWAITED = 1_000;

/**
 * Greengrass Lite gives a component its own messages whatever it asked for. A subscription that wants those of others only notes what this
 * connection publishes, and takes as many messages of the same topic and content out. Of two equal ones, its own and another's, one comes through.
 */
export class OwnMessages {
  readonly #watches = new Set<OwnWatch>();

  /** Begins to note what is published to topics that the filter matches. */
  watch(filter: string): OwnWatch {
    const watch = new OwnWatch(filter, () => this.#watches.delete(watch));
    this.#watches.add(watch);
    return watch;
  }

  /** A message is about to be sent; whoever learns that it was refused calls the function returned. */
  published(request: LocalPublishRequest): (() => void) | undefined {
    const { topic } = request;
    if (this.#watches.size === 0 || localPublishProblem(request) !== undefined) return undefined;
    const key = keyOfRequest(request);
    const watches = [...this.#watches].filter(watch => watch.expect(topic, key));
    return watches.length === 0 ? undefined : () => watches.forEach(watch => watch.take(key));
  }
}

/** What one subscription knows of the component's own messages. */
export class OwnWatch {
  readonly #filter: string;
  readonly #awaited = new Map<string, number>();
  #count = 0;
  readonly stop: () => void;

  constructor(filter: string, stop: () => void) {
    this.#filter = filter;
    this.stop = stop;
  }

  expect(topic: string, key: string): boolean {
    if (!topicMatches(this.#filter, topic)) return false;
    this.#awaited.set(key, (this.#awaited.get(key) ?? 0) + 1);
    if (++this.#count > MOST_AWAITED) {
      const [oldest] = this.#awaited.keys();
      if (oldest !== undefined) this.take(oldest);
    }
    return true;
  }

  /** Whether such a message is awaited; it is no longer then. */
  take(key: string): boolean {
    const count = this.#awaited.get(key);
    if (count === undefined) return false;
    if (count === 1) this.#awaited.delete(key);
    else this.#awaited.set(key, count - 1);
    this.#count--;
    return true;
  }

  /** Nothing that was published before the connection broke comes any more. */
  forget(): void {
    this.#awaited.clear();
    this.#count = 0;
  }
}

/** The key of a message that arrived: bytes as they are; JSON by its content, since Greengrass Lite orders keys and writes numbers anew. */
export function keyOfMessage(topic: string, format: 'json' | 'binary', payload: Uint8Array): string {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  return format === 'binary' ? `${topic} ${bytes.toString('base64')}` : `${topic} ${ordered(JSON.parse(bytes.toString('utf8')))}`;
}

function keyOfRequest({ topic, payload, json }: LocalPublishRequest): string {
  // As it will arrive: what JSON leaves out or writes otherwise, too.
  if (json !== undefined) return `${topic} ${ordered(JSON.parse(JSON.stringify(json)))}`;
  return keyOfMessage(topic, 'binary', typeof payload === 'string' ? Buffer.from(payload) : payload);
}

function ordered(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
