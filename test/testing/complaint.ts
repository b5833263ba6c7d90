import { marbles, type MarbleKit, type MarbleOptions } from '../../src/testing/index.js';

/** What a check says when it fails. */
export function said(failing: () => void): string {
  try {
    failing();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return '(it passed)';
}

/** What a marble test says when it fails. */
export function complaint(check: (kit: MarbleKit) => void, options?: MarbleOptions): string {
  return said(marbles(check, options));
}
