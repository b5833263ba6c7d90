import { encodeFrame, type FrameView, PRELUDE_LENGTH } from '../../ipc/wire/frame.js';
import { HeaderCursor } from '../../ipc/wire/headers.js';
import { encodeRpcMessage, MessageFlag, MessageType, readRpcMessage, RPC_VERSION, type RpcMessage } from '../../ipc/wire/rpc-message.js';
import { classicLocalRoutes, classicRoutes } from '../../topic/topic-matches.js';
import { type BrokerMessage, filterIsValid } from '../broker/broker.js';
import { DeviceSubscriptions, SharedFilters } from '../broker/device-subscriptions.js';
import { PubSub } from '../pubsub/pub-sub.js';
import { authenticate, type Claim } from '../server/call.js';
import { encodeServerMessage, type EventFrames } from '../server/frames.js';
import type { Peer, ProfileContext, ProfileServer, Protocol } from '../server/protocol.js';
import { observeDelivery, ObserverSubscriptions } from '../server/subscriptions.js';
import { classicConnectAck, classicEvent, classicInternalError, type ClassicLimits, type ClassicShared } from './call.js';
import { ClassicFilterTree } from './filter-tree.js';
import { ClassicOperations } from './operations.js';
import { parseConnect } from './request.js';
import { ClassicSpool } from './spool.js';

const MAX_STREAM_ID = 0x7fffffff;

/**
 * One connection of a classic nucleus: the rules of aws-c-event-stream's server, and those of the nucleus above it, in the
 * order in which they are checked there.
 *
 * Source: `event_stream_rpc_server.c` and `ServiceOperationMappingContinuationHandler`.
 */
export class ClassicProtocol implements Protocol {
  readonly #peer: Peer;
  readonly #server: ClassicShared;
  #operations: ClassicOperations | undefined;
  #latestStreamId = 0;
  #ended = false;

  constructor(peer: Peer, server: ClassicShared) {
    this.#peer = peer;
    this.#server = server;
  }

  receive(frame: FrameView): void {
    if (this.#ended) return;
    const message = readRpcMessage(frame);
    if ('reason' in message) {
      this.#protocolError(ProtocolErrorText.headers);
      return;
    }
    if (this.#operations === undefined && message.type !== MessageType.Connect) {
      this.#protocolError(ProtocolErrorText.connectNotCompleted);
    } else if (message.streamId !== 0) this.#onStream(message);
    else this.#onConnection(message, frame);
  }

  malformed(): void {
    this.#ended = true;
    this.#peer.destroy();
  }

  closed(): void {
    this.#ended = true;
    this.#operations?.streams.closeAll();
  }

  #onConnection(message: RpcMessage, frame: FrameView): void {
    const { type } = message;
    if (type <= MessageType.ApplicationError || type > MessageType.InternalError) this.#protocolError(ProtocolErrorText.messageType);
    else if (type === MessageType.Connect) this.#connect(message);
    else if (type === MessageType.Ping) this.#peer.send(pingResponse(frame), false);
    else if (type !== MessageType.PingResponse) {
      this.#ended = true;
      this.#peer.send(classicUnrecognized(type), false);
      this.#peer.end();
    }
  }

  #connect(message: RpcMessage): void {
    if (this.#operations !== undefined) {
      this.#protocolError(ProtocolErrorText.connectNotCompleted);
      return;
    }
    const outcome = authenticate(this.#server.context, this.#peer, claimOf(message));
    if (outcome === 'unanswered') return;
    if (outcome === 'refused') {
      this.#ended = true;
      this.#peer.send(classicConnectAck(false), false);
      this.#peer.end();
      return;
    }
    this.#operations = new ClassicOperations(this.#peer, this.#server, outcome.component);
    this.#peer.send(classicConnectAck(true), false);
  }

  #onStream(message: RpcMessage): void {
    const { streamId, flags, type, operation } = message;
    const operations = this.#operations;
    // Ids are unsigned on the wire: a negative one is over the maximum.
    if (type > MessageType.ApplicationError || type < 0 || streamId < 0 || streamId > MAX_STREAM_ID || operations === undefined) {
      this.#protocolError(ProtocolErrorText.streamId);
      return;
    }
    const terminates = (flags & MessageFlag.TerminateStream) !== 0;
    if (streamId <= this.#latestStreamId) {
      if (operations.streams.has(streamId)) {
        if (!terminates) this.#peer.send(classicInternalError(streamId), false);
        operations.streams.close(streamId);
      } else if (!terminates || this.#server.context.faults.oldNucleus.strike(operations.caller.component) !== undefined) {
        this.#protocolError(ProtocolErrorText.streamIdLower);
      }
      return;
    }
    if (streamId !== this.#latestStreamId + 1) {
      this.#protocolError(ProtocolErrorText.streamIdHigher);
      return;
    }
    if (operation === undefined || operation === '') {
      this.#protocolError(ProtocolErrorText.operation);
      return;
    }
    this.#latestStreamId = streamId;
    // A first message that also terminates is not executed and not answered.
    if (!terminates) operations.execute(streamId, operation, message.payload);
  }

  #protocolError(text: string): void {
    this.#ended = true;
    this.#peer.send(classicProtocolError(text), false);
    this.#peer.end();
  }
}

