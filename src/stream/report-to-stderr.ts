import { reportAtTimes } from './report-at-times.js';
import { tagOf } from './tag.js';

/** {@link reportAtTimes}, by tag and on stderr. */
export interface StderrReporter {
  readonly left: (error: unknown) => void;
  readonly end: () => void;
}

function textOf(error: unknown): string {
  try {
    const message = typeof error === 'object' && error !== null ? (error as { readonly message?: unknown }).message : undefined;
    return typeof message === 'string' ? message : String(error);
  } catch {
    return 'an error that cannot be printed';
  }
}

/** Writes errors to stderr, a line a tag, at a bounded rate and from bounded memory. */
export function reportToStderr(): StderrReporter {
  const reporter = reportAtTimes(({ key, error, withheld }) => {
    if (error === undefined) console.error(`greengrass-rx: ${key}: ${String(withheld)} more were not written`);
    else
      console.error(
        `greengrass-rx: ${key}: ${textOf(error)}${withheld === 0 ? '' : ` (and ${String(withheld)} more since the last such line)`}`,
      );
  });
  return { left: error => reporter.left(tagOf(error) ?? 'Left', error ?? 'an error that is nothing'), end: reporter.end };
}
