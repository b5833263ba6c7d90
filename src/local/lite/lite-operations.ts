import { Caller } from '../server/caller.js';
import { followConnectionStatus } from '../server/connection-status.js';
import { LiteCall } from './lite-call.js';
import { litePublish } from './lite-publish.js';
import { liteStatusEvent, liteStatusReply } from './lite-replies.js';
import { parseMembers } from './lite-request.js';
import type { LiteShared } from './lite-shared.js';
import { liteSubscribe } from './lite-subscribe.js';
import { OpenStreams } from '../server/open-streams.js';
import { PUBLISH, SUBSCRIBE, SUBSCRIBE_STATUS } from '../../shared/operations.js';
import type { Peer } from '../server/protocol.js';

/** The operations of one authenticated connection to Greengrass Lite. */
export class LiteOperations {
  readonly streams: OpenStreams = new OpenStreams();
  readonly caller: Caller;
  readonly #shared: LiteShared;

  constructor(peer: Peer, shared: LiteShared, component: string) {
    this.caller = new Caller(peer, component, shared.context);
    this.#shared = shared;
  }

  execute(streamId: number, operation: string, payload: string): void {
    const call = this.#call(streamId, operation);
    const members = parseMembers(payload);
    if (members === undefined) call.fail('');
    else if (operation === PUBLISH) litePublish(call, members, payload);
    else if (operation === SUBSCRIBE) liteSubscribe(call, members, payload);
    else if (operation === SUBSCRIBE_STATUS && this.#shared.context.connectionStatus) {
      const { link } = this.#shared.context;
      this.streams.keep(streamId, followConnectionStatus(this.caller.peer, link, streamId, liteStatusReply, liteStatusEvent));
    } else call.fail('');
  }

  /** Answers what is no request. */
  refuse(streamId: number, operation: string): void {
    this.#call(streamId, operation).fail('');
  }

  #call(streamId: number, operation: string): LiteCall {
    return new LiteCall(this.caller, this.#shared, this.streams, streamId, operation);
  }
}
