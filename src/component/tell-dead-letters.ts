import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { SchedulerLike } from 'rxjs';
import type { DeadLettered } from '../sinks/dead-letter-file.js';
import { reportAtTimes } from '../stream/unhandled.js';
import type { Log } from './log.js';

/** Where `deadLetterFile` says that it has written one. */
const DEAD_LETTERS = 'greengrass-rx:dead-letter';

/**
 * Logs dead letters that are written, so that they are not found only when somebody looks into the file: as what passes on the left of a branch, one for
 * those of a tag. Returns what ends it.
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
