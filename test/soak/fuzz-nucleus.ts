import { connect } from 'node:net';
import { connect as connectProxy, QOS } from '../../src/index.js';
import { encodeRpcMessage, MessageType } from '../../src/ipc/wire/rpc-message.js';
import { startLocalNucleus, type Profile } from '../../src/local/index.js';
import { randomPiece } from '../ipc/wire/random-frames.js';
import { batches, conversation, type FuzzAccount } from './fuzz-round.js';
import { clientMessages } from './random-messages.js';

const COMPONENT = 'com.example.Fuzz';
const HONEST = 'com.example.Honest';

/** Feeds frames to a local nucleus on connections of their own, most of them accepted; meanwhile another component must be served. */
export async function fuzzNucleus(
  profile: Profile,
  frames: number,
  seed: number,
  problems: string[],
  onProgress: (account: FuzzAccount) => void | Promise<void>,
): Promise<FuzzAccount> {
  const accessControl = { 'aws.greengrass.ipc.mqttproxy': { 'fuzz:1': { operations: ['*'], resources: ['*'] } } };
  const nucleus = await startLocalNucleus({
    profile,
    components: [
      { name: COMPONENT, accessControl },
      { name: HONEST, accessControl },
    ],
    limits: { socketTimeout: 1_000 },
  });
  const account: FuzzAccount = { connections: 0, frames: 0, understood: 0 };
  nucleus.observe(({ kind }) => {
    if (kind !== 'connected' && kind !== 'disconnected' && kind !== 'refused') account.understood++;
  });
  const conversations = batches(conversation(clientMessages, randomPiece), seed);
  const acceptable = encodeRpcMessage({
    type: MessageType.Connect,
    flags: 0,
    streamId: 0,
    version: '0.1.0',
    payload: JSON.stringify({ authToken: nucleus.authToken(COMPONENT) }),
  });
  const talk = (): Promise<void> => {
    const pieces = conversations.next().value;
    account.frames += pieces.length;
    const bytes = Buffer.concat(account.connections++ % 8 === 0 ? pieces : [acceptable, ...pieces]);
    return new Promise(resolve => {
      const socket = connect(nucleus.socketPath, () => socket.end(bytes));
      socket.on('error', () => undefined);
      socket.resume();
      socket.on('close', () => {
        resolve();
      });
    });
  };
  const honest = connectProxy({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(HONEST), profile });
  let interruptions = -1;
  honest.state$.subscribe(({ status }) => {
    if (status === 'connected') interruptions++;
  });
  while (account.frames < frames) {
    await Promise.all(Array.from({ length: 8 }, talk));
    if (account.connections % 80 !== 0) continue;
    const outcome = await honest.publish({ topicName: 'honest', payload: 'x', qos: QOS.AT_MOST_ONCE })();
    if (outcome._tag === 'Left') problems.push(`another component was not served: ${outcome.left.message}`);
    await onProgress(account);
  }
  if (interruptions > 0) problems.push(`another component's connection broke ${interruptions} times`);
  await honest.close();
  // What the nucleus knows of clients that have gone goes with their sockets, a turn or two later.
  for (let turn = 0; turn < 100 && nucleus.connections > 0; turn++) await new Promise(resolve => setImmediate(resolve));
  if (nucleus.connections > 0) problems.push(`${nucleus.connections} connections are left`);
  if (nucleus.subscriptions > 0) problems.push(`${nucleus.subscriptions} subscriptions are left`);
  if (nucleus.queuedBytes > 0) problems.push(`${nucleus.queuedBytes} bytes are left for clients that are gone`);
  await nucleus.stop();
  return account;
}
