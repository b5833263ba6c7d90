import { isJsonObject } from '../../shared/check-argument.js';
import type { Broker } from '../broker/broker.js';
import { delta, patchTimes, type ShadowDocument, updated } from './shadow-document.js';
import { readShadowRequest, readShadowTopic, type ShadowRejection, type ShadowRequest, type ShadowTopic } from './shadow-request.js';

/** A message of the shadow service. */
export interface ShadowAnswer {
  readonly topicName: string;
  readonly body: object;
}

/** Shadows kept at once, those that were deleted lately among them. */
const MAX_SHADOWS = 1000;
/** Bytes of what is desired and what is reported together, as JSON. */
const STATE_BYTES = 8 * 1024;
/** How long the version of a deleted shadow is remembered, in milliseconds: 48 h. */
const DELETED_KEPT = 48 * 60 * 60 * 1000;

/** A deleted shadow: the next one of its name goes on with its version. */
interface Deleted {
  readonly version: number;
  readonly at: number;
}

/** The shadows of all things in memory, and what the service answers on their topics. */
export class Shadows {
  readonly #documents = new Map<string, ShadowDocument>();
  readonly #deleted = new Map<string, Deleted>();

  /**
   * What the service publishes when this is published; nothing where it asks nothing of a shadow.
   *
   * @param now milliseconds since 1970
   */
  answers(topicName: string, payload: Uint8Array, now: number): readonly ShadowAnswer[] {
    const topic = readShadowTopic(topicName);
    if (topic === undefined) return [];
    const request = readShadowRequest(topic.operation, payload);
    const about: About = { topic, clientToken: request.clientToken, timestamp: Math.floor(now / 1000) };
    if ('rejection' in request) return [rejected(about, request.rejection)];
    switch (topic.operation) {
      case 'get':
        return this.#get(about);
      case 'update':
        return this.#update(about, request, now);
      case 'delete':
        return this.#delete(about, now);
    }
  }

  #get(about: About): readonly ShadowAnswer[] {
    const document = this.#documents.get(about.topic.prefix);
    if (document === undefined) return [rejected(about, notFound(about.topic))];
    const difference = delta(document);
    const state = difference === undefined ? document.state : { ...document.state, delta: difference.state };
    return [answer(about, 'accepted', { ...document, state })];
  }

  #update(about: About, request: ShadowRequest, now: number): readonly ShadowAnswer[] {
    const { topic, timestamp } = about;
    const before = this.#documents.get(topic.prefix);
    const rejection = this.#versionProblem(before, request.version);
    if (rejection !== undefined) return [rejected(about, rejection)];
    const version = (before?.version ?? this.#deletedVersion(topic.prefix, now)) + 1;
    const document = updated(before, request.patch, version, timestamp);
    if (stateBytes(document) > STATE_BYTES)
      return [rejected(about, { code: 413, message: 'The payload exceeds the maximum size allowed' })];
    if (!this.#hasRoomFor(topic.prefix)) return [rejected(about, FULL)];
    this.#deleted.delete(topic.prefix);
    this.#documents.set(topic.prefix, document);
    const difference = delta(document);
    const accepted = { state: request.state, metadata: patchTimes(request.patch, timestamp), version };
    return [
      answer(about, 'accepted', accepted),
      answer(about, 'documents', { previous: before ?? null, current: document }),
      ...(difference === undefined ? [] : [answer(about, 'delta', { version, ...difference })]),
    ];
  }

  #delete(about: About, now: number): readonly ShadowAnswer[] {
    const { prefix } = about.topic;
    const document = this.#documents.get(prefix);
    if (document === undefined) return [rejected(about, notFound(about.topic))];
    this.#documents.delete(prefix);
    this.#deleted.set(prefix, { version: document.version, at: now });
    return [answer(about, 'accepted', { version: document.version })];
  }

  #versionProblem(before: ShadowDocument | undefined, version: number | undefined): ShadowRejection | undefined {
    if (version === undefined || version === before?.version) return undefined;
    // What is not there yet will be version 1.
    if (before === undefined) return version === 1 ? undefined : { code: 400, message: 'Invalid version' };
    return { code: 409, message: 'Version conflict' };
  }

  #deletedVersion(prefix: string, now: number): number {
    const deleted = this.#deleted.get(prefix);
    return deleted !== undefined && now - deleted.at < DELETED_KEPT ? deleted.version : 0;
  }

  /** A deleted shadow makes room, the one that was deleted first in front. */
  #hasRoomFor(prefix: string): boolean {
    if (this.#documents.has(prefix) || this.#deleted.has(prefix)) return true;
    for (const [oldest] of this.#deleted) {
      if (this.#documents.size + this.#deleted.size < MAX_SHADOWS) break;
      this.#deleted.delete(oldest);
    }
    return this.#documents.size + this.#deleted.size < MAX_SHADOWS;
  }
}

/**
 * Answers on the shadow topics of a broker, as AWS IoT Core does, until the result is called. Answers come in a later turn of the event
 * loop than what they answer.
 */
export function serveShadows(broker: Broker, now: () => number): () => void {
  const shadows = new Shadows();
  let due: ShadowAnswer[] = [];
  const send = (): void => {
    const answers = due;
    due = [];
    for (const { topicName, body } of answers) {
      broker.publish({ topicName, payload: Buffer.from(JSON.stringify(body)), qos: 1 }, () => undefined);
    }
  };
  const stop = broker.watch?.('$aws/things/+/shadow/#', ({ topicName, payload }) => {
    const answers = shadows.answers(topicName, payload, now());
    if (answers.length === 0) return;
    if (due.length === 0) setImmediate(send);
    due.push(...answers);
  });
  return () => {
    due = [];
    stop?.();
  };
}

/** What every answer to a request has in it. */
interface About {
  readonly topic: ShadowTopic;
  readonly clientToken: string | undefined;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

type Kind = 'accepted' | 'rejected' | 'documents' | 'delta';

function answer({ topic, clientToken, timestamp }: About, kind: Kind, members: object): ShadowAnswer {
  return { topicName: `${topic.prefix}/${topic.operation}/${kind}`, body: { ...members, timestamp, clientToken } };
}

function rejected(about: About, { code, message }: ShadowRejection): ShadowAnswer {
  return answer(about, 'rejected', { code, message });
}

function notFound({ shadow }: ShadowTopic): ShadowRejection {
  return { code: 404, message: `No shadow exists with name: '${shadow}'` };
}

/** AWS has room for more; a script that updates ever new shadows is to be told. */
const FULL: ShadowRejection = {
  code: 500,
  message: `Internal service failure: the local nucleus keeps ${MAX_SHADOWS} shadows. Delete one.`,
};

function stateBytes({ state }: ShadowDocument): number {
  return Object.values(state)
    .filter(isJsonObject)
    .reduce((sum, side) => sum + Buffer.byteLength(JSON.stringify(side)), 0);
}
