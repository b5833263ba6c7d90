import type { BrokerMessage } from './broker-message.js';
import { classicEventJson } from './classic-event.js';
import {
  classicError,
  classicEvent,
  classicInternalError,
  classicPublishReply,
  classicStatusEvent,
  classicStatusReply,
  classicSubscribeReply,
  classicUnsupported,
  type ClassicErrorCode,
} from './classic-replies.js';
import {
  MalformedMember,
  blobMember,
  booleanMember,
  integerMember,
  parseGson,
  textMember,
  userPropertiesMember,
} from './classic-request.js';
import type { ClassicShared, ClassicSubscription } from './classic-shared.js';
import { classicTopicProblem } from './classic-topic-validator.js';
import { EventFrames } from './event-frames.js';
import type { FaultOperation } from './fault-switches.js';
import { PUBLISH, SUBSCRIBE, SUBSCRIBE_STATUS, isModelledElsewhere } from './operations.js';
import type { Peer } from './protocol.js';
import { passReplyFaults, terminateHeaders } from './replies.js';

type Members = Readonly<Record<string, unknown>>;

/** What ends with a stream. */
type CloseStream = () => void;

const nothing: CloseStream = () => undefined;

/** The operations of one authenticated connection to a classic nucleus, with the streams they keep open. */
export class ClassicOperations {
  readonly component: string;
  readonly #peer: Peer;
  readonly #server: ClassicShared;
  readonly #open = new Map<number, CloseStream>();

  constructor(peer: Peer, server: ClassicShared, component: string) {
    this.#peer = peer;
    this.#server = server;
    this.component = component;
  }

  isOpen(streamId: number): boolean {
    return this.#open.has(streamId);
  }

  close(streamId: number): void {
    const close = this.#open.get(streamId);
    this.#open.delete(streamId);
    close?.();
  }

