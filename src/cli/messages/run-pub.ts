import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import type { Either } from 'fp-ts/lib/Either.js';
import { asyncScheduler, interval, type Observable, takeUntil, tap } from 'rxjs';
import { connectNucleus } from '../../client/connect.js';
import type { LocalPublishRequest } from '../../client/local-message.js';
import type { Overflowed } from '../../errors/errors.js';
import type { AcceptedBy, Published, PublishFailure } from '../../flow/publish-outcome.js';
import { publishTo } from '../../flow/publish-to.js';
import { pullThrough } from '../../flow/pull-through.js';
import type { Mqtt5Members, PublishRequest } from '../../ports/mqtt-proxy.js';
import { isJsonObject, parsedJson } from '../../shared/check-argument.js';
import { QOS } from '../../shared/qos.js';
import { messageOf, visible } from '../../shared/visible.js';
import { runToEnd } from '../../stream/run-to-end.js';
import { EXIT, UsageError } from '../cli-error.js';
import { aborted, type Cli, stopOnSignals } from '../cli.js';
import { readMessageJson } from './message-text.js';
import { asCliError, findNucleus, type ReachOptions } from '../reach/reach.js';

/** What to publish. */
export interface SourceFlags extends MemberFlags {
  readonly file?: string | undefined;
  readonly ndjson?: boolean | undefined;
  /** Default: at least once. */
  readonly qos?: QOS | undefined;
  readonly count?: number | undefined;
}

/** The messages of a command line, one after the other, and how many there will be if that is known. */
interface MessageSource {
  readonly messages: AsyncIterable<PublishRequest>;
  readonly total: number | undefined;
}

async function messageSource(cli: Cli, topic: string | undefined, payload: string | undefined, flags: SourceFlags): Promise<MessageSource> {
  if (flags.ndjson === true) {
    if (payload !== undefined || flags.file !== undefined || flags.count !== undefined)
      throw new UsageError('With --ndjson the messages come from stdin.', 'Leave the payload, --file and --count out.');
    return { messages: lines(cli, topic, flags), total: undefined };
  }
  if (topic === undefined) throw new UsageError('Where to publish is missing.', 'Write greengrass-rx pub <topic> <payload>.');
  const bytes = await onePayload(cli, payload, flags.file);
  const request = { topicName: topic, payload: bytes, qos: qosOf(flags), ...membersOf(flags) };
  const total = flags.count ?? 1;
  return { messages: repeated(request, total), total };
}

function qosOf({ qos = QOS.AT_LEAST_ONCE }: SourceFlags): QOS {
  return qos;
}

async function onePayload(cli: Cli, payload: string | undefined, file: string | undefined): Promise<Uint8Array | string> {
  if (file !== undefined) {
    if (payload !== undefined) throw new UsageError('The payload is given twice.', 'Give it as a text or with --file.');
    try {
      return await readFile(file);
    } catch (error) {
      throw new UsageError(`The file ${file} could not be read: ${messageOf(error)}.`);
    }
  }
  if (payload === '-') return buffer(cli.in);
  if (payload === undefined) throw new UsageError('What to publish is missing.', "Give a text ('' for none), - for stdin, or --file.");
  return payload;
}

async function* repeated(request: PublishRequest, times: number): AsyncGenerator<PublishRequest> {
  for (let i = 0; i < times; i++) yield await Promise.resolve(request);
}

async function* lines(cli: Cli, topicName: string | undefined, flags: SourceFlags): AsyncGenerator<PublishRequest> {
  const members = membersOf(flags);
  let number = 0;
  for await (const line of createInterface({ input: cli.in, crlfDelay: Infinity })) {
    number++;
    if (line.trim() === '') continue;
    const message = readMessageJson(line, { topicName, qos: qosOf(flags) });
    if (typeof message === 'string') throw new UsageError(`Line ${number} of stdin cannot be published: ${message}.`);
    yield { ...members, ...withoutUndefined(message) };
  }
}

/** The members of a line of NDJSON win over those of the command line; one that the line does not have must not erase the other. */
function withoutUndefined(message: PublishRequest): PublishRequest {
  return Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined)) as unknown as PublishRequest;
}

/** The members of a message as flags give them. */
interface MemberFlags {
  readonly retain?: boolean | undefined;
  readonly contentType?: string | undefined;
  readonly responseTopic?: string | undefined;
  readonly correlationData?: string | undefined;
  /** Milliseconds. */
  readonly expiry?: number | undefined;
  /** Each `name=value`. */
  readonly userProperty: readonly string[];
}

export function membersOf(flags: MemberFlags): Mqtt5Members {
  const { retain, contentType, responseTopic, correlationData, expiry, userProperty } = flags;
  return {
    ...(retain === undefined ? {} : { retain }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlationData: Buffer.from(correlationData) }),
    // The protocol counts whole seconds.
    ...(expiry === undefined ? {} : { messageExpiryIntervalSeconds: Math.max(1, Math.round(expiry / 1_000)) }),
    ...(userProperty.length === 0 ? {} : { userProperties: userProperty.map(userPropertyOf) }),
  };
}

