import type { PublishRequest, UserProperty } from '../client/mqtt-message.js';
import { forbiddenKeyIn } from '../codec/forbidden-key.js';
import { QOS } from '../shared/qos.js';
import type { LostRange, StoredRecord } from './store.js';

/** What the receiver of a stored message is told of it. */
export interface Mark {
  /** Made with the outbox' file: where it changes, numbers start over. */
  readonly epoch: string;
  readonly stream: string;
  /** From 1 on, without gaps but those in `lost`. With `epoch` and `stream` it is the message's id. */
  readonly number: number;
  /** When it was stored, as time of day in milliseconds. */
  readonly storedAt: number;
  /** 1, and more where it may have been sent before. */
  readonly attempt: number;
  /** It waited for a connection, and what was stored after it may have come before it. */
  readonly replayed: boolean;
  /** Numbers of this stream that will never come: they gave way, were too old, or were set aside. */
  readonly lost: readonly LostRange[];
}

/**
 * How the mark travels.
 * - `members`: as MQTT 5 user properties, which Greengrass Lite does not carry.
 * - `wrap`: as a JSON object around the payload.
 * - a function: as it likes.
 */
export type MarkWith = 'members' | 'wrap' | ((message: PublishRequest, mark: Mark) => PublishRequest);

/** The message of a stored record, with its mark. */
export const markedRequest = (record: StoredRecord, replayed: boolean, markWith: MarkWith): PublishRequest => {
  const { topicName, payload, qos, members, epoch, stream, number, storedAt, attempts, lost } = record;
  const request: PublishRequest = {
    ...storedMembers(members),
    topicName,
    payload,
    qos: qos === '1' ? QOS.AT_LEAST_ONCE : QOS.AT_MOST_ONCE,
  };
  const mark: Mark = { epoch, stream, number, storedAt, attempt: attempts + 1, replayed, lost };
  if (markWith === 'members') return { ...request, userProperties: [...(request.userProperties ?? []), ...propertiesOf(mark)] };
  if (markWith === 'wrap') return { ...request, payload: wrapped(payload, mark), contentType: 'application/json', payloadFormat: '1' };
  return markWith(request, mark);
};

/** The longest mark there is, for the size of a message that is to be stored. */
export const longestMark = (stream: string): Mark => ({
  epoch: '00000000-0000-0000-0000-000000000000',
  stream,
  number: Number.MAX_SAFE_INTEGER,
  storedAt: 8_640_000_000_000_000,
  attempt: 1_000_000,
  replayed: true,
  lost: Array.from({ length: MOST_RANGES }, () => ({ first: Number.MAX_SAFE_INTEGER, last: Number.MAX_SAFE_INTEGER })),
});

/** Ranges one message tells at most; more wait for the next. */
export const MOST_RANGES = 16;

const propertiesOf = ({ epoch, stream, number, storedAt, attempt, replayed, lost }: Mark): readonly UserProperty[] => [
  { key: 'outbox-epoch', value: epoch },
  ...(stream === '' ? [] : [{ key: 'outbox-stream', value: stream }]),
  { key: 'outbox-number', value: `${number}` },
  { key: 'outbox-stored-at', value: `${storedAt}` },
  ...(attempt === 1 ? [] : [{ key: 'outbox-attempt', value: `${attempt}` }]),
  ...(replayed ? [{ key: 'outbox-replayed', value: 'true' }] : []),
  ...(lost.length === 0 ? [] : [{ key: 'outbox-lost', value: lost.map(({ first, last }) => `${first}-${last}`).join(' ') }]),
];

/** The payload as it is where it is JSON, else as base64. Written by hand, so that the payload is neither parsed into objects nor copied into texts twice. */
const wrapped = (payload: Uint8Array, mark: Mark): string => {
  const { lost, ...rest } = mark;
  const head = JSON.stringify({ ...rest, lost: lost.map(({ first, last }) => [first, last]) }).slice(0, -1);
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf8');
  return isJson(text) ? `${head},"payload":${text}}` : `${head},"payloadBase64":"${Buffer.from(payload).toString('base64')}"}`;
};

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

const storedMembers = (text: string): Partial<PublishRequest> => {
  if (text === '') return {};
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null || forbiddenKeyIn(text, parsed) !== undefined) return {};
  // Written by storeIn, and its checksum held.
  const { correlationData, ...members } = parsed as Omit<Partial<PublishRequest>, 'correlationData'> & {
    readonly correlationData?: string;
  };
  return correlationData === undefined ? members : { ...members, correlationData: Buffer.from(correlationData, 'base64') };
};
