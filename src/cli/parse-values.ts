import { InvalidArgumentError, Option } from 'commander';

/** An option that may be given several times: its values in their order, none if it is not given, which the help says in the words of `without`. */
export function repeated(flags: string, description: string, without = 'none'): Option {
  const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];
  return new Option(flags, description).argParser(collect).default([], without);
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Reads `500ms`, `10s`, `2m`, `1h`, or a number of seconds. Gives milliseconds. */
export function parseDuration(text: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim()) ?? [];
  const milliseconds = Number(number) * (UNITS[unit] ?? Number.NaN);
  if (!(milliseconds > 0)) throw new InvalidArgumentError('Give a time such as 500ms, 10s, 2m or 1h.');
  return milliseconds;
}

/** Reads a whole number of at least 1. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('Give a whole number of at least 1.');
  return Number(text);
}

/** Reads a TCP port; 0 stands for a free one. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError('Give a port from 0 to 65535.');
  return port;
}
