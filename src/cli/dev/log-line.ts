import { readFileSync, statSync } from 'node:fs';
import { isAbsolute, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import * as t from 'io-ts';
import type { LogLevel } from '../../component/log.js';
import { parsedJson } from '../../shared/check-argument.js';

/** Bytes of a file that is looked into: what people write by hand is smaller. */
const MAX_FILE = 1024 * 1024;

/** Where in the files of a project something went wrong. */
export interface OwnCode {
  /** Such as `src/component.ts:42:13`, from the folder of the project. */
  readonly place: string;
  /** What stands in that line; `undefined` if the file cannot be read, or is another by now. */
  readonly code: string | undefined;
}

/**
 * The first line of an error's stack that is in the project's folder and in no dependency: the reader's own code. `undefined` if there is
 * none.
 *
 * @param message the error's own, which may have lines that look like those of a stack.
 */
export function ownCode(stack: string, message: string, folder: string): OwnCode | undefined {
  const from = stack.indexOf(message);
  if (from < 0) return undefined;
  for (const line of stack.slice(from + message.length).split('\n')) {
    const [, where = '', row = '', column = ''] = /^\s+at (?:.* \()?(\S.*?):(\d+):(\d+)\)?$/.exec(line) ?? [];
    const path = pathOf(where);
    if (path === undefined) continue;
    const inside = relative(folder, path);
    if (inside.startsWith('..') || isAbsolute(inside) || /(^|[\\/])node_modules[\\/]/.test(inside)) continue;
    return { place: `${inside.split(sep).join('/')}:${row}:${column}`, code: lineOf(path, Number(row)) };
  }
  return undefined;
}

function pathOf(where: string): string | undefined {
  try {
    if (where.startsWith('file:')) return fileURLToPath(where);
  } catch {
    return undefined;
  }
  return isAbsolute(where) ? where : undefined;
}

function lineOf(path: string, row: number): string | undefined {
  try {
    const stat = statSync(path);
    if (!stat.isFile() || stat.size > MAX_FILE) return undefined;
    const code = readFileSync(path, 'utf8').split('\n')[row - 1]?.trim();
    return code === '' ? undefined : code;
  } catch {
    return undefined;
  }
}

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
 * @param told an error that has been shown already, and is not shown again.
 */
export function logSentence(text: string, told?: LoggedError): LogSentence | undefined {
  if (!text.startsWith('{"time":')) return undefined;
  const line = LogLine.decode(parsedJson(text));
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
