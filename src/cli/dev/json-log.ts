import { payloadJson } from '../messages/message-json.js';
import { isoTime } from '../time-of-day.js';
import type { DevEvent } from './dev-event.js';

/** An event as a line of JSON: `time`, `kind`, and what belongs to the kind. Payloads are as in `sub --json`. */
export function renderJson(event: DevEvent): string {
  const { kind, ...members } = event;
  const { payload, ...rest } = members as typeof members & { readonly payload?: Uint8Array };
  const line = JSON.stringify({ time: isoTime(), kind, ...rest }, plainErrors);
  return payload === undefined ? line : `${line.slice(0, -1)},${payloadJson(payload)}}`;
}

/** An error's name and sentence, which JSON leaves out. */
function plainErrors(_key: string, value: unknown): unknown {
  return value instanceof Error ? { name: value.name, message: value.message } : value;
}
