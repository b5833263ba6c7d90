import { isUtf8 } from 'node:buffer';
import * as t from 'io-ts';
import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { forbiddenKeyIn } from '../codec/json-text.js';
import { type DeclaredMarks, markingWith } from '../flow/declaration.js';
import type { MqttMessage, PublishRequest, UserProperty } from '../ports/mqtt-proxy.js';
import { atOnce, parsedJson } from '../shared/check-argument.js';
import { QOS } from '../shared/qos.js';
import { type LostRange, MAX_RANGES, type StoredRecord } from './store.js';

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
  /**
   * With `tellOldest`: when the oldest message was stored that had not been accepted when this one was sent (it may be this one), as time
   * of day in milliseconds. All messages stored before that have been sent, or will never come.
   */
  readonly oldest?: number | undefined;
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

/**
 * The message of a stored record, with its mark.
 *
 * @param oldest when the oldest was stored that is not sent yet, where that is told.
 */
export function markedRequest(record: StoredRecord, replayed: boolean, markWith: MarkWith, oldest?: number): PublishRequest {
  const { topicName, payload, qos, members, epoch, stream, number, storedAt, attempts, lost } = record;
  const request: PublishRequest = {
    ...storedMembers(members),
    topicName,
    payload,
    qos: qos === '1' ? QOS.AT_LEAST_ONCE : QOS.AT_MOST_ONCE,
  };
  const told = oldest === undefined ? undefined : Math.min(oldest, storedAt);
  return marked(request, { epoch, stream, number, storedAt, attempt: attempts + 1, replayed, oldest: told, lost }, markWith);
}

/** A message with its mark. */
export function marked(request: PublishRequest, mark: Mark, markWith: MarkWith): PublishRequest {
  const { payload } = request;
  if (markWith === 'members') return { ...request, userProperties: [...(request.userProperties ?? []), ...propertiesOf(mark)] };
  if (markWith === 'wrap') return { ...request, payload: wrapped(payload, mark), contentType: 'application/json', payloadFormat: '1' };
  return atOnce(markWith(request, mark), 'mark');
}

/** The longest mark there is, for the size of a message that is to be stored. */
export function longestMark(stream: string, tellsOldest: boolean): Mark {
  return {
    epoch: '00000000-0000-0000-0000-000000000000',
    stream,
    number: Number.MAX_SAFE_INTEGER,
    storedAt: 8_640_000_000_000_000,
    attempt: 1_000_000,
    replayed: true,
    oldest: tellsOldest ? 8_640_000_000_000_000 : undefined,
    lost: Array.from({ length: MAX_RANGES }, () => ({ first: Number.MAX_SAFE_INTEGER, last: Number.MAX_SAFE_INTEGER })),
  };
}

function propertiesOf({ epoch, stream, number, storedAt, attempt, replayed, oldest, lost }: Mark): readonly UserProperty[] {
  return [
    { key: 'outbox-epoch', value: epoch },
    ...(stream === '' ? [] : [{ key: 'outbox-stream', value: stream }]),
    { key: 'outbox-number', value: `${number}` },
    { key: 'outbox-stored-at', value: `${storedAt}` },
    ...(attempt === 1 ? [] : [{ key: 'outbox-attempt', value: `${attempt}` }]),
    ...(replayed ? [{ key: 'outbox-replayed', value: 'true' }] : []),
    ...(oldest === undefined ? [] : [{ key: 'outbox-oldest', value: `${oldest}` }]),
    ...(lost.length === 0 ? [] : [{ key: 'outbox-lost', value: lost.map(({ first, last }) => `${first}-${last}`).join(' ') }]),
  ];
}

/**
 * The mark of a message that was received, whether it travelled as user properties or around the payload. `undefined`: it has none.
 *
 * @example
 * ```ts
 * import { markOf } from 'greengrass-rx/outbox';
 *
 * const mark = '"epoch":"3f0c","stream":"","number":7,"storedAt":1700000000000,"attempt":2,"replayed":true,"lost":[[5,6]]';
 * const payload = Buffer.from(`{${mark},"payload":{}}`);
 * const read = markOf({ topicName: 'meters/7', payload });
 * console.log(read?.number, read?.replayed, read?.lost); // 7 true [ { first: 5, last: 6 } ]
 * ```
 */
export function markOf(message: MqttMessage): Mark | undefined {
  const { userProperties = [] } = message;
  if (userProperties.some(({ key }) => key === 'outbox-number')) return markOfProperties(userProperties);
  // Cheaper than parsing what is no envelope.
  if (message.payload[0] !== OPENING_BRACE) return undefined;
  const wrapped = Wrapped.decode(parsedJson(Buffer.from(message.payload).toString('utf8')));
  if (wrapped._tag === 'Left') return undefined;
  const { lost, ...rest } = wrapped.right;
  return { ...rest, lost: lost.map(([first, last]) => ({ first, last })) };
}

/**
 * The payload as the sender gave it, byte for byte. If it came in an envelope (`mark: 'wrap'`, `envelope`), it is taken out.
 *
 * @example
 * ```ts
 * import { payloadOf } from 'greengrass-rx/outbox';
 *
 * const mark = '"epoch":"3f0c","stream":"","number":7,"storedAt":0,"attempt":1,"replayed":false,"lost":[]';
 * const payload = Buffer.from(`{${mark},"payload":{"kWh":1.50}}`);
 * console.log(Buffer.from(payloadOf({ topicName: 'meters/7', payload })).toString()); // {"kWh":1.50}
 * ```
 */
