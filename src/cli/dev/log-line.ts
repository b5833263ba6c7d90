import * as t from 'io-ts';
import type { LogLevel } from '../../component/log.js';

/** As much of a line of a component's log as is shown; `runComponent` writes such lines. */
const LogLine = t.intersection([
  t.type({ time: t.number, level: t.keyof({ debug: null, info: null, warn: null, error: null }), message: t.string, component: t.string }),
  t.partial({ error: t.partial({ message: t.string }) }),
]);

/** A line of a component's log as a sentence; `undefined` for whatever else a component prints. */
export function logSentence(text: string): { readonly level: LogLevel; readonly sentence: string } | undefined {
  if (!text.startsWith('{"time":')) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const line = LogLine.decode(parsed);
  if (line._tag === 'Left') return undefined;
  const { level, message, error } = line.right;
  return { level, sentence: error?.message === undefined || message.includes(error.message) ? message : `${message}: ${error.message}` };
}
