import { faultOperation } from '../faults/fault-switches.js';
import { Caller } from './caller.js';
import type { Peer, ProfileContext } from './protocol.js';

/** The streams of one connection that are open, with what is to be done when they end. */
export class OpenStreams {
  readonly #closers = new Map<number, readonly (() => void)[]>();

  /** Keeps a stream open. One that is kept twice, which Lite allows, has both to do at its end. */
  keep(streamId: number, onClose: () => void = nothing): void {
    const others = this.#closers.get(streamId);
    this.#closers.set(streamId, others === undefined ? [onClose] : [...others, onClose]);
  }

  has(streamId: number): boolean {
    return this.#closers.has(streamId);
  }

  /** `false` for a stream that is not open. */
  close(streamId: number): boolean {
    const closers = this.#closers.get(streamId);
    if (closers === undefined) return false;
    this.#closers.delete(streamId);
    for (const close of closers) close();
    return true;
  }

  /** Ends what was kept first, as Lite does with a stream that several subscriptions share; the others go on. */
  closeOne(streamId: number): void {
    const [close, ...others] = this.#closers.get(streamId) ?? [];
    if (others.length === 0) this.#closers.delete(streamId);
    else this.#closers.set(streamId, others);
    close?.();
  }

  closeAll(): void {
    for (const streamId of [...this.#closers.keys()]) this.close(streamId);
  }
}

function nothing(): void {
  return;
}

/** What the connections of a profile work with, as far as it is the same for both. */
interface Shared {
  readonly context: ProfileContext;
}

/** One authenticated connection, as its operations see it. */
export class Operations<S extends Shared> {
  readonly streams: OpenStreams = new OpenStreams();
  readonly caller: Caller;
  readonly shared: S;

  constructor(peer: Peer, shared: S, component: string) {
    this.caller = new Caller(peer, component, shared.context);
    this.shared = shared;
  }
}

/** One operation being carried out on one stream. */
export class Call<S extends Shared = Shared> {
  readonly caller: Caller;
  readonly shared: S;
  readonly streams: OpenStreams;
  readonly streamId: number;
  readonly operation: string;

  constructor({ caller, shared, streams }: Operations<S>, streamId: number, operation: string) {
    this.caller = caller;
    this.shared = shared;
    this.streams = streams;
    this.streamId = streamId;
    this.operation = operation;
  }

  /** Sends the answer now, unless a fault swallows it, keeps it for later or drops the connection instead. */
  answer(send: () => void): void {
    const { component, peer } = this.caller;
    const { noReply, dropBeforeReply, withholdReply } = this.shared.context.faults;
    const about = faultOperation(this.operation);
    if (about === undefined) {
      send();
      return;
    }
    if (noReply[about].strike(component) !== undefined) return;
    if (dropBeforeReply[about].strike(component) !== undefined) {
      peer.destroy();
      return;
    }
    const withheld = withholdReply[about].strike(component);
    if (withheld === undefined) send();
    else withheld.parameter.hold(send);
  }
}
