import { readFileSync } from 'node:fs';
import { Observable } from 'rxjs';
import { signalExitCode } from './cli-error.js';
import { Output } from './output.js';
import { PACKAGE_FOLDER } from './package-folder.js';

/** What every command is handed. */
export interface Cli {
  /** Results, for the next program in the pipe. */
  readonly out: Output;
  /** Progress and problems, for the person. */
  readonly err: Output;
  readonly env: NodeJS.ProcessEnv;
  /** How the process will end. A command sets it when that is not {@link EXIT.OK}; a thrown `CliError` sets it by itself. */
  exitCode: number;
}

export function processCli(): Cli {
  return { out: new Output(process.stdout), err: new Output(process.stderr), env: process.env, exitCode: 0 };
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
