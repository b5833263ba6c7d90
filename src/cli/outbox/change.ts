import { type Either } from 'fp-ts/lib/Either.js';
import type { OutboxUnavailable } from '../../errors/errors.js';
import { dropMessages, forgetSetAside, requeueMessages } from '../../outbox/sqlite/amend-file.js';
import type { Places, Selection } from '../../outbox/sqlite/selection.js';
import { EXIT, UsageError } from '../cli-error.js';
import type { Cli } from '../cli.js';
import { type ChangeOptions, done, fileOf, selectionOf } from './options.js';

/** Sends messages that were set aside after all. */
export function requeue(cli: Cli, file: string, places: readonly Places[], options: ChangeOptions): void {
  change(cli, file, places, options, requeueMessages, 'requeued');
}

/** Takes messages out that are never to be sent, or forgets what was set aside. */
export function drop(cli: Cli, file: string, places: readonly Places[], options: ChangeOptions): void {
  if (options.aside === true) change(cli, file, places, options, forgetSetAside, 'forgotten');
  else change(cli, file, places, options, dropMessages, 'dropped');
}

/** Which messages has to be said: no change is made to all of them for want of an argument. */
function change(
  cli: Cli,
  file: string,
  places: readonly Places[],
  options: ChangeOptions,
  work: (path: string, selection: Selection) => Either<OutboxUnavailable<'message'>, number>,
  what: 'requeued' | 'dropped' | 'forgotten',
): void {
  if (places.length === 0 && options.topic === undefined && options.all !== true)
    throw new UsageError('Which messages is missing.', 'Name their places, as ls lists them, a --topic, or --all.');
  if (options.all === true && places.length > 0) throw new UsageError('--all and places are given.', 'Give one of them.');
  const path = fileOf(file);
  const messages = done(work(path, selectionOf(places, options)));
  if (options.json === true) cli.out.line(JSON.stringify({ path, [what]: messages }));
  else cli.out.line(`${String(messages)} ${messages === 1 ? 'message' : 'messages'} ${what}`);
  if (messages === 0) cli.exitCode = EXIT.FAILED;
}