  closeAll(): void {
    for (const streamId of [...this.#open.keys()]) this.close(streamId);
  }

  execute(streamId: number, operation: string, payload: string): void {
    const isOurs =
      operation === PUBLISH || operation === SUBSCRIBE || (operation === SUBSCRIBE_STATUS && this.#server.context.connectionStatus);
    if (!isOurs) {
      if (isModelledElsewhere(operation))
        this.#fail(streamId, operation, 'ServiceError', `Operation ${operation} is not supported by Greengrass`);
      else {
        this.#observeFailure(operation, 'UnsupportedOperation', `${operation} is an unsupported operation.`, undefined);
        this.#peer.send(classicUnsupported(streamId, operation), false);
      }
      return;
    }
    const request = parseGson(payload);
    try {
      // A missing request is a null pointer inside the handler, which turns it into an error without a text.
      if (request.kind === 'null') this.#fail(streamId, operation, 'ServiceError', undefined);
      else if (request.kind === 'malformed') throw new MalformedMember('request');
      else if (operation === PUBLISH) this.#publish(streamId, request.members);
      else if (operation === SUBSCRIBE) this.#subscribe(streamId, request.members);
      else this.#subscribeStatus(streamId);
    } catch (error) {
      if (!(error instanceof MalformedMember)) throw error;
      this.#observeFailure(operation, 'InternalServerError', `malformed ${error.message}`, undefined);
      this.#peer.send(classicInternalError(streamId), false);
    }
  }

  #publish(streamId: number, members: Members): void {
    const { context, limits, spool } = this.#server;
    // All members are read before any is checked: Gson has parsed the whole request when the handler begins.
    const topicName = textMember(members, 'topicName');
    const payload = blobMember(members, 'payload');
    const qos = textMember(members, 'qos');
    const retain = booleanMember(members, 'retain');
    const userProperties = userPropertiesMember(members);
    const messageExpiryIntervalSeconds = integerMember(members, 'messageExpiryIntervalSeconds');
    const correlationData = blobMember(members, 'correlationData');
    const responseTopic = textMember(members, 'responseTopic');
    const payloadFormat = textMember(members, 'payloadFormat') === '1' ? '1' : '0';
    const fail = (code: ClassicErrorCode, message: string): void => {
      this.#fail(streamId, PUBLISH, code, message, topicName);
    };
    if (topicName === undefined) return fail('InvalidArgumentsError', 'Topic is required');
    if (!this.#authorized(PUBLISH, topicName)) return fail('UnauthorizedError', 'Not Authorized');
    if (payload === undefined) return fail('InvalidArgumentsError', 'Payload is required');
    if (qos === undefined) return fail('InvalidArgumentsError', 'QoS is required');
    if (qos !== '0' && qos !== '1') return fail('InvalidArgumentsError', `Invalid QoS value: ${qos}`);
    const refuse = (text: string): void => {
      fail('ServiceError', `Publish to topic ${topicName} failed: ${text}`);
    };
    if (payload.length > limits.maxPayload) {
      return refuse(
        `The publishing message size ${String(payload.length)} bytes exceeds the configured limit of ${String(limits.maxPayload)} bytes`,
      );
    }
    const topicProblem = classicTopicProblem(topicName, 'publish');
    if (topicProblem !== undefined) return refuse(topicProblem);
    if (qos === '0' && !context.link.isUp) return refuse('Device is offline. Dropping QoS 0 message.');
    // contentType is left out on purpose: the nucleus forgets it.
    const message: BrokerMessage = {
      topicName,
      payload,
      qos: qos === '1' ? 1 : 0,
      retain,
      userProperties,
      messageExpiryIntervalSeconds,
      correlationData,
      responseTopic,
      payloadFormat,
    };
    const full = context.faults.spoolFull.strike(this.component) !== undefined;
    const spoolProblem = full ? 'Message spool is full. Message could not be added.' : spool.add(message);
    if (spoolProblem !== undefined) return refuse(spoolProblem);
    if (context.observed()) {
      context.observe({ kind: 'published', connection: this.#peer.id, component: this.component, topicName, payloadBytes: payload.length });
    }
    this.#replyAndClose(streamId, 'publish', () => classicPublishReply.frame(streamId, '{}'));
    spool.drain();
  }

  #subscribe(streamId: number, members: Members): void {
    const { context } = this.#server;
    const filter = textMember(members, 'topicName');
    const qos = textMember(members, 'qos');
    const fail = (code: ClassicErrorCode, message: string, failContext?: Record<string, unknown>): void => {
      this.#fail(streamId, SUBSCRIBE, code, message, filter, failContext);
    };
    if (filter === undefined) return fail('InvalidArgumentsError', 'Topic is required');
    if (!this.#authorized(SUBSCRIBE, filter)) return fail('UnauthorizedError', 'Not Authorized');
    if (qos === undefined) return fail('InvalidArgumentsError', 'QoS is required');
    if (qos !== '0' && qos !== '1') return fail('InvalidArgumentsError', `Invalid QoS value: ${qos}`);
    const refuse = (text: string, failContext?: Record<string, unknown>): void => {
      fail('ServiceError', `Subscribe to topic ${filter} failed with error ${text}`, failContext);
    };
    const topicProblem = classicTopicProblem(filter, 'subscribe');
    if (topicProblem !== undefined) return refuse(`com.aws.greengrass.mqttclient.MqttRequestException: ${topicProblem}`);
    if (context.faults.denySubscription.strike(this.component) !== undefined) {
      return refuse('NOT_AUTHORIZED', { reasonString: null, reasonCode: 135 });
    }
    const begin = (): void => {
      this.#activate(streamId, filter, qos === '1' ? 1 : 0);
    };
    if (context.link.isUp) begin();
    else if (context.link.wasEverUp) {
      refuse(
        'java.util.concurrent.CompletionException: software.amazon.awssdk.crt.CrtRuntimeException: The connection to the MQTT broker is down',
      );
    } else {
      // Before the first connection to the cloud the reply waits for it, for days if need be.
      const cancel = context.link.onChange(() => {
        cancel();
        begin();
      });
      this.#open.set(streamId, cancel);
    }
  }

  #activate(streamId: number, filter: string, qos: 0 | 1): void {
    const { context } = this.#server;
    let replied = false;
    let onFirstMessage: (() => void) | undefined;
    const subscription: ClassicSubscription = {
      filter,
      streamId,
      deliver: frames => {
        if (onFirstMessage !== undefined) {
          this.#peer.send(frames.for(streamId), true);
          const reply = onFirstMessage;
          onFirstMessage = undefined;
          reply();
        } else if (replied) this.#peer.send(frames.for(streamId), true);
        // Else it comes before the reply has been sent, and the nucleus drops it with a warning.
      },
      terminate: frame => {
        this.#peer.send(frame, false);
        this.close(streamId);
      },
    };
    this.#open.set(streamId, () => {
      this.#server.unsubscribe(subscription);
      if (!context.observed()) return;
      context.observe({ kind: 'unsubscribed', connection: this.#peer.id, component: this.component, streamId, filter });
    });
    this.#server.subscribe(subscription, qos);
    const reply = (): void => {
      passReplyFaults(this.#peer, context.faults, 'subscribe', this.component, () => {
        if (!this.#open.has(streamId)) return;
        this.#peer.send(classicSubscribeReply.frame(streamId, '{}'), false);
        replied = true;
        this.#afterReply(streamId);
      });
    };
    const early = context.faults.messageBeforeReply.strike(this.component);
    if (early === undefined) reply();
    else if (early.parameter === undefined) onFirstMessage = reply;
    else {
      this.#peer.send(new EventFrames(classicEvent, classicEventJson(early.parameter)).for(streamId), true);
      reply();
    }
    if (context.observed()) {
      context.observe({ kind: 'subscribed', connection: this.#peer.id, component: this.component, streamId, filter });
    }
  }

  #afterReply(streamId: number): void {
    const burst = this.#server.context.faults.burstThenTerminate.strike(this.component);
    if (burst === undefined) return;
    for (const message of burst.parameter) this.#peer.send(new EventFrames(classicEvent, classicEventJson(message)).for(streamId), true);
    this.#peer.send(terminateHeaders.frame(streamId, ''), false);
    this.close(streamId);
  }

  #subscribeStatus(streamId: number): void {
    const { link } = this.#server.context;
    const send = (up: boolean): void => {
      const json = `{"connectionStatusEvent":{"status":"${up ? 'CONNECTED' : 'DISCONNECTED'}"}}`;
      this.#peer.send(classicStatusEvent.frame(streamId, json), true);
    };
    this.#peer.send(classicStatusReply.frame(streamId, '{}'), false);
    send(link.isUp);
    this.#open.set(streamId, link.onChange(send));
  }

  #authorized(operation: string, resource: string): boolean {
    return this.#server.context.authorizers.get(this.component)?.(operation, resource) ?? false;
  }

  #fail(
    streamId: number,
    operation: string,
    code: ClassicErrorCode,
    message: string | undefined,
    resource?: string,
    context?: Record<string, unknown>,
  ): void {
    this.#observeFailure(operation, code, message ?? '', resource);
    const frame = classicError(streamId, code, message, context);
    this.#replyAndClose(streamId, operation === PUBLISH ? 'publish' : 'subscribe', () => frame);
  }

  /** A reply that ends its stream. The client may end it first, while a fault keeps the reply back. */
  #replyAndClose(streamId: number, operation: FaultOperation, frame: () => Buffer): void {
    this.#open.set(streamId, nothing);
    passReplyFaults(this.#peer, this.#server.context.faults, operation, this.component, () => {
      if (this.#open.delete(streamId)) this.#peer.send(frame(), false);
    });
  }

  #observeFailure(operation: string, code: string, message: string, resource: string | undefined): void {
    const { context } = this.#server;
    if (!context.observed()) return;
    context.observe({ kind: 'failed', connection: this.#peer.id, component: this.component, operation, code, message, resource });
  }
}
