import { type Either, left, right } from 'fp-ts/lib/Either.js';
import {
  type OutboxUnavailable,
  type PublishError,
  SetAside,
  type StoredLostReason,
  StoredMessagesLost,
  type SubscribeError,
} from '../errors/errors.js';
import type { Accepted, MqttProxy } from '../ports/mqtt-proxy.js';
import type { StoredRecord, Taken } from './store.js';

/** What a forwarder needs of a proxy. */
export type ForwardPort = Pick<MqttProxy, 'publish$' | 'state$'> &
  Partial<Pick<MqttProxy, 'cloud$' | 'draining$' | 'holdDrain' | 'subscribe'>>;

/** A stored message that was taken: by the nucleus, or, where it has to be confirmed, by the cloud. */
export interface Forwarded {
  /** Who took it; `cloud`: it was seen coming back. */
  readonly by: Accepted['by'] | 'cloud';
  readonly topicName: string;
  readonly epoch: string;
  readonly stream: string;
  readonly number: number;
  readonly storedAt: number;
  readonly attempt: number;
  readonly replayed: boolean;
}

/** What can become of stored messages instead. */
export type ForwardFailure = SetAside | StoredMessagesLost | PublishError | SubscribeError | OutboxUnavailable;

/** Tells what becomes of stored messages. */
export class Telling {
  readonly #emit: (element: Either<ForwardFailure, Forwarded>) => void;

  constructor(emit: (element: Either<ForwardFailure, Forwarded>) => void) {
    this.#emit = emit;
  }

  forwarded({ topicName, epoch, stream, number, storedAt, attempts }: StoredRecord, by: Forwarded['by'], replayed: boolean): void {
    this.#emit(right({ by, topicName, epoch, stream, number, storedAt, attempt: attempts + 1, replayed }));
  }

  lost(why: StoredLostReason, messages: number): void {
    if (messages > 0) this.#emit(left(new StoredMessagesLost(why, messages)));
  }

  /** What was found when others were handed out. */
  lostOnTheWay({ expired, damaged, setAside }: Pick<Taken, 'expired' | 'damaged' | 'setAside'>): void {
    this.lost('expired', expired);
    this.lost('damaged', damaged);
    this.lost('setAside', setAside);
  }

  setAside({ topicName, number }: StoredRecord, cause: Error): void {
    this.#emit(left(new SetAside(topicName, number, cause)));
  }

  failed(error: ForwardFailure): void {
    this.#emit(left(error));
  }
}
