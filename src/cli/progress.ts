import { interval } from 'rxjs';
import type { Cli } from './cli.js';

/** How often a line of progress is drawn, in milliseconds. */
const EVERY = 200;

/**
 * One line on a terminal's stderr, drawn anew while long work goes on. Elsewhere nothing is drawn. Work that is shorter than a
 * moment shows none. The result ends it and leaves no trace of it.
 */
export function showProgress({ err }: Cli, line: () => string): () => void {
  if (!err.isTerminal) return () => undefined;
  const drawing = interval(EVERY).subscribe(() => err.redraw(err.style('dim', line().slice(0, err.width - 1))));
  return () => {
    drawing.unsubscribe();
    err.redraw();
  };
}
