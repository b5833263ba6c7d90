import { statSync } from 'node:fs';
import type { Either } from 'fp-ts/lib/Either.js';
import type { OutboxUnavailable } from '../../errors/errors.js';
import { markedRequest } from '../../outbox/mark.js';
import { dropMessages, forgetSetAside, requeueMessages } from '../../outbox/sqlite/amend-file.js';
import { type FiledMessage, type OutboxFile, readOutboxFile } from '../../outbox/sqlite/read-file.js';
import type { Places, Selection } from '../../outbox/sqlite/selection.js';
import { isJsonObject } from '../../shared/check-argument.js';
import { plural, visible } from '../../shared/visible.js';
import { CliError, EXIT, UsageError } from '../cli-error.js';
import type { Cli } from '../cli.js';
import { bytes, messageJson, MIN_PREVIEW, payloadJson, previewPayload } from '../messages/message-text.js';
import { ago, columnsOf, isoTime, type Output } from '../output.js';
import { type ChangeOptions, done, fileOf, type ListOptions, type OutputOptions, selectionOf, type SelectOptions } from './options.js';

/** Messages that are listed for a person who has not said how many. */
const LISTED = 20;

/** A line for each message. */
export async function listMessages(cli: Cli, file: string, places: readonly Places[], options: ListOptions): Promise<void> {
  const { json = false, count = json ? Infinity : LISTED } = options;
  const { out } = cli;
  await eachMessage(cli, file, places, options, count, message => (json ? headJson(message) + '}' : describe(out, message)));
}

/** Messages with their payloads; without places, the outbox itself. */
export async function showOutbox(cli: Cli, file: string, places: readonly Places[], options: OutputOptions): Promise<void> {
  const { out } = cli;
  if (places.length > 0 || options.topic !== undefined || options.aside === true) {
    await eachMessage(cli, file, places, options, Infinity, message => (options.json === true ? filedJson(message) : inFull(out, message)));
    return;
  }
  const path = fileOf(file);
  const size = (suffix: string): number => statSync(path + suffix, { throwIfNoEntry: false })?.size ?? 0;
  done(
    readOutboxFile(path, ({ epoch, counts, depth, streams }) => {
      const [database, log] = [size(''), size('-wal')];
      if (options.json === true) {
        out.line(JSON.stringify({ path, epoch, counts, depth, streams, bytesOnDisk: { database, log } }));
        return;
      }
      const line = (what: string, text: string): boolean => out.line(`${out.style('dim', what.padEnd(10))} ${text}`);
      line('file', `${visible(path)}, ${bytes(database)}${log === 0 ? '' : ` and ${bytes(log)} of log`}`);
      line('epoch', visible(epoch));
      const oldest = depth.oldest === undefined ? '' : `, the oldest stored ${dated(depth.oldest)}, ${ago(depth.oldest)}`;
      line('inside', `${plural(depth.messages, 'message')} of ${bytes(depth.bytes)}${oldest}`);
      const { stored, inside, ...fates } = counts;
      const sum = Object.entries({ ...fates, inside }).map(([what, number]) => `${number} ${WORDS[what] ?? what}`);
      line('stored', `${stored} = ${sum.join(' + ')}`);
      for (const { stream, lastNumber, epoch: of } of streams)
        line('stream', `${JSON.stringify(visible(stream))} up to number ${lastNumber}${of === epoch ? '' : ` of epoch ${visible(of)}`}`);
    }),
  );
}

const WORDS: Readonly<Record<string, string>> = { setAside: 'set aside' };

/** Says what is wrong with the file; exit code 1 if anything is. */
export function verifyOutbox(cli: Cli, file: string, { json = false }: OutputOptions): void {
  const path = fileOf(file);
  const { problems, messages } = done(readOutboxFile(path, read => ({ problems: read.problems(), messages: read.depth.messages })));
  if (json) cli.out.line(JSON.stringify({ path, problems }));
  else for (const problem of problems) cli.out.line(`${cli.out.style('red', '✗')} ${visible(problem)}`);
  if (problems.length > 0) {
    cli.exitCode = EXIT.FAILED;
    if (!json) cli.err.line('A component that opens it keeps what can be read, and tells what is lost.');
  } else if (!json) cli.out.line(`${cli.out.style('green', '✓')} ${visible(path)} is sound: ${plural(messages, 'message')} inside`);
}

/** NDJSON of the messages, which `pub --ndjson` reads. */
export async function exportMessages(
  cli: Cli,
  file: string,
  places: readonly Places[],
  options: SelectOptions & { readonly mark?: 'members' | 'wrap' },
): Promise<void> {
  await eachMessage(cli, file, places, options, Infinity, message => filedJson(message, options.mark));
}

/**
 * Writes a text for each message, as fast as it is read. Damaged messages are left out, and make the command fail, as places without a
 * message do.
 */
