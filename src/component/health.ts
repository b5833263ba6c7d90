import { rename, rm, writeFile } from 'node:fs/promises';
import type { StageAccount } from '../flow/account.js';
import type { ConnectionState } from '../ports/mqtt-proxy.js';
import type { EdgeAccount } from '../stream/edge.js';

/**
 * How a component is. `degraded`: a branch has ended with a failure and the others go on; `interrupted`: the connection to the nucleus is down
 * and being made again.
 */
export type HealthStatus = 'starting' | 'running' | 'interrupted' | 'degraded' | 'draining' | 'ended';

/** How a branch is. */
export interface BranchHealth {
  readonly status: 'running' | 'completed' | 'failed';
  /** What it failed with. */
  readonly error?: { readonly tag: string; readonly message: string } | undefined;
  /** Errors that passed while it went on. */
  readonly lefts: number;
}

/** What the health file says, as JSON. */
export interface Health {
  readonly component: string;
  readonly version: string;
  readonly pid: number;
  /** When it was written, in milliseconds since the epoch. Older than two periods: the process is gone or stuck. */
  readonly at: number;
  readonly status: HealthStatus;
  readonly connection: ConnectionState['status'];
  readonly branches: Readonly<Record<string, BranchHealth>>;
  /** The ledger: every subscription and stage, with what became of its messages. */
  readonly stages: readonly StageAccount[];
  readonly edges: readonly EdgeAccount[];
}

/** How a component that has not ended is. */
export function statusOf(branches: Iterable<BranchHealth>, connection: ConnectionState['status'], draining: boolean): HealthStatus {
  if (draining) return 'draining';
  if ([...branches].some(({ status }) => status === 'failed')) return 'degraded';
  switch (connection) {
    case 'connected':
      return 'running';
    case 'interrupted':
    case 'failed':
    case 'closed':
      return 'interrupted';
    case 'idle':
    case 'connecting':
      return 'starting';
  }
}

/** A stage's account in the messages it counts, without zeros. */
export const inShort = ({ kind, name, received, emitted, dropped, failed, buffered, discarded }: StageAccount): object => {
  const counts = { received, emitted, dropped, failed, buffered, discarded };
  return {
    kind,
    name,
    ...Object.fromEntries(Object.entries(counts).flatMap(([what, { messages }]) => (messages === 0 ? [] : [[what, messages]]))),
  };
};

/**
 * A file that is replaced as a whole: who reads it never sees half of it. While one version is being written only the latest of
 * those that follow is kept.
 */
export class WholeFile {
  readonly #path: string;
  readonly #onError: (error: unknown) => void;
  #next: string | undefined;
  #writing: Promise<void> | undefined;

  constructor(path: string, onError: (error: unknown) => void) {
    this.#path = path;
    this.#onError = onError;
  }

  write(text: string): void {
    this.#next = text;
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when all is written. Never rejects. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async remove(): Promise<void> {
    await this.#writing;
    await rm(this.#path, { force: true }).catch(this.#onError);
  }

  async #writeAll(): Promise<void> {
    const temporary = `${this.#path}.${process.pid}.tmp`;
    for (let text = this.#next; text !== undefined; text = this.#next) {
      this.#next = undefined;
      try {
        await writeFile(temporary, text);
        await rename(temporary, this.#path);
      } catch (error) {
        this.#onError(error);
      }
    }
    this.#writing = undefined;
  }
}
