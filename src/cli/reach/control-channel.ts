import { createServer, connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import * as t from 'io-ts';
import { isNamedPipe } from '../../shared/socket-path.js';
import { messageOf } from '../../shared/visible.js';
import { CliError } from '../cli-error.js';
import { readJson } from '../cli.js';

/** What another command asks a running `dev` to do. */
type ControlRequest =
  /** Deploys a component anew with this over its configuration, and these places of it reset to the recipe's defaults first. */
  | {
      readonly ask: 'configure';
      readonly component: string;
      readonly merge: Readonly<Record<string, unknown>>;
      readonly reset: readonly string[];
    }
  /** Announces an update, waits until the components let it begin, and starts the component again. */
  | { readonly ask: 'update' }
  /** Starts the component again. */
  | { readonly ask: 'restart' };

/** What came of it, in lines; or a sentence that says why it was not done. */
export type ControlReply = { readonly done: string } | { readonly problem: string };

const ControlRequest: t.Type<ControlRequest, unknown> = t.union([
  t.type({ ask: t.literal('configure'), component: t.string, merge: t.UnknownRecord, reset: t.readonlyArray(t.string) }),
  t.type({ ask: t.literal('update') }),
  t.type({ ask: t.literal('restart') }),
]);
const ControlReply: t.Type<ControlReply, unknown> = t.union([t.type({ done: t.string }), t.type({ problem: t.string })]);

/** Characters of a request: a configuration is smaller. */
const MAX_REQUEST = 1024 * 1024;
/** Commands that are served at once: people type them. */
const MAX_AT_ONCE = 16;

/** Beside the socket of the nucleus, in a folder that is this user's alone; or a pipe beside its pipe. */
export function controlPath(socketPath: string): string {
  return isNamedPipe(socketPath) ? `${socketPath}-control` : join(dirname(socketPath), 'control');
}

/** Serves the control channel of the nucleus at this socket until it is disposed of. */
export async function serveControl(
  socketPath: string,
  answer: (request: ControlRequest) => Promise<ControlReply>,
): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer(socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // Whoever asked has gone: there is nobody to tell.
    socket.on('error', () => undefined);
    void readLine(socket)
      .then(line => {
        const request = line === undefined ? undefined : readJson(ControlRequest, line);
        return request === undefined ? { problem: 'this is no request that dev knows' } : answer(request);
      })
      .catch((cause: unknown): ControlReply => ({ problem: messageOf(cause) }))
      .then(reply => {
        socket.end(`${JSON.stringify(reply)}\n`);
        // Nobody reads from it any more, so its end would not be seen.
        socket.destroySoon();
      });
  });
  server.maxConnections = MAX_AT_ONCE;
  server.listen(controlPath(socketPath));
  await once(server, 'listening');
  // What fails later is one connection that could not be accepted (no file descriptors left); the server goes on.
  server.on('error', () => undefined);
  return {
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Asks the `dev` whose nucleus is at this socket. Rejects with a sentence for the person where it does not do it. */
export async function askDev(socketPath: string, request: ControlRequest): Promise<string> {
  const gone = 'dev does not answer any more.';
  const socket = connect(controlPath(socketPath));
  try {
    await once(socket, 'connect').catch((cause: unknown) => {
      throw new CliError(gone, { cause });
    });
    socket.write(`${JSON.stringify(request)}\n`);
    const line = await readLine(socket);
    const reply = line === undefined ? undefined : readJson(ControlReply, line);
    if (reply === undefined) throw new CliError(gone);
    if ('problem' in reply) throw new CliError(reply.problem.endsWith('.') ? reply.problem : `${reply.problem}.`);
    return reply.done;
  } finally {
    socket.destroy();
  }
}

/** The first line, and nothing after it is read. `undefined`: it ended, or went on for too long, without one. */
function readLine(socket: Socket): Promise<string | undefined> {
  return new Promise(resolve => {
    let text = '';
    const take = (chunk: string): void => {
      text += chunk;
      const end = text.indexOf('\n', text.length - chunk.length);
      if (end < 0 && text.length <= MAX_REQUEST) return;
      socket.off('data', take).pause();
      resolve(end < 0 ? undefined : text.slice(0, end));
    };
    socket.setEncoding('utf8').on('data', take);
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => resolve(undefined));
  });
}
