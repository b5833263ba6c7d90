import { createRequire } from 'node:module';
import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { OutboxUnavailable } from '../../errors/errors.js';
import { failureOf, type Sqlite } from './database.js';

/**
 * Works on an outbox' file in this thread, with `node:sqlite`, which is asked for here alone: a Node that has none refuses to load a module
 * that imports it. What SQLite or the file system refuse is a failure.
 */
export function withSqlite<A>(path: string, work: (sqlite: Sqlite) => A): Either<OutboxUnavailable<'message'>, A> {
  try {
    return right(work(quietly(() => createRequire(import.meta.url)('node:sqlite') as Sqlite)));
  } catch (error) {
    const { reason, message } = failureOf(error);
    return left(new OutboxUnavailable('message', path, reason, new Error(message, { cause: error })));
  }
}

/** Node 22 and 24 warn at the first use that it may change. What is used of it is tested with each of them. */
function quietly<A>(load: () => A): A {
  const before = Object.getOwnPropertyDescriptor(process, 'emitWarning');
  process.emitWarning = () => undefined;
  try {
    return load();
  } finally {
    if (before !== undefined) Object.defineProperty(process, 'emitWarning', before);
  }
}
