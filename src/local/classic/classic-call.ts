import type { Caller } from '../server/caller.js';
import { classicError, type ClassicErrorCode } from './classic-replies.js';
import type { ClassicShared } from './classic-shared.js';
import type { OpenStreams } from '../server/open-streams.js';
import { passReplyFaults } from '../server/replies.js';

/** The members of a request. */
export type Members = Readonly<Record<string, unknown>>;

/** One operation being carried out on one stream. */
export class ClassicCall {
  readonly caller: Caller;
  readonly shared: ClassicShared;
  readonly streams: OpenStreams;
  readonly streamId: number;
  readonly operation: string;

  constructor(caller: Caller, shared: ClassicShared, streams: OpenStreams, streamId: number, operation: string) {
    this.caller = caller;
    this.shared = shared;
    this.streams = streams;
    this.streamId = streamId;
    this.operation = operation;
  }

  /** The last frame of the stream. The client may end the stream first, while a fault keeps the frame back. */
  end(frame: () => Buffer): void {
    const { caller, shared, streams, streamId } = this;
    streams.keep(streamId);
    passReplyFaults(caller.peer, shared.context.faults, this.operation, caller.component, () => {
      if (streams.close(streamId)) caller.peer.send(frame(), false);
    });
  }

  /** The answer of a stream that stays open, which is kept already. */
  begin(frame: () => Buffer): void {
    const { caller, shared, streams, streamId, operation } = this;
    passReplyFaults(caller.peer, shared.context.faults, operation, caller.component, () => {
      if (streams.has(streamId)) caller.peer.send(frame(), false);
    });
  }

  fail(code: ClassicErrorCode, message: string | undefined, resource?: string, context?: Members): void {
    this.caller.failed(this.operation, code, message ?? '', resource);
    this.end(() => classicError(this.streamId, code, message, context));
  }
}
