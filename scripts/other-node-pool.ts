import { isBuiltin } from 'node:module';
import { ForksPoolWorker, type PoolRunnerInitializer } from 'vitest/node';
import { nodeWithSqlite } from './node-binary.js';

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

const under = (node: () => string): PoolRunnerInitializer => ({
  name: 'other-node',
  createPoolWorker: options => new OtherNodeWorker(options, node),
});

type Pool = 'forks' | PoolRunnerInitializer;

const { TEST_NODE: given } = process.env;

/** Runs tests under the Node that runs vitest, or under the one that the variable `TEST_NODE` names, such as one of another processor. */
export const forks: Pool = given === undefined ? 'forks' : under(() => given);

/** Runs tests that need `node:sqlite` under that Node if it has it, otherwise under one from npm: none of them is skipped. */
export const withSqlite: Pool = given !== undefined || isBuiltin('node:sqlite') ? forks : under(nodeWithSqlite);
