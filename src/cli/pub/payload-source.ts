import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import type { Mqtt5Members, PublishRequest } from '../../ports/mqtt-message.js';
import type { QOS } from '../../shared/qos.js';
import { UsageError } from '../cli-error.js';
import { readMessageJson } from '../messages/read-message-json.js';

/** What to publish. */
export interface SourceFlags extends MemberFlags {
  readonly file?: string | undefined;
  readonly ndjson?: boolean | undefined;
  readonly qos: QOS;
  readonly count?: number | undefined;
}

/** The messages of a command line, one after the other, and how many there will be if that is known. */
interface MessageSource {
  readonly messages: AsyncIterable<PublishRequest>;
  readonly total: number | undefined;
}

export async function messageSource(topic: string | undefined, payload: string | undefined, flags: SourceFlags): Promise<MessageSource> {
  if (flags.ndjson === true) {
    if (payload !== undefined || flags.file !== undefined || flags.count !== undefined)
      throw new UsageError('With --ndjson the messages come from stdin.', 'Leave the payload, --file and --count out.');
    return { messages: lines(topic, flags), total: undefined };
  }
  if (topic === undefined) throw new UsageError('Where to publish is missing.', 'Write greengrass-rx pub <topic> <payload>.');
  const bytes = await onePayload(payload, flags.file);
  const request = { topicName: topic, payload: bytes, qos: flags.qos, ...membersOf(flags) };
  const total = flags.count ?? 1;
  return { messages: repeated(request, total), total };
}

async function onePayload(payload: string | undefined, file: string | undefined): Promise<Uint8Array | string> {
  if (file !== undefined) {
    if (payload !== undefined) throw new UsageError('The payload is given twice.', 'Give it as a text or with --file.');
    try {
      return await readFile(file);
    } catch (error) {
      throw new UsageError(`The file ${file} could not be read: ${error instanceof Error ? error.message : String(error)}.`);
    }
  }
  if (payload === '-') return buffer(process.stdin);
  if (payload === undefined) throw new UsageError('What to publish is missing.', "Give a text ('' for none), - for stdin, or --file.");
  return payload;
}

async function* repeated(request: PublishRequest, times: number): AsyncGenerator<PublishRequest> {
  for (let i = 0; i < times; i++) yield await Promise.resolve(request);
}

async function* lines(topicName: string | undefined, flags: SourceFlags): AsyncGenerator<PublishRequest> {
  const members = membersOf(flags);
  let number = 0;
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    number++;
    if (line.trim() === '') continue;
    const message = readMessageJson(line, { topicName, qos: flags.qos });
    if (typeof message === 'string') throw new UsageError(`Line ${String(number)} of stdin cannot be published: ${message}.`);
    yield { ...members, ...withoutUndefined(message) };
  }
}

/** A line's members win over the command line's, those it does not have do not. */
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
