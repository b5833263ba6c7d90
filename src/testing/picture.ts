/** What stands at a frame in one row of a picture: one symbol, or several in a group. */
export type Cells = ReadonlyMap<number, readonly string[]>;

/** Rows of text on one axis of time. */
export interface Picture {
  readonly rows: readonly string[];
  /** The column where a frame's cells begin. */
  readonly columnOf: (at: number) => number;
}

/** As many empty frames are drawn as dashes; a longer time is written as one, such as `59s 990ms`. */
const MOST_DASHES = 30;

/**
 * Draws rows in marble syntax, frame under frame. Each row alone is a diagram that can be read again, except where a group is followed by
 * something so soon that the syntax has no room for it: there the rest stands further right.
 */
export function draw(rows: readonly Cells[]): Picture {
  const frames = [...new Set(rows.flatMap(row => [...row.keys()]))].sort((a, b) => a - b);
  const lines = rows.map(() => '');
  const columns = new Map<number, number>();
  /** Where all rows have been drawn to, and the frame that would stand there. */
  let column = 0;
  let time = 0;
  for (const at of frames) {
    const end = Math.max(...lines.map(line => line.length));
    // Cells that reach past the frame before take up the frames they cover.
    const free = column + (at - time);
    if (at - time - (end - column) > MOST_DASHES) {
      const token = ` ${duration(at - time - (end - column))} `;
      for (const [i, line] of lines.entries()) lines[i] = line.padEnd(end, '-') + token;
      column = end + token.length;
    } else {
      const blocked = rows.some((row, i) => row.has(at) && (lines[i]?.length ?? 0) > free);
      column = blocked ? end : free;
    }
    time = at;
    columns.set(at, column);
    for (const [i, row] of rows.entries()) {
      const cell = row.get(at);
      if (cell !== undefined) lines[i] = (lines[i] ?? '').padEnd(column, '-') + cellText(cell);
    }
    column += 1;
    time += 1;
  }
  return { rows: lines, columnOf: at => columns.get(at) ?? 0 };
}

/** One frame's symbols as they stand in a diagram. */
export function cellText(symbols: readonly string[]): string {
  return symbols.length === 1 ? symbols.join('') : `(${symbols.join('')})`;
}

/** A time as diagrams write it. */
export function duration(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  const seconds = Math.floor((milliseconds % 60_000) / 1_000);
  const rest = milliseconds % 1_000;
  const parts = [minutes > 0 ? `${minutes}m` : '', seconds > 0 ? `${seconds}s` : '', rest > 0 ? `${rest}ms` : ''];
  return parts.filter(part => part !== '').join(' ');
}
