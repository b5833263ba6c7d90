import type { MqttMessage } from '../../ports/mqtt-message.js';
import { visible } from '../../shared/visible.js';
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

/** Bytes of a binary payload that are shown: more tell a person nothing. */
const SHOWN_BYTES = 24;

/**
 * A payload on one line of at most `width` columns: JSON and text as they are, with line breaks and control characters made
 * visible, and bytes in hexadecimal. What did not fit is said.
 */
export function previewPayload(payload: Uint8Array, width: number): string {
  if (payload.length === 0) return '(empty)';
  // A character has at most four bytes; what is further behind cannot be on the line.
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
  if (count < 10_000) return `${String(count)} bytes`;
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

function viewPayload(payload: Uint8Array): PayloadView {
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
  if (!/^\s*[[{"\-\dtfn]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
