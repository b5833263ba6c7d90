import { isEndInGoodOrder } from './kind.js';
import { reportToStderr } from './report-to-stderr.js';

/** Terminal errors that something deals with, or has promised to report. */
const handled = new WeakSet<object>();
const reporter = reportToStderr();

/** Something deals with the error: catches it, retries for it, raises it. */
export function markHandled(error: unknown): void {
  if (typeof error === 'object' && error !== null) handled.add(error);
}

/** Undoes {@link markHandled}, for those who held an error back and now let it go. */
export function markLetGo(error: unknown): void {
  if (typeof error === 'object' && error !== null) handled.delete(error);
}

/**
 * Called by whoever ends a stream with a terminal error, once that has gone all the way down: writes one line to stderr if nothing there
 * has dealt with it, and it is not the end that was wanted. A branch that ends must not end in silence, which to a supervisor looks like success. A bounded number of lines, as
 * {@link reportToStderr} writes them.
 */
export function reportUnhandled(error: unknown): void {
  if (typeof error !== 'object' || error === null || handled.has(error)) return;
  handled.add(error);
  if (!isEndInGoodOrder(error)) reporter.left(error);
}
