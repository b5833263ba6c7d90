import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConnectionReport } from './connection.js';
import type { ServerNews } from './main.js';

export interface BenchServer {
  /** Runs a client against the server, and gives what it found together with what the server says of its connection. */
  readonly withClient: <R>(run: (socketPath: string) => Promise<R>) => Promise<R & { readonly server: ConnectionReport }>;
  readonly stop: () => Promise<void>;
}

/** Starts the server in a process of its own. */
export async function startServer(): Promise<BenchServer> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const socketPath = join(folder, 'ipc.sock');
  const child = fork(fileURLToPath(new URL('main.js', import.meta.url)), [socketPath], { execArgv: [] });
  const exit = once(child, 'exit');
  const died = exit.then(() => Promise.reject(new Error('The server of the benchmark has died.')));
  died.catch(() => undefined);
  const news = async (): Promise<ServerNews> => {
    const [message] = (await Promise.race([once(child, 'message'), died])) as [ServerNews];
    return message;
  };
  await news();
  return {
    withClient: async run => {
      const ended = news();
      // Where the client fails, nobody waits for this.
      ended.catch(() => undefined);
      const result = await run(socketPath);
      const message = await ended;
      if (!('ended' in message)) throw new Error('The server of the benchmark began twice.');
      return { ...result, server: message.ended };
    },
    stop: async () => {
      child.disconnect();
      await exit;
      await rm(folder, { recursive: true });
    },
  };
}
