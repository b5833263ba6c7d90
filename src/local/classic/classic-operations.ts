import { Caller } from '../server/caller.js';
import { ClassicCall } from './classic-call.js';
import { classicPublish } from './classic-publish.js';
import { classicInternalError, classicStatusEvent, classicStatusReply, classicUnsupported, nullPointer } from './classic-replies.js';
import { MalformedMember, parseGson } from './classic-request.js';
import type { ClassicShared } from './classic-shared.js';
import { classicSubscribe } from './classic-subscribe.js';
import { followConnectionStatus } from '../server/connection-status.js';
import { OpenStreams } from '../server/open-streams.js';
import { PUBLISH, SUBSCRIBE, SUBSCRIBE_STATUS, isModelledElsewhere } from '../../shared/operations.js';
import type { Peer } from '../server/protocol.js';

/** Said to what a device does and the local nucleus does not, in a form that the client takes for what it is. */
const lacks = (operation: string): string => `Operation ${operation} is not supported by the local nucleus`;

/** The operations of one authenticated connection to a classic nucleus. */
export class ClassicOperations {
  readonly streams: OpenStreams = new OpenStreams();
  readonly caller: Caller;
  readonly #shared: ClassicShared;

  constructor(peer: Peer, shared: ClassicShared, component: string) {
    this.caller = new Caller(peer, component, shared.context);
    this.#shared = shared;
  }

  execute(streamId: number, operation: string, payload: string): void {
    this.caller.asks(operation, payload);
    const call = new ClassicCall(this.caller, this.#shared, this.streams, streamId, operation);
    const isOurs =
      operation === PUBLISH || operation === SUBSCRIBE || (operation === SUBSCRIBE_STATUS && this.#shared.context.connectionStatus);
    if (!isOurs) {
      this.#refuse(call);
      return;
    }
    try {
      this.#handle(call, payload);
    } catch (error) {
      if (!(error instanceof MalformedMember)) throw error;
      this.caller.failed(operation, 'InternalServerError', `malformed ${error.message}`, undefined);
      this.caller.peer.send(classicInternalError(streamId), false);
    }
  }

  #handle(call: ClassicCall, payload: string): void {
    const request = parseGson(payload);
    // A missing request is a null pointer inside the handler, and what Java says of it the text of the error.
    if (request.kind === 'null')
      call.fail('ServiceError', nullPointer(`${call.operation.replace('aws.greengrass#', '')}Request.getTopicName()`, 'request'));
    else if (request.kind === 'malformed') throw new MalformedMember('request');
    else if (call.operation === PUBLISH) classicPublish(call, request.members);
    else if (call.operation === SUBSCRIBE) classicSubscribe(call, request.members);
    else {
      const { link } = this.#shared.context;
      this.streams.keep(
        call.streamId,
        followConnectionStatus(this.caller.peer, link, call.streamId, classicStatusReply, classicStatusEvent),
      );
    }
  }

  #refuse(call: ClassicCall): void {
    const { operation, streamId } = call;
    if (isModelledElsewhere(operation)) {
      call.fail('ServiceError', lacks(operation));
      return;
    }
    this.caller.failed(operation, 'UnsupportedOperation', `${operation} is an unsupported operation.`, undefined);
    this.caller.peer.send(classicUnsupported(streamId, operation), false);
  }
}
