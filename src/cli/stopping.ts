import type { Cli } from './cli.js';
import { signalExitCode } from './exit-code.js';

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