/** What a Connect claims. Unknown members are ignored. */
function claimOf({ version, payload }: RpcMessage): Claim {
  if (version === undefined) return { problem: 'the :version header is missing or not a string' };
  if (version !== RPC_VERSION) return { problem: `the :version is ${version}, not ${RPC_VERSION}` };
  const members = parseConnect(payload);
  if (members === undefined) return { problem: 'the payload is not a JSON object' };
  const token = members['authToken'];
  if (typeof token !== 'string' && typeof token !== 'number') return { problem: 'there is no authToken' };
  return token === '' ? { problem: 'the authToken is empty' } : { token: String(token) };
}

/** A ping's own headers and its payload, sent back. */
function pingResponse(frame: FrameView): Buffer {
  const head = encodeRpcMessage({ type: MessageType.PingResponse, flags: 0, streamId: 0 });
  const blocks: Buffer[] = [];
  const cursor = new HeaderCursor();
  cursor.reset(frame.buffer, frame.headersStart, frame.headersEnd);
  while (cursor.next()) {
    if (frame.buffer[cursor.nameStart] !== 0x3a) blocks.push(frame.buffer.subarray(cursor.nameStart - 1, cursor.valueEnd));
  }
  return encodeFrame(
    Buffer.concat([...blocks, head.subarray(PRELUDE_LENGTH, head.length - 4)]),
    frame.buffer.subarray(frame.headersEnd, frame.payloadEnd),
  );
}

/** What aws-c-event-stream says before it drops a connection, word for word (`event_stream_rpc_priv.h`, `event_stream_rpc_server.c`). */
const ProtocolErrorText = {
  connectNotCompleted:
    '{ "message": "A CONNECT message must be received, and the CONNECT_ACK must be sent in response, before any other message-types can be sent on this connection. In addition, only one CONNECT message is allowed on a connection." }',
  streamId:
    '{ "message": "non-zero stream-id field is only allowed for messages of type APPLICATION_MESSAGE. The stream id max value is INT32_MAX." }',
  streamIdLower:
    '{ "message": "stream-id values must be monotonically incrementing. A stream-id arrived that was lower than the last seen stream-id." }',
  streamIdHigher:
    '{ "message": "stream-id values must be monotonically incrementing. A new stream-id arrived that was incremented by more than 1." }',
  messageType: '{ "message": "an invalid value for message-type field was received." }',
  headers:
    '{ "message": "A message was received with missing required fields. Check that your client is sending at least, :message-type, :message-flags, and :stream-id" }',
  operation: '{ "message": "The first message for on a non-zero :stream-id must contain an operation header value." }',
} as const;

function classicProtocolError(text: string): Buffer {
  return encodeServerMessage({ type: MessageType.ProtocolError, flags: 0, streamId: 0, contentType: 'application/json', payload: text });
}

/** The nucleus' answer to a message type that makes no sense from a client. Its JSON is malformed in the original too. */
function classicUnrecognized(type: number): Buffer {
  return encodeServerMessage({
    type: MessageType.InternalError,
    flags: 0,
    streamId: 0,
    contentType: 'application/json',
    payload: `{ "error": "Unrecognized Message Type" }"message": " message type value: ${type} is not recognized as a valid request path." }`,
  });
}

/** What all connections of a classic nucleus share: the spool, the subscriptions, the one MQTT connection. */
export class ClassicServer implements ProfileServer, ClassicShared {
  readonly context: ProfileContext;
  readonly limits: ClassicLimits;
  readonly spool: ClassicSpool;
  readonly table: DeviceSubscriptions;
  readonly local: PubSub;

  constructor(context: ProfileContext, limits: ClassicLimits) {
    this.context = context;
    this.limits = limits;
    const event = (message: BrokerMessage): EventFrames => classicEvent(limits.mqttVersion === 'mqtt5' ? message : withoutMqtt5(message));
    const observers = new ObserverSubscriptions(context, event);
    this.table = new DeviceSubscriptions(
      classicRoutes,
      new SharedFilters(context.broker, {
        tree: new ClassicFilterTree(),
        answerOf: filter =>
          filterIsValid(filter) || limits.mqttVersion === 'mqtt3' ? (context.link.isUp ? undefined : 'offline') : 'invalid filter',
      }),
      observers,
    );
    this.local = new PubSub(context, classicLocalRoutes);
    this.spool = new ClassicSpool(limits.spool, context.broker);
    this.spool.setOnline(context.link.isUp);
    context.link.onChange(up => {
      this.spool.setOnline(up);
    });
  }

  get subscriptions(): number {
    return this.table.size;
  }

  get spooled(): number {
    return this.spool.size;
  }

  accept(peer: Peer): Protocol {
    return new ClassicProtocol(peer, this);
  }

  receive(message: BrokerMessage): void {
    const route = this.table.route(message.topicName);
    if (route.length === 0) return;
    const frames = classicEvent(this.limits.mqttVersion === 'mqtt5' ? message : withoutMqtt5(message));
    for (const subscription of route) subscription.deliver(frames);
    observeDelivery(this.context, message, route);
  }

  loseSubscriptions(): () => void {
    return this.table.lose();
  }

  loseLocalSubscriptions(): () => void {
    return this.local.lose();
  }

  terminateSubscriptions(messages: readonly BrokerMessage[]): number {
    return this.table.terminateAll(messages.map(classicEvent));
  }

  /** A memory spool does not outlive its nucleus. */
  reset(): void {
    this.spool.clear();
  }
}

/** What MQTT 3.1.1 carries of a message. */
function withoutMqtt5({ topicName, payload, qos, retain }: BrokerMessage): BrokerMessage {
  return { topicName, payload, qos, retain };
}
