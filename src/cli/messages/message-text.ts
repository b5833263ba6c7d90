import * as t from 'io-ts';
import type { MqttMessage, PublishRequest } from '../../ports/mqtt-proxy.js';
import { parsedJson } from '../../shared/check-argument.js';
import { QOS } from '../../shared/qos.js';
import { messageOf, visible } from '../../shared/visible.js';
import { columnsOf } from '../output.js';

/**
 * A message as one line of JSON, which `pub --ndjson` reads back. `encoding` says what `payload` is: `json`, the payload's own
 * JSON, digit for digit; `utf8`, a text; `base64`, bytes.
 */
export function messageJson(message: MqttMessage, time?: string): string {
  const { topicName, payload, correlationData, ...members } = message;
  const head = JSON.stringify({ ...(time === undefined ? {} : { time }), topicName }).slice(0, -1);
  const rest = JSON.stringify({
    ...members,
    ...(correlationData === undefined ? {} : { correlationData: Buffer.from(correlationData).toString('base64') }),
  }).slice(1, -1);
  return `${head},${payloadJson(payload)}${rest === '' ? '' : `,${rest}`}}`;
}

/** The members `encoding` and `payload`. */
export function payloadJson(payload: Uint8Array): string {
  const view = viewPayload(payload);
  switch (view.kind) {
    case 'json':
      // Line breaks in JSON can only be layout, and a line of NDJSON must have none.
      return `"encoding":"json","payload":${view.text.replace(/[\r\n]+/g, ' ').trim()}`;
    case 'text':
      return `"encoding":"utf8","payload":${JSON.stringify(view.text)}`;
    case 'binary':
      return `"encoding":"base64","payload":"${Buffer.from(view.bytes).toString('base64')}"`;
  }
}

/** Columns that a payload gets at least. */
export const MIN_PREVIEW = 16;
/** Bytes of a binary payload that are shown: more tell a person nothing. */
const SHOWN_BYTES = 24;

/**
 * A payload on one line of at most `width` columns: JSON and text as they are, with line breaks and control characters made
 * visible, and bytes in hexadecimal. What did not fit is said.
 */
export function previewPayload(payload: Uint8Array, width: number): string {
  if (payload.length === 0) return '(empty)';
  // A character has at most four bytes, so what is further behind cannot be on the line.
  const isCut = payload.length > width * 4;
  const view = viewPayload(payload);
  switch (view.kind) {
    case 'json':
      return shorten(compact(isCut ? view.text.slice(0, width * 4) : view.text), width, payload.length);
    case 'text':
      return shorten(visible(isCut ? view.text.slice(0, width * 4) : view.text), width, payload.length);
    case 'binary': {
      const shown = Math.max(1, Math.min(SHOWN_BYTES, Math.floor(width / 3) - 4));
      const hex = Buffer.from(view.bytes.subarray(0, shown))
        .toString('hex')
        .replace(/..(?=.)/g, '$& ');
      return view.bytes.length <= shown ? `<${hex}>` : `<${hex} …> ${bytes(view.bytes.length)}`;
    }
  }
}

/** `1 byte`, `950 bytes`, `12.3 kB`, `4.5 MB`. */
export function bytes(count: number): string {
  if (count === 1) return '1 byte';
  if (count < 10_000) return `${count} bytes`;
  return count < 10_000_000 ? `${(count / 1_000).toFixed(1)} kB` : `${(count / 1_000_000).toFixed(1)} MB`;
}

