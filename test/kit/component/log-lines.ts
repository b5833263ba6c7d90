import type { Log, LogFields, LogLevel } from '../../../src/component/index.js';

/** One line of a log. */
export interface Line {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields | undefined;
}

/** A log that goes into a list. */
export const logLines = (lines: Line[]): Log => {
  const at =
    (level: LogLevel) =>
    (message: string, fields?: LogFields): void =>
      void lines.push({ level, message, fields });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
};
