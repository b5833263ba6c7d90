import { visible } from '../../shared/visible.js';
import { columnsOf } from '../wrap.js';
import { viewPayload } from './payload-view.js';

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
