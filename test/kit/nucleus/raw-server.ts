import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CLASSIC_MAX_FRAME, FrameDecoder } from '../../../src/ipc/wire/frame.js';
import {
  encodeRpcMessage,
  MessageFlag,
  MessageType,
  readRpcMessage,
  type RpcMessage,
  type RpcMessageInit,
} from '../../../src/ipc/wire/rpc-message.js';
import { socketPathIn } from './socket-path.js';

/** One client of a {@link RawServer}. */
export interface RawConnection {
  /** All it has sent so far. */
  readonly received: readonly RpcMessage[];
  /** Set it to answer; called for each message after it has been added to `received`. */
  onMessage: (message: RpcMessage) => void;
  /** Resolves with the first message received, by now or later, that fits. Rejects when the client goes before. */
  readonly message: (fits: (message: RpcMessage) => boolean) => Promise<RpcMessage>;
  /** Resolves when the client has gone. */
  readonly closed: Promise<void>;
  /** Sends messages, glued into one write. */
  readonly send: (...messages: readonly RpcMessageInit[]) => void;
  readonly sendBytes: (bytes: Uint8Array) => void;
  /** Closes in good order, after what was sent. */
  readonly end: () => void;
  /** Closes at once. */
  readonly kill: () => void;
  /** Reads no more. */
  readonly pause: () => void;
}

/** A server that does only what its script says: no protocol of its own, not even a ConnectAck. */
export interface RawServer {
  readonly path: string;
  /** The connection with this number, counted from 0, as soon as it is there. */
  readonly connection: (index?: number) => Promise<RawConnection>;
  readonly stop: () => Promise<void>;
}

/** A ConnectAck that accepts. */
export const CONNECT_ACK: RpcMessageInit = { type: MessageType.ConnectAck, flags: MessageFlag.ConnectionAccepted, streamId: 0 };

/** Whether the message opens a stream. */
export const isRequest = (message: RpcMessage): boolean => message.operation !== undefined;

/** Whether the message is a terminate, of one stream or of any. */
export const isTerminate =
  (streamId?: number) =>
  (message: RpcMessage): boolean =>
    (message.flags & MessageFlag.TerminateStream) !== 0 && (streamId === undefined || message.streamId === streamId);

/** A script that accepts every Connect and gives requests and terminates to `answer`. */
export function accepting(
  answer: (message: RpcMessage, connection: RawConnection) => void = () => undefined,
): (connection: RawConnection) => void {
  return connection => {
    connection.onMessage = message => {
      if (message.type === MessageType.Connect) connection.send(CONNECT_ACK);
      else answer(message, connection);
    };
  };
}

/**
 * Starts a server on a Unix socket, a new one unless it is told which, or on Windows at a named pipe. `script` is called with each
 * connection before anything is read from it.
 */
export async function startRawServer(
  script: (connection: RawConnection) => void = () => undefined,
  givenPath?: string,
): Promise<RawServer> {
  const folder = await mkdtemp(join(tmpdir(), 'raw-'));
  const path = givenPath ?? socketPathIn(folder);
  const connections: RawConnection[] = [];
  const sockets = new Set<Socket>();
  const arrivals = new Set<() => void>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const connection = rawConnection(socket);
    connections.push(connection);
    script(connection);
    for (const arrival of arrivals) arrival();
  });
  server.listen(path);
  await once(server, 'listening');
  return {
    path,
    connection: (index = 0) =>
      new Promise(resolve => {
        const look = (): void => {
          const connection = connections[index];
          if (connection === undefined) return;
          arrivals.delete(look);
          resolve(connection);
        };
        arrivals.add(look);
        look();
      }),
    stop: async () => {
      const closed = new Promise(resolve => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function rawConnection(socket: Socket): RawConnection {
  const received: RpcMessage[] = [];
  const lookers = new Set<() => void>();
  const decoder = new FrameDecoder(CLASSIC_MAX_FRAME, frame => {
    const message = readRpcMessage(frame);
    if ('reason' in message) throw new Error(`the client sent no RPC message: ${message.detail}`);
    received.push(message);
    connection.onMessage(message);
    for (const look of lookers) look();
  });
  const closed = new Promise<void>(resolve =>
    socket.on('close', () => {
      resolve();
    }),
  );
  // A client may go at any time; that is what `closed` tells.
  socket.on('error', () => undefined);
  socket.on('data', chunk => {
    const failure = decoder.push(chunk);
    if (failure !== undefined) throw new Error(`the client sent no frame: ${failure.reason}`);
  });
  const connection: RawConnection = {
    received,
    onMessage: () => undefined,
    message: fits =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = received.find(fits);
          if (found === undefined) return;
          lookers.delete(look);
          resolve(found);
        };
        lookers.add(look);
        look();
        void closed.then(() => {
          reject(new Error(`the client went; it had sent ${JSON.stringify(received)}`));
        });
      }),
    closed,
    send: (...messages) => socket.write(Buffer.concat(messages.map(encodeRpcMessage))),
    sendBytes: bytes => socket.write(bytes),
    end: () => socket.end(),
    kill: () => socket.destroy(),
    pause: () => socket.pause(),
  };
  return connection;
}
