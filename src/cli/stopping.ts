import type { Cli } from './cli.js';
import { signalExitCode } from './exit-code.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Why a command that would go on for ever ends. */
export interface Stopping extends Disposable {
  /** Aborted at the first SIGINT, SIGTERM or SIGHUP, and when nobody reads the output any more. */
  readonly signal: AbortSignal;
}

/**
 * Lets a command clean up before a signal ends it; the exit code is then that of the signal. The second signal ends the
 * process at once.
 */
export function stopOnSignals(cli: Cli): Stopping {
  const stop = new AbortController();
  const release = (): void => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
    cli.out.gone.removeEventListener('abort', onGone);
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    release();
    cli.exitCode = signalExitCode(signal);
    stop.abort(signal);
  };
  const onGone = (): void => stop.abort('the reader is gone');
  for (const signal of SIGNALS) process.on(signal, onSignal);
  cli.out.gone.addEventListener('abort', onGone);
  if (cli.out.gone.aborted) onGone();
  return { signal: stop.signal, [Symbol.dispose]: release };
}