function userPropertyOf(text: string): { readonly key: string; readonly value: string } {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`${JSON.stringify(text)} is no user property.`, 'Write --user-property name=value.');
  return { key: text.slice(0, at), value: text.slice(at + 1) };
}

/** How often a line of progress is drawn, in milliseconds. */
const EVERY = 200;

/**
 * One line on stderr, drawn anew while long work goes on; nothing where stderr is no terminal, or the work takes only a moment. The result
 * ends the line and leaves no trace of it.
 */
function showProgress({ err }: Cli, line: () => string): () => void {
  if (!err.isTerminal) return () => undefined;
  const drawing = interval(EVERY).subscribe(() => err.redraw(err.style('dim', line().slice(0, err.width - 1))));
  return () => {
    drawing.unsubscribe();
    err.redraw();
  };
}

export interface PubOptions extends ReachOptions, SourceFlags {
  readonly inFlight?: number | undefined;
  readonly timeout: number;
  /** To local topics, those between the components of the device. */
  readonly local?: boolean | undefined;
  /** With `local`: the payload is a JSON message, and not bytes. */
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}

/** Failures that are told in full: of a thousand that are alike, nobody reads the rest. */
const FAILURES_TOLD = 5;

const LOCAL_HAS_NONE = ['qos', 'retain', 'contentType', 'responseTopic', 'correlationData', 'expiry'] as const;

function checkLocal(options: PubOptions): void {
  if (options.json === true && options.local !== true) throw new UsageError('--json is the form of a local message.', 'Give --local, too.');
  const other = LOCAL_HAS_NONE.find(name => options[name] !== undefined);
  if (options.local === true && (other !== undefined || options.userProperty.length > 0))
    throw new UsageError(
      'A local message has a payload, and nothing of MQTT: no qos, and none of its other members.',
      'Leave those options out.',
    );
}

function localRequest({ topicName, payload, qos: _, ...members }: PublishRequest, isJson: boolean): LocalPublishRequest {
  const [member] = Object.entries(members).find(([, value]) => value !== undefined) ?? [];
  if (member !== undefined)
    throw new UsageError(
      `The message to ${JSON.stringify(topicName)} has ${member}, and a local message has a payload, and nothing of MQTT.`,
      'Take that out of the line.',
    );
  if (!isJson) return { topic: topicName, payload };
  const json = parsedJson(typeof payload === 'string' ? payload : Buffer.from(payload).toString());
  if (isJsonObject(json)) return { topic: topicName, json };
  throw new UsageError('A local message of JSON is a JSON object.', 'Leave --json out to publish a text or bytes.');
}

/** Publishes, no faster than the nucleus accepts, and says how many it took. */
export async function runPub(cli: Cli, topic: string | undefined, payload: string | undefined, options: PubOptions): Promise<void> {
  const { err } = cli;
  checkLocal(options);
  const { messages, total } = await messageSource(cli, topic, payload, options);
  const address = findNucleus(options, cli.env);
  using stopping = stopOnSignals(cli);
  await using nucleus = connectNucleus({ ...address, transport: options.transport, publishTimeout: options.timeout, refusalPatience: 0 });
  const started = asyncScheduler.now();
  let accepted = 0;
  let failed = 0;
  const summary = (): string => {
    const seconds = (asyncScheduler.now() - started) / 1_000;
    const rate = accepted > 1 && seconds > 0 ? `, ${Math.round(accepted / seconds)}/s` : '';
    return `${accepted}${total === undefined ? '' : ` of ${total}`} accepted${failed === 0 ? '' : `, ${failed} failed`}${rate}`;
  };
  const endProgress = showProgress(cli, summary);
  const take = (outcome: Either<PublishFailure<PublishRequest> | Overflowed, Published<PublishRequest, AcceptedBy>>): void => {
    if (outcome._tag === 'Right') accepted++;
    else failed++;
  };
  const stage = { inFlight: options.inFlight, buffer: { messages: 1, onFull: 'dropOldest' } } as const;
  const outcomes: Observable<Either<PublishFailure<PublishRequest> | Overflowed, Published<PublishRequest, AcceptedBy>>> =
    options.local === true
      ? pullThrough(
          messages,
          publishTo(nucleus.local, (request: PublishRequest) => localRequest(request, options.json === true), stage),
        )
      : pullThrough(
          messages,
          publishTo(nucleus.mqtt, (request: PublishRequest) => request, stage),
        );
  const outcomes$ = outcomes.pipe(tap(take), takeUntil(aborted(stopping.signal)));
  let told = 0;
  try {
    await runToEnd(outcomes$, {
      onLeft: failure => {
        // With a single message its failure is the command's.
        if (total === 1) throw failure;
        if (++told <= FAILURES_TOLD) err.line(err.style('red', visible(failure.message)));
      },
    });
  } catch (error) {
    throw asCliError(error);
  } finally {
    endProgress();
    if (options.quiet !== true && total !== 1) err.line(err.style('dim', summary()));
  }
  if (failed > 0 && cli.exitCode === EXIT.OK) cli.exitCode = EXIT.FAILED;
}
