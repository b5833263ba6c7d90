import { subscribe } from 'node:diagnostics_channel';
import { Socket } from 'node:net';

/** Turns of the event loop without a byte: between two frames written in pieces, or in a connection that is being made, there are fewer. */
const QUIET_TURNS = 10;

const sockets = new Set<Socket>();
/** Bytes through sockets that are closed, and how many have come and gone. */
let bytes = 0;
let comings = 0;

for (const channel of ['net.client.socket', 'net.server.socket']) {
  subscribe(channel, message => {
    if (typeof message !== 'object' || message === null || !('socket' in message) || !(message.socket instanceof Socket)) return;
    const { socket } = message;
    sockets.add(socket);
    comings++;
    socket.once('close', () => {
      sockets.delete(socket);
      comings++;
      bytes += bytesOf(socket);
    });
  });
}

/**
 * Resolves when nothing moves any more on the sockets of this process. Where both ends are in it, what one writes the other can read in the
 * next turn of the event loop, however slow the machine is: nothing here waits for a time.
 */
export function quietSockets(): Promise<void> {
  // One promise for all turns: the leak detector notes the stack of each, which takes longer than the turn.
  return new Promise(resolve => {
    let [knownComings, knownBytes, quiet] = [-1, -1, 0];
    const look = (): void => {
      let allBytes = bytes;
      for (const socket of sockets) allBytes += bytesOf(socket);
      quiet = comings === knownComings && allBytes === knownBytes ? quiet + 1 : 1;
      [knownComings, knownBytes] = [comings, allBytes];
      if (quiet < QUIET_TURNS) setImmediate(look);
      else resolve();
    };
    setImmediate(look);
  });
}

function bytesOf({ bytesRead, bytesWritten }: Socket): number {
  return bytesRead + bytesWritten;
}
