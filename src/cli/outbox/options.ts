import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Either, isLeft } from 'fp-ts/lib/Either.js';
import type { OutboxUnavailable } from '../../errors/errors.js';
import type { Places, Selection } from '../../outbox/sqlite/selection.js';
import { topicFilterProblem } from '../../topic/topic-rules.js';
import { CliError, UsageError } from '../cli-error.js';

/** How the result is printed. */
export interface OutputOptions extends SelectOptions {
  readonly json?: boolean;
}

/** Which messages, beside the places. */
export interface SelectOptions {
  readonly topic?: string;
  readonly aside?: boolean;
}

export interface ListOptions extends OutputOptions {
  readonly count?: number;
}

export interface ChangeOptions extends OutputOptions {
  readonly all?: boolean;
}

/** The file's path, where there is one. */
export function fileOf(file: string): string {
  const path = resolve(file);
  if (!existsSync(path))
    throw new UsageError(`There is no file ${file}.`, 'An outbox is outbox.sqlite in the work folder of its component.');
  return path;
}

/** Which messages are meant, each once and in the order of places; none named: all. */
export function selectionOf(places: readonly Places[], { topic }: SelectOptions): Selection {
  const problem = topic === undefined ? undefined : topicFilterProblem(topic);
  if (problem !== undefined) throw new UsageError(`--topic: ${problem}`);
  return { ...(places.length === 0 ? {} : { places: merged(places) }), ...(topic === undefined ? {} : { topicFilter: topic }) };
}

function merged(places: readonly Places[]): readonly Places[] {
  const apart: Places[] = [];
  for (const { first, last } of [...places].sort((a, b) => a.first - b.first)) {
    const before = apart.at(-1);
    if (before === undefined || first > before.last) apart.push({ first, last });
    else apart[apart.length - 1] = { first: before.first, last: Math.max(before.last, last) };
  }
  return apart;
}

/** The result of what was done with a file. A failure is thrown as what it means to the person who called the command. */
export function done<A>(answer: Either<OutboxUnavailable<'message'>, A>): A {
  if (!isLeft(answer)) return answer.right;
  const { reason, message, cause, path } = answer.left;
  const says = cause instanceof Error ? cause.message : '';
  switch (reason) {
    case 'busy':
      throw new CliError(`${path} is open in another process.`, {
        remedies: ['A component has its outbox for itself: stop it, or look into a copy that was made while it did not run.'],
      });
    case 'damaged':
      throw new CliError(`${path} is no outbox, or is damaged: ${says}.`, {
        remedies: [`greengrass-rx outbox verify ${path}`, 'A component that opens it keeps what can be read, and tells what is lost.'],
      });
    case 'unreadable':
      throw new CliError(`${path} cannot be read from the disk: ${says}.`);
    case 'sync-failed':
    case 'read-only':
      throw new CliError(`${path} could not be written: ${says}.`, {
        remedies: ['To look into it where its disk is full or read-only, copy it, with -wal and -mark, to another one.'],
      });
    case 'unusable':
      throw new CliError(`${path} is no outbox, or cannot be used: ${says}.`, {
        remedies: [
          'A file that has a log (-wal) is read only where a file can be made beside it: copy both into a folder that you may write to.',
        ],
      });
    default:
      throw new CliError(says === '' ? message : `${message} (${says})`);
  }
}