export function payloadOf(message: MqttMessage): Uint8Array {
  const { payload } = message;
  if (payload[0] !== OPENING_BRACE || markOf({ topicName: message.topicName, payload }) === undefined) return payload;
  const text = Buffer.from(payload).toString('utf8');
  const parsed = Enclosed.decode(JSON.parse(text));
  if (parsed._tag === 'Left') return payload;
  const { payloadBase64 } = parsed.right;
  if (payloadBase64 !== undefined) return Buffer.from(payloadBase64, 'base64');
  // A quote in a text before it would be escaped, so the first is the member itself, and the last brace that of the envelope.
  const at = text.indexOf(PAYLOAD);
  return at < 0 ? payload : Buffer.from(text.slice(at + PAYLOAD.length, text.lastIndexOf('}')));
}

const PAYLOAD = ',"payload":';
const Enclosed = t.partial({ payloadBase64: t.string });
const OPENING_BRACE = 0x7b;

const Wrapped = t.exact(
  t.intersection([
    t.type({
      epoch: t.string,
      stream: t.string,
      number: t.number,
      storedAt: t.number,
      attempt: t.number,
      replayed: t.boolean,
      lost: t.array(t.tuple([t.number, t.number])),
    }),
    t.partial({ oldest: t.number }),
  ]),
);

function markOfProperties(properties: readonly UserProperty[]): Mark | undefined {
  const values = new Map(properties.map(({ key, value }) => [key, value]));
  const epoch = values.get('outbox-epoch');
  const number = Number(values.get('outbox-number'));
  const storedAt = Number(values.get('outbox-stored-at'));
  if (epoch === undefined || !Number.isSafeInteger(number) || !Number.isFinite(storedAt)) return undefined;
  const oldest = Number(values.get('outbox-oldest') ?? NaN);
  const ranges = (values.get('outbox-lost') ?? '').split(' ').map(range => range.split('-').map(Number));
  return {
    epoch,
    stream: values.get('outbox-stream') ?? '',
    number,
    storedAt,
    attempt: Number(values.get('outbox-attempt') ?? 1),
    replayed: values.get('outbox-replayed') === 'true',
    ...(Number.isFinite(oldest) ? { oldest } : {}),
    lost: ranges.flatMap(([first = NaN, last = NaN]) =>
      Number.isSafeInteger(first) && Number.isSafeInteger(last) ? [{ first, last }] : [],
    ),
  };
}

/**
 * The payload as it is where it is JSON, else as base64. Written by hand, so that the payload is neither parsed into objects nor copied
 * into texts twice.
 */
function wrapped(payload: Uint8Array | string, mark: Mark): string {
  const { lost, ...rest } = mark;
  const head = JSON.stringify({ ...rest, lost: lost.map(({ first, last }) => [first, last]) }).slice(0, -1);
  const bytes =
    typeof payload === 'string' ? Buffer.from(payload, 'utf8') : Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  const text = bytes.toString('utf8');
  return isUtf8(bytes) && parsedJson(text) !== undefined
    ? `${head},"payload":${text}}`
    : `${head},"payloadBase64":"${bytes.toString('base64')}"}`;
}

function storedMembers(text: string): Partial<PublishRequest> {
  if (text === '') return {};
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null || forbiddenKeyIn(text, parsed) !== undefined) return {};
  // Written by storeIn, and its checksum held.
  const { correlationData, ...members } = parsed as Omit<Partial<PublishRequest>, 'correlationData'> & {
    readonly correlationData?: string;
  };
  return correlationData === undefined ? members : { ...members, correlationData: Buffer.from(correlationData, 'base64') };
}

/** What the envelopes of {@link envelope} say besides the number and the time. */
export interface EnvelopeOptions {
  /** What is numbered by itself. Default: the empty name, as with `storeIn`. */
  readonly stream?: string | undefined;
  /** The clock. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
}

const AROUND: DeclaredMarks = { as: 'wrap', tellsOldest: false, maxAge: 0 };

/**
 * Puts payloads that are published directly into the envelope that an outbox with `mark: 'wrap'` uses: id, time, `replayed: false`.
 * `markOf`, `dedupe`, `missing` and the tables that `greengrass-rx cloud` derives read both.
 *
 * Each call of `envelope` makes a new epoch. Numbers go up from 1 with each request, so the receiver sees a gap where a message could not
 * be published. `publishTo` makes one request for a value, however often it tries.
 *
 * A payload that is JSON stands in it as it is, any other as base64.
 *
 * @param request makes the message of a value.
 *
 * @example
 * ```ts
 * import { connect, publishTo, QOS, runToEnd } from 'greengrass-rx';
 * import { envelope } from 'greengrass-rx/outbox';
 * import { of } from 'rxjs';
 *
 * const proxy = connect();
 * const request = envelope((kWh: number) => ({ topicName: 'meters/7', payload: JSON.stringify({ kWh }), qos: QOS.AT_LEAST_ONCE }));
 * const outcomes$ = of(1.5).pipe(publishTo(proxy, request, { topics: ['meters/7'] }));
 * await runToEnd(outcomes$, { onLeft: failure => console.error(failure.message) });
 * await proxy.close();
 * console.log(request(1.7).payload); // {"epoch":"…","stream":"","number":2,"storedAt":…,"attempt":1,…,"payload":{"kWh":1.7}}
 * ```
 */
export function envelope<A>(request: (value: A) => PublishRequest, options: EnvelopeOptions = {}): (value: A) => PublishRequest {
  const { stream = '', scheduler = asyncScheduler } = options;
  const epoch = crypto.randomUUID();
  let number = 0;
  const inEnvelope = (value: A): PublishRequest => {
    const plain = atOnce(request(value), 'request');
    number++;
    return marked(plain, { epoch, stream, number, storedAt: scheduler.now(), attempt: 1, replayed: false, lost: [] }, 'wrap');
  };
  return markingWith(inEnvelope, AROUND);
}
