import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncScheduler } from 'rxjs';
import { readServiceError } from '../../src/errors/service-error.js';
import { Session } from '../../src/ipc/session.js';
import { socketTransport } from '../../src/ipc/socket/socket-transport.js';
import { readIoTCoreMessage } from '../../src/ipc/wire/read-iot-core-message.js';
import { encodeRpcMessage, MessageFlag, MessageType, type RpcMessage } from '../../src/ipc/wire/rpc-message.js';
import { schedulerClock } from '../../src/schedule/clock.js';
import { randomPiece } from '../ipc/wire/random-frames.js';
import { batches, conversation, type FuzzAccount } from './fuzz-round.js';
import { serverMessages } from './random-messages.js';

const CONNECT_ACK = encodeRpcMessage({ type: MessageType.ConnectAck, flags: MessageFlag.ConnectionAccepted, streamId: 0 });
const OPERATIONS = 2;

/** Feeds frames to clients that have subscriptions and requests under way. Each must end, and settle everything, once. */
export async function fuzzClient(
  frames: number,
  seed: number,
  problems: string[],
  onProgress: (account: FuzzAccount) => void | Promise<void>,
): Promise<FuzzAccount> {
  const account: FuzzAccount = { connections: 0, frames: 0, understood: 0 };
  const conversations = batches(conversation(serverMessages, randomPiece), seed);
  const folder = await mkdtemp(join(tmpdir(), 'fuzz-'));
  const socketPath = join(folder, 'ipc.sock');
  const server = createServer(socket => {
    const pieces = conversations.next().value;
    account.frames += pieces.length;
    socket.on('error', () => undefined);
    socket.resume();
    socket.end(Buffer.concat([CONNECT_ACK, ...pieces]));
  }).listen(socketPath);
  await once(server, 'listening');
  while (account.frames < frames) {
    await Promise.all(Array.from({ length: 4 }, () => talk(socketPath, account, problems)));
    await onProgress(account);
  }
  await new Promise(resolve => server.close(resolve));
  await rm(folder, { recursive: true });
  return account;
}

function talk(socketPath: string, account: FuzzAccount, problems: string[]): Promise<void> {
  account.connections++;
  return new Promise(resolve => {
    let open = 0;
    let over = false;
    /** A listener of which exactly one call may be the last. */
    const settling = (): { readonly said: () => void; readonly settled: () => void } => {
      let settled = false;
      open++;
      const said = (): void => {
        account.understood++;
        if (settled || over) problems.push('something was told after the end');
      };
      return {
        said,
        settled: () => {
          if (settled || over) problems.push('an operation was settled twice, or after its connection');
          settled = true;
          open--;
        },
      };
    };
    const read = (message: RpcMessage): void => {
      readIoTCoreMessage(message.payload);
      readServiceError(message);
    };
    const session = new Session(
      { transport: socketTransport, socketPath, authToken: 'x', connectTimeout: 10_000, clock: schedulerClock(asyncScheduler) },
      {
        onAccepted: () => {
          for (let i = 0; i < OPERATIONS; i++) {
            const subscription = settling();
            session.subscribe('aws.greengrass#SubscribeToIoTCore', '{}', {
              onReply: subscription.said,
              onEvent: message => {
                subscription.said();
                read(message);
              },
              onError: message => {
                subscription.said();
                subscription.settled();
                read(message);
              },
              onViolation: subscription.settled,
              onComplete: subscription.settled,
              onLost: subscription.settled,
            });
            const request = settling();
            session.request('aws.greengrass#PublishToIoTCore', '{}', {
              onReply: message => {
                request.said();
                request.settled();
                read(message);
              },
              onViolation: request.settled,
              onLost: request.settled,
            });
          }
        },
        onEnd: () => {
          if (over) problems.push('a session ended twice');
          if (open > 0) problems.push(`${open} operations were never settled`);
          over = true;
          resolve();
        },
      },
    );
  });
}
