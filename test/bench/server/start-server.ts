import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClientReport } from './clients.js';
import type { ServerNews, ServerQuestion } from './main.js';

export interface BenchServer {
  /** Runs a client against the server, and gives what it found together with what the server says of it. One client at a time. */
  readonly withClient: <R>(run: (socketPath: string) => Promise<R>) => Promise<R & { readonly server: ClientReport }>;
  readonly stop: () => Promise<void>;
}

const MAIN = new URL('main.js', import.meta.url);

/** Starts the server in a process of its own. `main` and `execArgv` are for one that is not compiled. */
export async function startServer(main = MAIN, execArgv: readonly string[] = []): Promise<BenchServer> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const socketPath = join(folder, 'ipc.sock');
  const child = fork(fileURLToPath(main), [socketPath], { execArgv: [...execArgv] });
  const exit = once(child, 'exit');
  const died = exit.then(() => Promise.reject(new Error('The server of the benchmark has died.')));
  died.catch(() => undefined);
  const news = async (): Promise<ServerNews> => {
    const [message] = (await Promise.race([once(child, 'message'), died])) as [ServerNews];
    return message;
  };
  const whoHasGone = async (): Promise<ClientReport> => {
    const question: ServerQuestion = 'who has gone?';
    child.send(question);
    const message = await news();
    if (!('gone' in message)) throw new Error('The server of the benchmark began twice.');
    return message.gone;
  };
  await news();
  return {
    withClient: async run => {
      const running = run(socketPath);
      // Of one that fails, too: what it did is not to be told of the next.
      const server = await running.then(whoHasGone, whoHasGone);
      return { ...(await running), server };
    },
    stop: async () => {
      child.disconnect();
      await exit;
      await rm(folder, { recursive: true });
    },
  };
}
