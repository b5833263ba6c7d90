import type { Caller } from '../server/caller.js';
import { liteError, type LiteErrorCode } from './lite-replies.js';
import type { LiteShared } from './lite-shared.js';
import type { OpenStreams } from '../server/open-streams.js';
import { passReplyFaults } from '../server/replies.js';

/** One operation being carried out on one stream. */
export class LiteCall {
  readonly caller: Caller;
  readonly shared: LiteShared;
  readonly streams: OpenStreams;
  readonly streamId: number;
  readonly operation: string;

  constructor(caller: Caller, shared: LiteShared, streams: OpenStreams, streamId: number, operation: string) {
    this.caller = caller;
    this.shared = shared;
    this.streams = streams;
    this.streamId = streamId;
    this.operation = operation;
  }

  /** Without its configuration daemon Lite finds no policy, and so allows nothing. */
  may(resource: string): boolean {
    const { caller, shared, operation } = this;
    return shared.context.faults.configurationDown.strike(caller.component) === undefined && caller.may(operation, resource);
  }

  reply(frame: () => Buffer): void {
    passReplyFaults(this.caller.peer, this.shared.context.faults, this.operation, this.caller.component, () => {
      this.caller.peer.send(frame(), false);
    });
  }

  /** The client gets an error without a text, and who looks at the nucleus the reason. */
  failSilently(reason: string): void {
    this.#fail('ServiceError', '', reason);
  }

  fail(message: string, resource?: string, code: LiteErrorCode = 'ServiceError'): void {
    this.#fail(code, message, message, resource);
  }

  #fail(code: LiteErrorCode, message: string, reason: string, resource?: string): void {
    this.caller.failed(this.operation, code, reason, resource);
    this.reply(() => liteError(this.streamId, code, message));
  }

  unauthorized(resource: string): void {
    this.fail('IPC Operation not authorized.', resource, 'UnauthorizedError');
  }
}