async function eachMessage(
  cli: Cli,
  file: string,
  places: readonly Places[],
  options: SelectOptions,
  most: number,
  textOf: (message: FiledMessage) => string,
): Promise<void> {
  const { out, err } = cli;
  const path = fileOf(file);
  const selection = selectionOf(places, options);
  const which = options.aside === true ? 'setAside' : 'inside';
  let [shown, damaged] = [0, 0];
  let from = selection.places ?? [{ first: 0, last: Number.MAX_SAFE_INTEGER }];
  // A page at a time, so that a slow reader does not keep a component from its file.
  while (from.length > 0 && shown < most && !out.gone.aborted) {
    const page = done(readOutboxFile(path, read => pageOf(read, which, { ...selection, places: from }, Math.min(PAGE, most - shown))));
    for (const message of page) {
      if (message.isSound) out.line(textOf(message));
      else damaged++;
    }
    shown += page.length;
    await out.room();
    const last = page.at(-1)?.place;
    from = last === undefined ? [] : after(from, last);
  }
  if (shown === most) {
    const more = done(readOutboxFile(path, read => read.count(which, { ...selection, places: from })));
    const where = which === 'inside' ? 'are inside' : 'were set aside';
    if (more > 0) err.line(err.style('dim', `${more} more ${where}; -n lists more`));
  }
  if (damaged > 0)
    throw new CliError(`In ${path} ${plural(damaged, 'message', ['is', 'are'])} not as stored, and left out.`, {
      remedies: [`greengrass-rx outbox verify ${path}`],
    });
  if (shown === 0 && places.length > 0 && !out.gone.aborted) {
    err.line(
      `No message ${which === 'inside' ? 'to be sent' : 'that was set aside'} is in ${places.length === 1 ? 'this place' : 'these places'}.`,
    );
    cli.exitCode = EXIT.FAILED;
  }
}

const PAGE = 500;

function pageOf(
  file: OutboxFile,
  which: 'inside' | 'setAside',
  selection: Parameters<OutboxFile['messages']>[1],
  most: number,
): readonly FiledMessage[] {
  const page: FiledMessage[] = [];
  for (const message of file.messages(which, selection)) {
    page.push(message);
    if (page.length >= most) break;
  }
  return page;
}

/** What of these places comes after that one. */
function after(places: readonly Places[], place: number): readonly Places[] {
  return places.filter(({ last }) => last > place).map(({ first, last }) => ({ first: Math.max(first, place + 1), last }));
}

/** JSON of all but the payload, without its last brace. */
function headJson({ members, payload, isSound, reason, ...rest }: FiledMessage): string {
  return JSON.stringify({
    ...rest,
    bytes: payload.length,
    ...(reason === undefined ? {} : { reason }),
    ...(isSound ? {} : { isSound }),
    ...membersOf(members),
  }).slice(0, -1);
}

/** With a mark: as the forwarder would send it. */
function filedJson(message: FiledMessage, mark?: 'members' | 'wrap'): string {
  if (mark === undefined) return `${headJson(message)},${payloadJson(message.payload)}}`;
  const request = markedRequest({ ...message, suspect: false, lost: [] }, true, mark);
  return messageJson({ ...request, payload: Buffer.from(request.payload) });
}

/** The MQTT 5 members of a sound message, as they were stored. */
function membersOf(members: string): object {
  const parsed: unknown = members === '' ? {} : JSON.parse(members);
  return isJsonObject(parsed) ? parsed : {};
}

function describe(out: Output, message: FiledMessage): string {
  const { place, storedAt, topicName, payload } = message;
  const start = `${String(place).padStart(6)} ${dated(storedAt)}`;
  const topic = visible(topicName);
  const notes = notesOf(message).join(', ');
  const end = notes === '' ? '' : ` (${notes})`;
  const room = out.width - columnsOf(`${start} ${topic} ${end}`);
  return `${out.style('dim', start)} ${out.style('cyan', topic)} ${previewPayload(payload, Math.max(MIN_PREVIEW, room))}${out.style('yellow', end)}`;
}

function notesOf({ attempts, priority, state, key, topicName, reason }: FiledMessage): readonly string[] {
  return [
    ...(key === topicName ? [] : [`key ${visible(key)}`]),
    ...(priority === 0 ? [] : [`priority ${priority}`]),
    ...(attempts === 0 ? [] : [plural(attempts, 'attempt')]),
    ...(state === 'handedOut' ? ['may have been sent'] : state === 'sent' ? ['sent, not confirmed'] : []),
    ...(reason === undefined ? [] : [visible(reason)]),
  ];
}

function inFull(out: Output, message: FiledMessage): string {
  const { place, epoch, stream, number, storedAt, topicName, qos, members, payload } = message;
  const line = (what: string, text: string): string => `${out.style('dim', what.padEnd(10))} ${text}`;
  return [
    out.style('bold', visible(topicName)),
    line('place', String(place)),
    line('id', `${visible(epoch)}, stream ${JSON.stringify(visible(stream))}, number ${number}`),
    line('stored', `${dated(storedAt)}, ${ago(storedAt)}`),
    line('qos', qos),
    ...notesOf(message).map((note, at) => line(at === 0 ? 'notes' : '', note)),
    ...(members === '' ? [] : [line('members', visible(members))]),
    line('payload', `${bytes(payload.length)}: ${previewPayload(payload, Infinity)}`),
    '',
  ].join('\n');
}

function dated(at: number): string {
  return isoTime(at).slice(0, 19).replace('T', ' ') + 'Z';
}

/** Sends messages that were set aside after all. */
export function requeue(cli: Cli, file: string, places: readonly Places[], options: ChangeOptions): void {
  change(cli, file, places, options, requeueMessages, 'requeued');
}

/** Takes messages out that are never to be sent, or forgets what was set aside. */
export function drop(cli: Cli, file: string, places: readonly Places[], options: ChangeOptions): void {
  if (options.aside === true) change(cli, file, places, options, forgetSetAside, 'forgotten');
  else change(cli, file, places, options, dropMessages, 'dropped');
}

/** Changes some of the messages. Which ones has to be said: an argument that was forgotten must not mean all of them. */
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
  else cli.out.line(`${plural(messages, 'message')} ${what}`);
  if (messages === 0) cli.exitCode = EXIT.FAILED;
}
