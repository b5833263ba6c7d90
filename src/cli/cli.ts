import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { InvalidArgumentError, Option } from 'commander';
import type { Decoder } from 'io-ts';
import { Observable } from 'rxjs';
import { parsedJson } from '../shared/check-argument.js';
import { signalExitCode } from './cli-error.js';
import { Output } from './output.js';

/** What every command is handed. */
export interface Cli {
  /** What is piped into the command. */
  readonly in: NodeJS.ReadableStream;
  /** Results, for the next program in the pipe. */
  readonly out: Output;
  /** Progress and problems, for the person. */
  readonly err: Output;
  readonly env: NodeJS.ProcessEnv;
  /** How the process will end. A command sets it when that is not {@link EXIT.OK}; a thrown `CliError` sets it by itself. */
  exitCode: number;
}

export function processCli(): Cli {
  return {
    // Only when it is read: a process that has opened its stdin waits for it.
    get in() {
      return process.stdin;
    },
    out: new Output(process.stdout),
    err: new Output(process.stderr),
    env: process.env,
    exitCode: 0,
  };
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Why a command that would go on for ever ends. */
export interface Stopping extends Disposable {
  /** Aborted at the first SIGINT, SIGTERM or SIGHUP, and when nobody reads the output any more. */
  readonly signal: AbortSignal;
  /** The signal that stopped it, if one did. */
  readonly signalName: NodeJS.Signals | undefined;
  /** Stops it as the signal would. */
  readonly stop: (signal: NodeJS.Signals) => void;
}

/**
 * Lets a command clean up before a signal ends it; the exit code is then that of the signal.
 *
 * @param onAgain is called for every further signal. Left out: the second one ends the process at once.
 */
export function stopOnSignals(cli: Cli, onAgain?: () => void): Stopping {
  const abort = new AbortController();
  let signalName: NodeJS.Signals | undefined;
  const release = (): void => {
    for (const signal of SIGNALS) process.off(signal, stop);
    cli.out.gone.removeEventListener('abort', onGone);
  };
  const stop = (signal: NodeJS.Signals): void => {
    if (abort.signal.aborted) return onAgain?.();
    if (onAgain === undefined) release();
    signalName = signal;
    cli.exitCode = signalExitCode(signal);
    abort.abort();
  };
  const onGone = (): void => abort.abort();
  for (const signal of SIGNALS) process.on(signal, stop);
  cli.out.gone.addEventListener('abort', onGone);
  if (cli.out.gone.aborted) onGone();
  return {
    signal: abort.signal,
    get signalName() {
      return signalName;
    },
    stop,
    [Symbol.dispose]: release,
  };
}

/** Emits once when the signal is aborted; at once if it has been. For `takeUntil`. */
export function aborted(signal: AbortSignal): Observable<void> {
  return new Observable(subscriber => {
    const onAbort = (): void => {
      subscriber.next();
      subscriber.complete();
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    return () => signal.removeEventListener('abort', onAbort);
  });
}

/** The version in this package's own package.json. */
export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('package.json', PACKAGE_FOLDER), 'utf8')) as { readonly version: string };
  return manifest.version;
}

/** What a text of JSON says, as a codec reads it. `undefined`: it is no JSON, or says something else. */
export function readJson<A>(codec: Decoder<unknown, A>, text: string): A | undefined {
  const decoded = codec.decode(parsedJson(text));
  return decoded._tag === 'Right' ? decoded.right : undefined;
}

/** An option that may be given several times: its values in their order. `without` is what the help gives as its default. */
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

/** The folder of this package, found by the package's name: which of its files this module becomes a part of is decided by the build. */
export const PACKAGE_FOLDER: URL = new URL('./', pathToFileURL(createRequire(import.meta.url).resolve('greengrass-rx/package.json')));
