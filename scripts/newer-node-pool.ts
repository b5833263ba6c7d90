import { isBuiltin } from 'node:module';
import { ForksPoolWorker, type PoolRunnerInitializer } from 'vitest/node';
import { nodeWithSqlite } from './node-binary.js';

class NewerNodeWorker extends ForksPoolWorker {
  override start(): Promise<void> {
    const own = process.execPath;
    // What `fork` takes; it is asked before `start` gives its promise.
    process.execPath = nodeWithSqlite();
    try {
      return super.start();
    } finally {
      process.execPath = own;
    }
  }
}

/** Runs tests that need `node:sqlite` under the Node that runs vitest where that has it, else under one from npm: none of them is skipped. */
export const withSqlite: 'forks' | PoolRunnerInitializer = isBuiltin('node:sqlite')
  ? 'forks'
  : { name: 'newer-node', createPoolWorker: options => new NewerNodeWorker(options) };
