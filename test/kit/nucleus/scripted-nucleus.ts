import { onTestFinished } from 'vitest';
import { MessageFlag, MessageType, type RpcMessage, type RpcMessageInit } from '../../../src/ipc/wire/rpc-message.js';
import { connect } from '../../../src/client/connect.js';
import type { ConnectOptions } from '../../../src/client/connect-options.js';
import type { ConnectionState, MqttProxy } from '../../../src/ports/mqtt-proxy.js';
import { fixed } from '../../../src/schedule/index.js';
import { accepting, isTerminate, startRawServer, type RawConnection, type RawServer } from './raw-server.js';
import { record, type Recorded } from '../streams/recorded.js';
import { VirtualTime } from '../time/virtual-time.js';

const { ApplicationMessage, ApplicationError } = MessageType;
const { TerminateStream } = MessageFlag;

export const PUBLISH = 'aws.greengrass#PublishToIoTCore';
export const SUBSCRIBE = 'aws.greengrass#SubscribeToIoTCore';

export const published = (streamId: number): RpcMessageInit => ({
  type: ApplicationMessage,
  flags: TerminateStream,
  streamId,
  modelType: `${PUBLISH}Response`,
  payload: '{}',
});
export const subscribed = (streamId: number): RpcMessageInit => ({
  type: ApplicationMessage,
  flags: 0,
  streamId,
  modelType: `${SUBSCRIBE}Response`,
  payload: '{}',
});
export const arrived = (streamId: number, topicName: string, payload = ''): RpcMessageInit => ({
  type: ApplicationMessage,
  flags: 0,
  streamId,
  modelType: 'aws.greengrass#IoTCoreMessage',
  payload: JSON.stringify({ message: { topicName, payload: Buffer.from(payload).toString('base64') } }),
});
export const failed = (streamId: number, code: string, message: string): RpcMessageInit => ({
  type: ApplicationError,
  flags: TerminateStream,
  streamId,
  modelType: `aws.greengrass#${code}`,
  contentType: 'application/json',
  payload: JSON.stringify({ message, _service: 'aws.greengrass#GreengrassCoreIPC', _message: message, _errorCode: code }),
});
export const ended = (streamId: number): RpcMessageInit => ({ type: ApplicationMessage, flags: TerminateStream, streamId });

/** A script that accepts, and answers publishes and subscribes with success. */
export const obliging: (connection: RawConnection) => void = accepting(({ operation, streamId }, connection) => {
  if (operation === PUBLISH) connection.send(published(streamId));
  else if (operation === SUBSCRIBE) connection.send(subscribed(streamId));
});

/** Whether the message asks for this operation, on this topic if one is given. */
export const asks =
  (operation: string, topicName?: string) =>
  (message: RpcMessage): boolean =>
    message.operation === operation && (topicName === undefined || topicOf(message) === topicName);

export const topicOf = (message: RpcMessage): string => (JSON.parse(message.payload) as { topicName: string }).topicName;

/** Topics of all requests for the operation, in the order they came. */
export const topicsOf = (connection: RawConnection, operation: string): string[] =>
  connection.received.filter(asks(operation)).map(topicOf);

/** What a client sent, one word a message: the topic it published to or subscribed to, or the stream it ended. */
export const saidBy = (connection: RawConnection): string[] =>
  connection.received
    .filter(({ streamId }) => streamId > 0)
    .map(message => {
      if (isTerminate()(message)) return `end ${message.streamId}`;
      return `${message.operation === PUBLISH ? 'publish' : 'subscribe'} ${topicOf(message)}`;
    });

export interface Scripted {
  readonly server: RawServer;
  readonly proxy: MqttProxy;
  readonly time: VirtualTime;
  readonly states: Recorded<ConnectionState>;
  /** Resolves when the proxy is in this state the next time, or is in it now. */
  readonly reaches: (status: ConnectionState['status']) => Promise<ConnectionState>;
}

/**
 * A proxy in virtual time on a real socket to a nucleus that does what its script says, message by message: that of the kit answers by the
 * book and its faults. It is taken for a classic one.
 */
export async function connectTo(
  script: (connection: RawConnection) => void = obliging,
  options: Partial<ConnectOptions> = {},
): Promise<Scripted> {
  const server = await startRawServer(script);
  const time = new VirtualTime();
  const proxy = connect({
    socketPath: server.path,
    authToken: 'ABCDEFGHIJKLMNOP',
    profile: 'classic',
    reconnect: fixed(1_000),
    scheduler: time,
    ...options,
  });
  onTestFinished(async () => {
    await proxy.close();
    await server.stop();
  });
  const states = record(proxy.state$);
  return {
    server,
    proxy,
    time,
    states,
    reaches: async status => {
      const seen = states.values.length - 1;
      const state = await states.first(
        state => states.values.indexOf(state) >= seen && (state.status === status || state.status === 'failed'),
      );
      if (state.status !== status) throw new Error(`the proxy did not become ${status}: ${JSON.stringify(state)}`);
      return state;
    },
  };
}
