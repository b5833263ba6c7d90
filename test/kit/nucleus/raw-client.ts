import { connect, type Socket } from 'node:net';
import { CLASSIC_MAX_FRAME, FrameDecoder } from '../../../src/ipc/wire/frame.js';
import {
  encodeRpcMessage,
  MessageFlag,
  MessageType,
  readRpcMessage,
  type RpcMessage,
  type RpcMessageInit,
} from '../../../src/ipc/wire/rpc-message.js';

export const PUBLISH = 'aws.greengrass#PublishToIoTCore';
export const SUBSCRIBE = 'aws.greengrass#SubscribeToIoTCore';

/** A client that knows frames and nothing of the protocol: it sends what it is told and shows what comes. */
export class RawClient {
  readonly socket: Socket;
  readonly received: RpcMessage[] = [];
  /** Resolves when the connection is over, with the error if it was reset. */
  readonly closed: Promise<Error | undefined>;
  readonly #waiting: { readonly resolve: (message: RpcMessage) => void; readonly reject: (error: Error) => void }[] = [];
  readonly #decoder: FrameDecoder;
  #taken = 0;
  #ended = false;
  frameFailure: unknown;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#decoder = new FrameDecoder(CLASSIC_MAX_FRAME, frame => {
      const message = readRpcMessage(frame);
      if ('reason' in message) throw new Error(message.detail);
      this.received.push(message);
      const waiter = this.#waiting.shift();
      if (waiter !== undefined) {
        this.#taken++;
        waiter.resolve(message);
      }
    });
    let failure: Error | undefined;
    socket.on('data', chunk => {
      this.frameFailure ??= this.#decoder.push(chunk);
    });
    socket.on('error', error => {
      failure = error;
    });
    this.closed = new Promise(resolve => {
      socket.on('close', () => {
        this.#ended = true;
        for (const { reject } of this.#waiting.splice(0)) reject(new Error('the connection ended'));
        resolve(failure);
      });
    });
  }

  static open(path: string): Promise<RawClient> {
    const socket = connect(path);
    const client = new RawClient(socket);
    return new Promise((resolve, reject) => {
      socket.once('connect', () => {
        resolve(client);
      });
      socket.once('error', reject);
    });
  }

  /** Connected and accepted. */
  static async accepted(
    nucleus: { readonly socketPath: string; readonly authToken: (name: string) => string },
    component: string,
  ): Promise<RawClient> {
    const client = await RawClient.open(nucleus.socketPath);
    client.connect(nucleus.authToken(component));
    const ack = await client.next();
    if (ack.type !== MessageType.ConnectAck || ack.flags !== MessageFlag.ConnectionAccepted) throw new Error('not accepted');
    return client;
  }

  send(message: RpcMessageInit): void {
    this.socket.write(encodeRpcMessage(message));
  }

  connect(authToken: string): void {
    this.send({ type: MessageType.Connect, flags: 0, streamId: 0, version: '0.1.0', payload: JSON.stringify({ authToken }) });
  }

  request(streamId: number, operation: string, request: unknown): void {
    const payload = typeof request === 'string' ? request : JSON.stringify(request);
    this.send({ type: MessageType.ApplicationMessage, flags: 0, streamId, operation, payload });
  }

  publish(streamId: number, topicName: string, payload: string | Uint8Array, qos: '0' | '1' = '1'): void {
    this.request(streamId, PUBLISH, { topicName, qos, payload: Buffer.from(payload).toString('base64') });
  }

  subscribe(streamId: number, topicName: string, qos: '0' | '1' = '1'): void {
    this.request(streamId, SUBSCRIBE, { topicName, qos });
  }

  terminate(streamId: number): void {
    this.send({ type: MessageType.ApplicationMessage, flags: MessageFlag.TerminateStream, streamId });
  }

  /** The next message, in order. */
  next(): Promise<RpcMessage> {
    const message = this.received[this.#taken];
    if (message !== undefined) {
      this.#taken++;
      return Promise.resolve(message);
    }
    if (this.#ended) return Promise.reject(new Error('the connection ended'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  /**
   * Everything that has come by the time a publish, which is refused for its topic, is answered: whatever was sent before that answer is in
   * it.
   */
  get untaken(): number {
    return this.received.length - this.#taken;
  }

  close(): void {
    this.socket.destroy();
  }
}

/** The JSON of a message. */
export function body(message: RpcMessage): Record<string, unknown> {
  return JSON.parse(message.payload) as Record<string, unknown>;
}

/** Topic and text of an event. */
export function eventOf(message: RpcMessage): { readonly topicName: string; readonly text: string } {
  const { message: mqtt } = JSON.parse(message.payload) as { message: { topicName: string; payload: string } };
  return { topicName: mqtt.topicName, text: Buffer.from(mqtt.payload, 'base64').toString() };
}
