import type { FrameView } from '../../ipc/wire/frame.js';
import { HeaderCursor } from '../../ipc/wire/headers.js';
import { MessageFlag, MessageType, readRpcMessage, RPC_VERSION, type RpcMessage } from '../../ipc/wire/rpc-message.js';
import { authenticate, type Claim } from '../server/caller.js';
import type { Peer, Protocol } from '../server/protocol.js';
import type { LiteShared } from './call.js';
import { parseMembers } from './request.js';
import { LiteOperations } from './operations.js';
import { liteConnectAck } from './replies.js';

const cursor = new HeaderCursor();

/** The flags that Lite looks at; it passes over all others. */
const KNOWN_FLAGS = 3;

/**
 * One connection of Greengrass Lite. It checks little, and whatever it does not like costs the connection, without a word: a
 * refusal, a ping, a header of another type than int32 and string.
 *
 * Source: observed on Greengrass Lite 2.6.0; `ipc_server.c`.
 */
export class LiteProtocol implements Protocol {
  readonly #peer: Peer;
  readonly #server: LiteShared;
  #operations: LiteOperations | undefined;
  #ended = false;

  constructor(peer: Peer, server: LiteShared) {
    this.#peer = peer;
    this.#server = server;
  }

  receive(frame: FrameView): void {
    if (this.#ended) return;
    const message = hasOnlyPlainHeaders(frame) ? readRpcMessage(frame) : undefined;
    if (message === undefined || 'reason' in message) this.#hangUp();
    else if (this.#operations === undefined) this.#connect(message);
    else if (message.streamId === 0) this.#hangUp();
    else this.#onStream(this.#operations, message);
  }

  malformed(): void {
    this.#hangUp();
  }

  closed(): void {
    this.#ended = true;
    this.#operations?.streams.closeAll();
  }

  #connect(message: RpcMessage): void {
    const outcome = authenticate(this.#server.context, this.#peer, claimOf(message));
    if (outcome === 'unanswered') return;
    if (outcome === 'refused') {
      this.#hangUp();
      return;
    }
    this.#operations = new LiteOperations(this.#peer, this.#server, outcome.component);
    this.#peer.send(liteConnectAck(), false);
  }

  /** Stream ids are not checked: used ones, lower ones, negative ones are all taken. */
  #onStream(operations: LiteOperations, { streamId, type, flags, operation, payload }: RpcMessage): void {
    if ((flags & MessageFlag.TerminateStream) !== 0) {
      operations.streams.closeOne(streamId);
      if (this.#server.context.faults.oldNucleus.strike(operations.caller.component) !== undefined) this.#hangUp();
    } else if (type !== MessageType.ApplicationMessage || (flags & KNOWN_FLAGS) !== 0) operations.refuse(streamId, operation ?? '');
    else operations.execute(streamId, operation ?? '', payload);
  }

  #hangUp(): void {
    this.#ended = true;
    this.#peer.cut();
  }
}

function claimOf({ type, flags, streamId, version, payload }: RpcMessage): Claim {
  if (type !== MessageType.Connect) return { problem: 'the first message is not a Connect' };
  if ((flags & KNOWN_FLAGS) !== 0) return { problem: 'the Connect has flags' };
  if (streamId !== 0) return { problem: 'the Connect is not on stream 0' };
  if (version !== undefined && version !== RPC_VERSION) return { problem: `the :version is ${version}, not ${RPC_VERSION}` };
  const { authToken: token, componentName: component } = parseMembers(payload) ?? {};
  if (component !== undefined && typeof component !== 'string') return { problem: 'the componentName is not a string' };
  return typeof token === 'string' ? { token, component } : { problem: 'there is no authToken, or it is not a string' };
}

const INT32 = 4;
const STRING = 7;

function hasOnlyPlainHeaders(frame: FrameView): boolean {
  cursor.reset(frame.buffer, frame.headersStart, frame.headersEnd);
  let plain = true;
  while (plain && cursor.next()) plain = cursor.wireType === INT32 || cursor.wireType === STRING;
  return plain && cursor.failure === undefined;
}
