import { isDeepStrictEqual } from 'node:util';
import * as t from 'io-ts';
import type { LogLevel } from '../../component/log.js';
import { ownCode } from './own-code.js';

/** An error as the log writes it. Only a defect has a stack. */
export interface LoggedError {
  readonly tag?: string;
  readonly message?: string;
  readonly stack?: string;
  readonly cause?: LoggedError;
}

const LoggedError: t.Type<LoggedError, unknown> = t.recursion('LoggedError', () =>
  t.partial({ tag: t.string, message: t.string, stack: t.string, cause: LoggedError }),
);

/** As much of a line of a component's log as is shown; `runComponent` writes such lines. */
const LogLine = t.intersection([
  t.type({ time: t.number, level: t.keyof({ debug: null, info: null, warn: null, error: null }), message: t.string, component: t.string }),
  t.partial({ error: LoggedError }),
]);

/** A line of a component's log as a sentence, and the error that is told with it. */
interface LogSentence {
  readonly level: LogLevel;
  readonly sentence: string;
  readonly error?: LoggedError | undefined;
}

/**
 * A line of a component's log as a sentence; `undefined` for whatever else a component prints.
 *
 * @param told an error that has been told already, and is not told again.
 */
export function logSentence(text: string, told?: LoggedError): LogSentence | undefined {
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
  if (error?.message === undefined) return { level, sentence: message };
  // The end of a component names the error that ended it, which the log had in the line before.
  if (level === 'error' && isDeepStrictEqual(error, told)) return { level, sentence: message.replace(/\.$/, '') };
  const name = error.stack === undefined || message.includes(`${error.tag ?? ''}:`) ? '' : `${error.tag ?? 'Error'}: `;
  if (message.includes(error.message)) return { level, sentence: message.replace(error.message, said => name + said), error };
  return { level, sentence: `${message.replace(/\.$/, '')}: ${name}${error.message}`, error };
}

/** Where an error comes from: its first line in the files of the project, and what caused it. */
export function detailsOf(error: LoggedError | undefined): readonly string[] {
  if (error === undefined) return [];
  const details: string[] = [];
  let before: string | undefined;
  for (let each: LoggedError | undefined = error; each !== undefined; each = each.cause) {
    const { tag = 'Error', message = '', stack = '' } = each;
    if (each !== error) details.push(`caused by ${tag}${message === '' ? '' : `: ${message}`}`);
    const own = ownCode(stack, message, process.cwd());
    if (own === undefined) continue;
    details.push(`at ${own.place}`, ...(own.code === undefined || own.code === before ? [] : [`  ${own.code}`]));
    before = own.code;
  }
  return details;
}
