import { once } from 'node:events';
import { createConnection } from 'node:net';
import { encodeRequest } from '../../../src/ipc/wire/encode-request.js';
import { CLASSIC_MAX_FRAME, FrameDecoder } from '../../../src/ipc/wire/frame.js';
import { readIoTCoreMessage } from '../../../src/ipc/wire/read-iot-core-message.js';
import { encodeRpcMessage, MessageType, readRpcMessage, RPC_VERSION, type RpcMessage } from '../../../src/ipc/wire/rpc-message.js';
import { PUBLISH, PUBLISH_TO_TOPIC, SUBSCRIBE, SUBSCRIBE_TO_TOPIC } from '../../../src/shared/operations.js';
import { OUT } from '../topics.js';
import type { BenchClient, ClientOptions } from './client.js';

const READ_BUFFER = 64 * 1024;
const EVENT = 'aws.greengrass#IoTCoreMessage';
const LOCAL_EVENT = 'aws.greengrass#SubscriptionResponseMessage';

/** The bare loop: frames split and decoded as they come, requests written as they are. No session, no streams, no errors but the fatal. */
export async function openBare({ socketPath, service, authToken = 'token' }: ClientOptions): Promise<BenchClient> {
  let onEvent: (payload: Uint8Array) => void = () => undefined;
  let onReply: (message: RpcMessage) => void = () => undefined;
  let streamId = 0;
  const decoder = new FrameDecoder(CLASSIC_MAX_FRAME, frame => {
    const message = readRpcMessage(frame);
    if ('reason' in message) throw new Error(message.detail);
    if (message.modelType === LOCAL_EVENT) {
      onEvent(localPayload(message.payload));
      return;
    }
    if (message.modelType !== EVENT) {
      onReply(message);
      return;
    }
    const event = readIoTCoreMessage(message.payload);
    if (event._tag === 'Left') throw new Error(event.left);
    onEvent(event.right.payload);
  });
  const buffer = Buffer.allocUnsafeSlow(READ_BUFFER);
  const callback = (count: number): boolean => decoder.push(buffer.subarray(0, count)) === undefined;
  const socket = createConnection({ path: socketPath, onread: { buffer, callback } });
  await once(socket, 'connect');
  const reply = (): Promise<RpcMessage> => new Promise(resolve => (onReply = resolve));
  const connect = { type: MessageType.Connect, flags: 0, streamId: 0, version: RPC_VERSION, payload: JSON.stringify({ authToken }) };
  const accepted = reply();
  socket.write(encodeRpcMessage(connect));
  await accepted;

  const request = (operation: string, body: object): void => {
    socket.write(encodeRequest(operation, ++streamId, JSON.stringify(body)));
  };
  const publish = (payload: Uint8Array): void => {
    const base64 = Buffer.from(payload).toString('base64');
    if (service === 'local') request(PUBLISH_TO_TOPIC, { topic: OUT, publishMessage: { binaryMessage: { message: base64 } } });
    else request(PUBLISH, { topicName: OUT, qos: '1', payload: base64 });
  };
  return {
    subscribe: async (topicName, onMessage) => {
      onEvent = onMessage;
      const subscribed = reply();
      if (service === 'local') request(SUBSCRIBE_TO_TOPIC, { topic: topicName });
      else request(SUBSCRIBE, { topicName, qos: '0' });
      await subscribed;
    },
    publishMany: (count, inFlight, payload, onAcknowledged) =>
      new Promise(resolve => {
        let sent = 0;
        let acknowledged = 0;
        const send = (): void => {
          if (sent++ < count) publish(payload);
        };
        onReply = () => {
          onAcknowledged();
          if (++acknowledged === count) resolve();
          else send();
        };
        for (let i = 0; i < inFlight; i++) send();
      }),
    publish: async payload => {
      const acknowledged = reply();
      publish(payload);
      await acknowledged;
    },
    close: async () => {
      socket.destroy();
      await once(socket, 'close');
    },
  };
}

const NO_BYTES = new Uint8Array(0);

function localPayload(body: string): Uint8Array {
  const { binaryMessage } = JSON.parse(body) as { readonly binaryMessage?: { readonly message: string } };
  return binaryMessage === undefined ? NO_BYTES : Buffer.from(binaryMessage.message, 'base64');
}
