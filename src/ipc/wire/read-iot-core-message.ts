import { type Either, left, right } from 'fp-ts/lib/Either.js';
import { decodeBase64 } from '../../shared/base64.js';
import { isJsonObject, parsedJson } from '../../shared/check-argument.js';
import { IoTCoreMessage } from './shapes.js';

/** A message as a subscription's event carries it. */
export type ReceivedMessage = IoTCoreMessage['message'] & { payload: Uint8Array };

const NO_BYTES = new Uint8Array(0);

/**
 * Reads the body of an `IoTCoreMessage` event. The left side says what is wrong with it.
 *
 * The members that nearly every message has are checked by hand: the codec {@link IoTCoreMessage} takes 1 µs for that, twice as long as
 * parsing the JSON. If there is any other member, the whole body goes through that codec.
 */
export function readIoTCoreMessage(body: string): Either<string, ReceivedMessage> {
  const parsed = parsedJson(body);
  if (parsed === undefined) return left('the IoTCoreMessage is not JSON');
  const ordinary = readOrdinary(parsed);
  if (ordinary !== undefined) return right(ordinary);
  const decoded = IoTCoreMessage.decode(withoutNulls(parsed));
  if (decoded._tag === 'Left') {
    const where = decoded.left[0]?.context.map(({ key }) => key).filter(key => !/^\d*$/.test(key)) ?? [];
    return left(`the IoTCoreMessage has a wrong ${where.length === 0 ? 'shape' : where.join('.')}`);
  }
  const { message } = decoded.right;
  return right({ ...message, payload: message.payload ?? NO_BYTES });
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
