import { isBuiltin } from 'node:module';
import { ForksPoolWorker, type PoolRunnerInitializer, type WorkerRequest } from 'vitest/node';
import { nodeWithSqlite } from './node-binary.js';
import { timeLimit } from './time-limit.js';

const STARTED = { __vitest_worker_response__: true, type: 'started' };

const isStarted = (message: unknown): message is { readonly error?: unknown } =>
  typeof message === 'object' && message !== null && 'type' in message && message.type === STARTED.type;

class OtherNodeWorker extends ForksPoolWorker {
  readonly #node: () => string;

  constructor(options: ConstructorParameters<typeof ForksPoolWorker>[0], node: () => string) {
    super(options);
    this.#node = node;
  }

  override start(): Promise<void> {
    const own = process.execPath;
    // `fork` runs the program of this name, and reads the name before `start` returns its promise.
    process.execPath = this.#node();
    try {
      return super.start();
    } finally {
      process.execPath = own;
    }
  }
}

/**
 * vitest gives a process a minute to start, and one that is emulated may need longer. So vitest is told at once that it has started, and
 * what it asks of it then waits until that is so. The answers to what the process itself asks do not wait.
 */
class SlowNodeWorker extends OtherNodeWorker {
  readonly #listeners = new Map<string, (message: unknown) => void>();
  #held: WorkerRequest[] | undefined;
  #limit: NodeJS.Timeout | undefined;

  override on(event: string, callback: (message: unknown) => void): void {
    this.#listeners.set(event, callback);
    super.on(event, callback);
    if (event === 'exit') super.on(event, () => clearTimeout(this.#limit));
  }

  override send(message: WorkerRequest): void {
    if (this.#held !== undefined && '__vitest_worker_request__' in message) {
      this.#held.push(message);
      return;
    }
    super.send(message);
    if (message.type !== 'start') return;
    this.#held = [];
    this.#limit = setTimeout(() => this.#fail('did not start'), timeLimit());
    setImmediate(() => this.#listeners.get('message')?.(STARTED));
  }

  override deserialize(data: unknown): unknown {
    const message = super.deserialize(data);
    if (message !== STARTED && isStarted(message)) {
      clearTimeout(this.#limit);
      const held = this.#held ?? [];
      this.#held = undefined;
      if (message.error === undefined) for (const request of held) super.send(request);
      else this.#fail('could not start', message.error);
    }
    return message;
  }

  #fail(how: string, cause?: unknown): void {
    this.#listeners.get('error')?.(new Error(`A process for tests ${how}.`, { cause }));
  }
}

const under = (node: () => string, Worker: typeof OtherNodeWorker): PoolRunnerInitializer => ({
  name: 'other-node',
  createPoolWorker: options => new Worker(options, node),
});

type Pool = 'forks' | PoolRunnerInitializer;

const { TEST_NODE: given } = process.env;

/** Runs tests under the Node that runs vitest, or under the one that the variable `TEST_NODE` names, such as one of another processor. */
export const forks: Pool = given === undefined ? 'forks' : under(() => given, SlowNodeWorker);

/** Runs tests that need `node:sqlite` under that Node if it has it, otherwise under one from npm: none of them is skipped. */
export const withSqlite: Pool = given !== undefined || isBuiltin('node:sqlite') ? forks : under(nodeWithSqlite, OtherNodeWorker);
