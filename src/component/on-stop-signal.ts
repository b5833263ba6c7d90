import type { SchedulerLike } from 'rxjs';
import { steadyNow } from '../schedule/steady-now.js';

/** Within this time one Ctrl-C in a terminal comes twice: to the whole group of processes, and passed on by npm. */
const SAME = 500;

/**
 * Calls `stop` at the first SIGTERM or SIGINT. The next one that comes later than by chance ends the process at once, as without this.
 *
 * Returns a function that takes the listeners off.
 */
export const onStopSignal = (stop: (why: string) => void, scheduler: SchedulerLike): (() => void) => {
  const steady = steadyNow(scheduler);
  let first: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    const now = steady();
    if (first === undefined) {
      first = now;
      stop(signal);
    } else if (now - first >= SAME) {
      remove();
      process.kill(process.pid, signal);
    }
  };
  const remove = (): void => {
    process.off('SIGTERM', onSignal);
    process.off('SIGINT', onSignal);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return remove;
};
