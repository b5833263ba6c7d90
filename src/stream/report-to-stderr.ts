import { asyncScheduler } from 'rxjs';

/** Milliseconds of silence after a line about one tag. */
const QUIET = 10_000;
/** Tags told apart; errors of any further tag share one line. A tag can be data, and this map must not grow with it. */
const MAX_TAGS = 32;

interface Line {
  /** When it was last written, in milliseconds. */
  at: number;
  /** Errors since then that were not written. */
  withheld: number;
}

/** What becomes of errors that nobody looks at. */
export interface Reporter {
  readonly left: (error: unknown) => void;
  /** Writes how many were withheld, so that none goes uncounted. */
  readonly end: () => void;
}

const tagOf = (error: unknown): string => {
  const tag = typeof error === 'object' && error !== null ? (error as { readonly _tag?: unknown })._tag : undefined;
  return typeof tag === 'string' ? tag : 'Left';
};

const textOf = (error: unknown): string => {
  try {
    const message = typeof error === 'object' && error !== null ? (error as { readonly message?: unknown }).message : undefined;
    return typeof message === 'string' ? message : String(error);
  } catch {
    return 'an error that cannot be printed';
  }
};

/** Writes errors to stderr, a line a tag, at a bounded rate and from bounded memory. */
export const reportToStderr = (): Reporter => {
  const lines = new Map<string, Line>();

  return {
    left: error => {
      const tag = tagOf(error);
      const key = lines.has(tag) || lines.size < MAX_TAGS ? tag : 'others';
      const now = asyncScheduler.now();
      const line = lines.get(key);
      if (line !== undefined && now - line.at < QUIET) {
        line.withheld += 1;
        return;
      }
      const withheld = line?.withheld ?? 0;
      lines.set(key, { at: now, withheld: 0 });
      console.error(
        `greengrass-rx: ${tag}: ${textOf(error)}${withheld === 0 ? '' : ` (and ${String(withheld)} more since the last such line)`}`,
      );
    },
    end: () => {
      for (const [key, { withheld }] of lines)
        if (withheld > 0) console.error(`greengrass-rx: ${key}: ${String(withheld)} more were not written`);
      lines.clear();
    },
  };
};
