import { rename, rm, writeFile } from 'node:fs/promises';
import type { SchedulerLike } from 'rxjs';
import type { OutboxAccount, StageAccount } from '../flow/account.js';
import type { Ledger } from '../flow/ledger.js';
import type { ConnectionState } from '../ports/mqtt-proxy.js';
import type { FeedAccount } from '../stream/feed.js';
import { tagOf } from '../stream/observable-either.js';
import type { Component } from './component.js';
import type { Log } from './log.js';

/**
 * How a component is. `degraded`: a branch has ended with a failure and the others go on; `interrupted`: the connection to the nucleus is
 * down and being made again.
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
  readonly feeds: readonly FeedAccount[];
  /** What the outboxes hold, and what became of all that was ever stored in their files. */
  readonly outboxes: readonly OutboxAccount[];
}

/** The status of a component that has neither ended nor begun to drain. */
function statusOf(branches: Iterable<BranchHealth>, connection: ConnectionState['status']): HealthStatus {
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

/** What a {@link ComponentHealth} is made of. */
export interface HealthParts {
  readonly component: Pick<Component, 'name' | 'version'>;
  readonly branches: Iterable<string>;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly file: WholeFile | undefined;
  readonly scheduler: SchedulerLike;
}

/** The state of a component and of each of its branches: for the health file, and for the log. */
export class ComponentHealth {
  readonly #parts: HealthParts;
  readonly #branches: Map<string, BranchHealth>;
  #last: 'draining' | 'ended' | undefined;
  /** How the connection is. */
  connection: ConnectionState['status'] = 'idle';

  constructor(parts: HealthParts) {
    this.#parts = parts;
    this.#branches = new Map([...parts.branches].map(branch => [branch, { status: 'running', lefts: 0 }]));
  }

  /** The branches that go on. */
  get running(): readonly string[] {
    return [...this.#branches].filter(([, { status }]) => status === 'running').map(([branch]) => branch);
  }

  left(branch: string): void {
    const before = this.#of(branch);
    this.#branches.set(branch, { ...before, lefts: before.lefts + 1 });
  }

  completed(branch: string): void {
    this.#branches.set(branch, { ...this.#of(branch), status: 'completed' });
  }

  failed(branch: string, error: unknown, message: string): void {
    this.#branches.set(branch, { ...this.#of(branch), status: 'failed', error: { tag: tagOf(error) ?? 'defect', message } });
  }

  draining(): void {
    this.#last = 'draining';
    this.tell();
  }

  /** Resolves when the file says so. */
  async ended(): Promise<void> {
    this.#last = 'ended';
    this.tell();
    await this.#parts.file?.settled();
  }

  /** Writes it into the file; `asLine`: and into the log. */
  tell(asLine = false): void {
    const { component, ledger, log, file, scheduler } = this.#parts;
    const { connection } = this;
    const { stages, feeds, outboxes } = ledger.snapshot();
    const branches = Object.fromEntries(this.#branches);
    const status = this.#last ?? statusOf(this.#branches.values(), connection);
    if (asLine) log.info(`health: ${status}`, { event: 'health', status, connection, branches, stages: stages.map(inShort), outboxes });
    const { name, version } = component;
    const health: Health = {
      component: name,
      version,
      pid: process.pid,
      at: scheduler.now(),
      status,
      connection,
      branches,
      stages,
      feeds,
      outboxes,
    };
    file?.write(`${JSON.stringify(health)}\n`);
  }

  #of(branch: string): BranchHealth {
    return this.#branches.get(branch) ?? { status: 'running', lefts: 0 };
  }
}

/** A stage's account in the messages it counts, without zeros. */
export function inShort({ kind, name, received, emitted, dropped, failed, buffered, discarded }: StageAccount): object {
  const counts = { received, emitted, dropped, failed, buffered, discarded };
  return {
    kind,
    name,
    ...Object.fromEntries(Object.entries(counts).flatMap(([what, { messages }]) => (messages === 0 ? [] : [[what, messages]]))),
  };
}

/**
 * A file that is replaced as a whole, so that nobody ever reads half of it. While one version is being written, only the latest of the
 * following ones is kept.
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
