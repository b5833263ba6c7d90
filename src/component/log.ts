import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { checkOneOf } from '../shared/check-argument.js';
import { visible } from '../shared/visible.js';
import type { DeadLettered } from '../sinks/dead-letter-file.js';
import { harmlessHook, hook } from '../stream/hook.js';
import { kindOf, tagOf } from '../stream/observable-either.js';
import { reportAtTimes } from '../stream/unhandled.js';

/** Where `deadLetterFile` says that it has written one. */
const DEAD_LETTERS = 'greengrass-rx:dead-letter';

/**
 * Logs dead letters when they are written, so that they are noticed before somebody looks into the file. As with the failures of a branch,
 * one line stands for those of a tag. Returns what ends it.
 */
export function tellDeadLetters(log: Log, scheduler: SchedulerLike, env: NodeJS.ProcessEnv): () => void {
  const reporter = reportAtTimes(
    ({ key, error, withheld }) => {
      const more = withheld === 0 ? '' : ` (${error === undefined ? '' : 'and '}${withheld} more since the last such line)`;
      const { letter, path } = (error ?? {}) as Partial<DeadLettered>;
      const what = letter === undefined || path === undefined ? '' : `: ${letter.reason.replace(/\.$/, '')}. It is in ${path}`;
      const { attempts, outcome } = letter ?? {};
      log.warn(`dead letter: ${key}${what}${more}`, { event: 'dead-letter', tag: key, path, attempts, outcome, withheld });
    },
    scheduler,
    env,
  );
  const onLetter = (message: unknown): void => {
    reporter.left((message as DeadLettered).letter.tag, message);
  };
  subscribe(DEAD_LETTERS, onLetter);
  return () => {
    unsubscribe(DEAD_LETTERS, onLetter);
    reporter.end();
  };
}

/** How important a line is, least first. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What a line says besides its sentence. Errors become their tag, code, sentence and causes. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where a component's log goes. */
export type Log = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>;

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** Characters of one text in a line. What is logged is often a payload that somebody else chose. */
const MAX_CHARACTERS = 2_000;
const MAX_CAUSES = 5;

/** How {@link jsonLog} writes. */
export interface JsonLogOptions {
  /** The least important level that is written. Default `info`. */
  readonly level?: LogLevel | undefined;
  /** On every line. */
  readonly fields?: LogFields | undefined;
  /** The clock of `time`. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
}

/**
 * A log of one JSON object a line: `time` (milliseconds since the epoch), `level`, `message`, and the fields. Greengrass keeps a
 * component's stdout line by line: the classic nucleus in `logs/<component>.log` within a line of its own, Lite in the journal.
 *
 * Never throws: a field that JSON cannot hold becomes a text. Texts are cut at 2 000 characters.
 *
 * @param write takes a line with its line feed.
 *
 * @example
 * ```ts
 * import { jsonLog } from 'greengrass-rx/component';
 *
 * const log = jsonLog(line => process.stdout.write(line), { fields: { component: 'com.example.HeatAlarm' } });
 * log.warn('too hot', { celsius: 71 }); // {"time":…,"level":"warn","message":"too hot","component":"com.example.HeatAlarm","celsius":71}
 * ```
 */
export function jsonLog(write: (line: string) => void, options: JsonLogOptions = {}): Log {
  const { level: least = 'info', fields: always, scheduler = asyncScheduler } = options;
  checkOneOf(least, 'level', LEVELS);
  const put = hook('write', write);
  const at =
    (level: LogLevel) =>
    (message: string, fields?: LogFields): void => {
      if (LEVELS.indexOf(level) < LEVELS.indexOf(least)) return;
      // JSON leaves controls of the second set and of direction as they are, and a log is read in terminals.
      put(`${visible(lineOf({ time: scheduler.now(), level, message, ...always, ...fields }))}\n`);
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** The level that the variable `GREENGRASS_RX_LOG` names; `info` where it names none. */
export function levelIn(env: NodeJS.ProcessEnv): LogLevel {
  return LEVELS.find(level => level === env['GREENGRASS_RX_LOG']) ?? 'info';
}

/** A log that goes nowhere. */
export const silentLog: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * A log that never throws and leaves no promise to reject: a log that fails, since its disk is full, must not end the component. What it
 * throws is written to stderr, a line a kind and ten seconds.
 */
export function unfailing(log: Log): Log {
  // Called on the log itself, which may be an object with state of its own.
  const at = (level: LogLevel): Log[LogLevel] => harmlessHook('the log', (message, fields) => log[level](message, fields));
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function lineOf(line: LogFields): string {
  try {
    // Looked at before its toJSON: a Buffer's would write every byte as a number.
    return JSON.stringify(line, function (this: LogFields, key, value: unknown) {
      const raw = this[key];
      return ArrayBuffer.isView(raw) ? `${raw.byteLength} bytes` : writable(value);
    });
  } catch {
    const texts = Object.entries(line).map(([key, value]) => [
      key,
      typeof value === 'object' && value !== null ? '(not JSON)' : writable(value),
    ]);
    return JSON.stringify(Object.fromEntries(texts));
  }
}

function cut(text: string): string {
  return text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}… (${text.length} characters)` : text;
}

function writable(value: unknown): unknown {
  if (typeof value === 'string') return cut(value);
  if (value instanceof Error) return describeError(value, MAX_CAUSES);
  if (typeof value === 'bigint' || typeof value === 'symbol' || typeof value === 'function') return cut(String(value));
  return value;
}

/** An error for a log line: what it is and what to do, without the message or value it carries. A defect has its stack. */
function describeError(error: Error, causes: number): LogFields {
  const tag = tagOf(error);
  const { code, retryable, topicName, problems } = error as Partial<Record<'code' | 'retryable' | 'topicName' | 'problems', unknown>>;
  return {
    tag: tag ?? error.name,
    code,
    kind: tag === undefined ? undefined : kindOf(error),
    retryable,
    topicName,
    message: cut(error.message),
    problems: Array.isArray(problems) ? problems.map(String) : undefined,
    stack: tag === undefined ? cut(error.stack ?? '') : undefined,
    cause: causes > 0 && error.cause instanceof Error ? describeError(error.cause, causes - 1) : undefined,
  };
}
