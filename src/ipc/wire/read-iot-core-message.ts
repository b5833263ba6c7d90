import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { decodeBase64, decodeWithin } from '../../shared/base64.js';
import { isJsonObject, parsedJson } from '../../shared/check-argument.js';
import { IoTCoreMessage } from './shapes.js';

/** A message as a subscription's event carries it. */
export type ReceivedMessage = IoTCoreMessage['message'] & { payload: Uint8Array };

const NO_BYTES = new Uint8Array(0);

/** How an event begins, up to the topic; and what is between topic and payload. */
const HEAD = '{"message":{"topicName":"';
const BETWEEN = '","payload":"';
/** How Java writes the `=` of a payload's padding. */
const ESCAPED_PADDING = '\\u003d';

/** What is behind the payload: nothing from Greengrass Lite, from the classic nucleus two members, which this library passes on. */
const TAILS: ReadonlyMap<string, { readonly retain: boolean; readonly payloadFormat: '0' | '1' }> = new Map(
  (['0', '1'] as const).flatMap(payloadFormat =>
    [false, true].map(retain => [`","retain":${String(retain)},"payloadFormat":"${payloadFormat}"}}`, { retain, payloadFormat }]),
  ),
);
const NO_TAIL = '"}}';

/** The topics of the latest messages. Each has been parsed, so it is known that its text needs no escapes. */
const knownTopics = new Map<string, string>();
/** How many topics are known at most, and how long they may be: a few dozen kilobytes. */
const MAX_TOPICS = 256;
const MAX_TOPIC = 256;

/**
 * Reads the body of an `IoTCoreMessage` event. The left side says what is wrong with it.
 *
 * Nearly every body differs from others in topic and payload alone, and these are cut out of it where the rest is known, letter by letter:
 * that takes half the time of parsing it. What has another form is parsed. Then the members that most messages have are checked by hand:
 * the codec {@link IoTCoreMessage} takes 1 µs for that, twice as long as the parsing. If there is any other member, the whole body goes
 * through that codec.
 */
export function readIoTCoreMessage(body: string): Either<string, ReceivedMessage> {
  const known = readKnown(body);
  if (known !== undefined) return right(known);
  const parsed = parsedJson(body);
  if (parsed === undefined) return left('the IoTCoreMessage is not JSON');
  const ordinary = readOrdinary(parsed);
  if (ordinary !== undefined) {
    know(body, ordinary.topicName);
    return right(ordinary);
  }
  const decoded = IoTCoreMessage.decode(withoutNulls(parsed));
  if (decoded._tag === 'Left') {
    const where = decoded.left[0]?.context.map(({ key }) => key).filter(key => !/^\d*$/.test(key)) ?? [];
    return left(`the IoTCoreMessage has a wrong ${where.length === 0 ? 'shape' : where.join('.')}`);
  }
  const { message } = decoded.right;
  return right({ ...message, payload: message.payload ?? NO_BYTES });
}

/** Reads a body of the usual form on a topic that is known. */
function readKnown(body: string): ReceivedMessage | undefined {
  if (!body.startsWith(HEAD)) return undefined;
  const topicEnd = body.indexOf('"', HEAD.length);
  const topicName = knownTopics.get(body.slice(HEAD.length, topicEnd));
  if (topicName === undefined || !body.startsWith(BETWEEN, topicEnd)) return undefined;
  const start = topicEnd + BETWEEN.length;
  const end = body.indexOf('"', start);
  if (body.length - end === NO_TAIL.length && body.endsWith(NO_TAIL)) {
    const payload = readPayload(body, start, end);
    return payload && { topicName, payload };
  }
  const tail = TAILS.get(body.slice(end));
  if (tail === undefined) return undefined;
  const payload = readPayload(body, start, end);
  return payload && { topicName, payload, retain: tail.retain, payloadFormat: tail.payloadFormat };
}

/** The bytes of base64 between two places of a JSON text, whose padding may be escaped. */
function readPayload(body: string, start: number, end: number): Uint8Array | undefined {
  let last = end;
  let padding = 0;
  for (; padding < 2; padding++) {
    if (body.endsWith(ESCAPED_PADDING, last)) last -= ESCAPED_PADDING.length;
    else if (body.endsWith('=', last)) last--;
    else break;
  }
  return last < start || (last - start + padding) % 4 !== 0 ? undefined : decodeWithin(body, start, last);
}

function know(body: string, topicName: string): void {
  if (topicName.length > MAX_TOPIC || !body.startsWith(HEAD) || !body.startsWith(`${topicName}"`, HEAD.length)) return;
  if (knownTopics.size >= MAX_TOPICS) knownTopics.clear();
  knownTopics.set(topicName, topicName);
}

function readOrdinary(parsed: unknown): ReceivedMessage | undefined {
  if (!isJsonObject(parsed) || !isJsonObject(parsed['message'])) return undefined;
  const { message } = parsed;
  let topicName: string | undefined;
  let payload: Uint8Array | undefined = NO_BYTES;
  let retain: boolean | undefined;
  let payloadFormat: '0' | '1' | undefined;
  for (const key in message) {
    const value = message[key];
    if (key === 'topicName' && typeof value === 'string') topicName = value;
    else if (key === 'payload' && typeof value === 'string') payload = decodeBase64(value);
    else if (key === 'retain' && typeof value === 'boolean') retain = value;
    else if (key === 'payloadFormat' && (value === '0' || value === '1')) payloadFormat = value;
    else return undefined;
  }
  if (topicName === undefined || payload === undefined) return undefined;
  if (retain === undefined && payloadFormat === undefined) return { topicName, payload };
  return {
    topicName,
    payload,
    ...(retain === undefined ? undefined : { retain }),
    ...(payloadFormat === undefined ? undefined : { payloadFormat }),
  };
}

/** Leaves out members that are null: Java may write a member without a value so. */
function withoutNulls(parsed: unknown): unknown {
  if (!isJsonObject(parsed) || !isJsonObject(parsed['message'])) return parsed;
  return { message: Object.fromEntries(Object.entries(parsed['message']).filter(([, value]) => value !== null)) };
}