/** JSON laid out over several lines, on one: only what stands between its texts is touched. */
function compact(json: string): string {
  return visible(json.includes('\n') ? json.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1') : json);
}

function shorten(text: string, width: number, length: number): string {
  if (text.length <= width && columnsOf(text) <= width) return text;
  const tail = `… ${bytes(length)}`;
  let room = Math.max(1, width - tail.length);
  let shown = '';
  for (const character of text) {
    room -= columnsOf(character);
    if (room < 0) break;
    shown += character;
  }
  return shown + tail;
}

/** What a payload is, as far as its bytes tell. */
type PayloadView =
  /** The text is valid JSON, with the payload's own digits and order. */
  | { readonly kind: 'json'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'binary'; readonly bytes: Uint8Array };

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What a payload most likely is. */
export function viewPayload(payload: Uint8Array): PayloadView {
  let text: string;
  try {
    text = UTF8.decode(payload);
  } catch {
    return { kind: 'binary', bytes: payload };
  }
  if (isJson(text)) return { kind: 'json', text };
  // Text has no control characters but those that lay it out.
  return /(?!\s)\p{Cc}/u.test(text) ? { kind: 'binary', bytes: payload } : { kind: 'text', text };
}

function isJson(text: string): boolean {
  return /^\s*[[{"\-\dtfn]/.test(text) && parsedJson(text) !== undefined;
}

interface Line {
  readonly topicName?: string | undefined;
  readonly payload?: unknown;
  readonly encoding?: 'json' | 'utf8' | 'base64' | undefined;
  readonly qos?: QOS | 0 | 1 | undefined;
  readonly retain?: boolean | undefined;
  readonly userProperties?: readonly { readonly key: string; readonly value: string }[] | undefined;
  readonly messageExpiryIntervalSeconds?: number | undefined;
  readonly correlationData?: string | undefined;
  readonly responseTopic?: string | undefined;
  readonly payloadFormat?: '0' | '1' | undefined;
  readonly contentType?: string | undefined;
}

const Line: t.Decoder<unknown, Line> = t.partial({
  topicName: t.string,
  payload: t.unknown,
  encoding: t.keyof({ json: null, utf8: null, base64: null }),
  qos: t.union([t.literal('0'), t.literal('1'), t.literal(0), t.literal(1)]),
  retain: t.boolean,
  userProperties: t.readonlyArray(t.type({ key: t.string, value: t.string })),
  messageExpiryIntervalSeconds: t.number,
  correlationData: t.string,
  responseTopic: t.string,
  payloadFormat: t.keyof({ '0': null, '1': null }),
  contentType: t.string,
});

/** What a line of NDJSON leaves to the command line. */
interface LineDefaults {
  readonly topicName: string | undefined;
  readonly qos: QOS;
}

/**
 * A line that `sub --json` has printed, or one written by hand: only `payload` must be there, and `topicName` unless there is a default.
 * Without `encoding` a payload that is a text is that text, and anything else its JSON. Gives a sentence where it cannot be read.
 */
export function readMessageJson(text: string, defaults: LineDefaults): PublishRequest | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return `it is not JSON: ${messageOf(error)}`;
  }
  const decoded = Line.decode(value);
  if (decoded._tag === 'Left' || typeof value !== 'object' || Array.isArray(value)) return problemOf(decoded);
  const { topicName = defaults.topicName, payload, encoding, qos = defaults.qos, correlationData, ...members } = decoded.right;
  if (topicName === undefined) return 'it names no topicName, and neither does the command line';
  const bytes = payloadOf(text, payload, encoding);
  if (typeof bytes === 'string') return bytes;
  return {
    ...knownMembers(members),
    topicName,
    payload: bytes,
    qos: String(qos) === '0' ? QOS.AT_MOST_ONCE : QOS.AT_LEAST_ONCE,
    ...(correlationData === undefined ? {} : { correlationData: Buffer.from(correlationData, 'base64') }),
  };
}

function payloadOf(line: string, payload: unknown, encoding: Line['encoding']): Uint8Array | string {
  if (payload === undefined) return 'it has no payload';
  if (encoding === 'base64' || encoding === 'utf8') {
    if (typeof payload !== 'string') return `its payload is no text, as ${encoding} has to be`;
    return Buffer.from(payload, encoding);
  }
  if (encoding === undefined && typeof payload === 'string') return Buffer.from(payload);
  return Buffer.from(rawPayload(line) ?? JSON.stringify(payload));
}

/** The payload's JSON as `sub --json` printed it, so that numbers keep all their digits; it stands behind its encoding. */
function rawPayload(line: string): string | undefined {
  const mark = '"encoding":"json","payload":';
  const from = line.indexOf(mark);
  if (from < 0) return undefined;
  const rest = line.slice(from + mark.length);
  // The members behind it are few and short: the longest text that is JSON is the payload.
  for (let end = rest.lastIndexOf('}'); end > 0; end = Math.max(rest.lastIndexOf(',', end - 1), rest.lastIndexOf('}', end - 1))) {
    const candidate = rest.slice(0, end);
    if (parsedJson(candidate) !== undefined) return candidate;
  }
  return undefined;
}

type Members = Omit<Line, 'topicName' | 'payload' | 'encoding' | 'qos' | 'correlationData'>;

/** Without what else stands in the line, such as the time. */
function knownMembers(line: Members): Members {
  const { retain, userProperties, messageExpiryIntervalSeconds, responseTopic, payloadFormat, contentType } = line;
  return { retain, userProperties, messageExpiryIntervalSeconds, responseTopic, payloadFormat, contentType };
}

function problemOf(decoded: t.Validation<Line>): string {
  const [first] = decoded._tag === 'Left' ? decoded.left : [];
  const path = first?.context
    .map(({ key }) => key)
    .filter(Boolean)
    .join('.');
  return path === undefined || path === '' ? 'it is no JSON object' : `its ${path} is not what it should be`;
}
