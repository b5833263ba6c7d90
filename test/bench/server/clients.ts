import type { Socket } from 'node:net';
import { serve } from './connection.js';
import type { LineCounts } from './lines.js';

/** What the server tells about a client that has gone, over all of its connections. */
export interface ClientReport {
  /** Processor time over time, from its first connection to the end of its last: how busy the server was with it. 1 is a whole core. */
  readonly serverBusy: number;
  readonly lines: LineCounts;
}

/**
 * Serves one client after the other. A client may have several connections, and one of them may end after the client has said what it
 * found. So the server does not take a connection for a client: whoever runs the clients asks between two of them.
 */
export class Clients {
  readonly #open = new Set<Socket>();
  #ended: LineCounts[] = [];
  #busy = (): number => 0;
  #serverBusy = 0;

  serve(socket: Socket): void {
    if (this.#open.size === 0 && this.#ended.length === 0) this.#busy = watchBusy();
    this.#open.add(socket);
    serve(socket, lines => {
      this.#open.delete(socket);
      this.#ended.push(lines);
      this.#serverBusy = this.#busy();
    });
  }

  /** What became of the client served since this was last asked: once all of its connections have ended. */
  async report(): Promise<ClientReport> {
    await Promise.all([...this.#open].map(socket => new Promise(resolve => socket.once('close', resolve))));
    const ended = this.#ended;
    this.#ended = [];
    const sum = (of: (lines: LineCounts) => number): number => ended.reduce((total, lines) => total + of(lines), 0);
    return {
      serverBusy: this.#serverBusy,
      lines: { accepted: sum(of => of.accepted), refused: sum(of => of.refused), unexpected: sum(of => of.unexpected) },
    };
  }
}

/** How busy this process has been since. */
function watchBusy(): () => number {
  const begun = process.hrtime.bigint();
  const cpuBefore = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpuBefore);
    return ((user + system) * 1000) / Number(process.hrtime.bigint() - begun);
  };
}
