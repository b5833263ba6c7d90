/** What a diagram says happens at a frame. */
export type Drawn = { readonly at: number } & (
  { readonly kind: 'N'; readonly symbol: string } | { readonly kind: 'C' } | { readonly kind: 'E' }
);

/**
 * Reads a marble diagram: RxJS' syntax in full, one frame a millisecond. RxJS' own reader is not used because it takes seconds for the
 * thousands of symbols of a day.
 *
 * @see https://rxjs.dev/guide/testing/marble-testing#marble-syntax
 */
export function parseDiagram(diagram: string): readonly Drawn[] {
  const marks = marksOf(diagram);
  // Frame 0 is where a hot Observable is subscribed.
  const zero = marks.find(({ symbol }) => symbol === '^')?.at ?? 0;
  return marks.flatMap(({ at, symbol }): Drawn[] => {
    switch (symbol) {
      case '^':
        return [];
      case '!':
        throw new TypeError(`The diagram "${diagram}" has a "!", which only diagrams of subscriptions may have.`);
      case '|':
        return [{ at: at - zero, kind: 'C' }];
      case '#':
        return [{ at: at - zero, kind: 'E' }];
      default:
        return [{ at: at - zero, kind: 'N', symbol }];
    }
  });
}

/** From when to when a subscription is open. `Infinity`: to the end. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Reads a subscription diagram: `^` and `!`. */
export function parseSpan(diagram: string): Span {
  let from: number | undefined;
  let to: number | undefined;
  for (const { at, symbol } of marksOf(diagram)) {
    if (symbol === '^' && from === undefined) from = at;
    else if (symbol === '!' && to === undefined) to = at;
    else throw new TypeError(`The diagram "${diagram}" is none of a subscription: it may have one "^" and one "!".`);
  }
  if (from === undefined) throw new TypeError(`The diagram "${diagram}" does not say when the subscription begins: it has no "^".`);
  return { from, to: to ?? Infinity };
}

/** The last frame that a diagram speaks of. */
export function lengthOf(diagram: string): number {
  return parseDiagram(diagram).reduce((last, { at }) => Math.max(last, at), 0);
}

interface Mark {
  readonly at: number;
  readonly symbol: string;
}

/** Such as `1.5s`, at the beginning or after a space, with a space after it. */
const TIME = /(?<=^| )(\d+(?:\.\d+)?)(ms|s|m) /y;
const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 };

/** Every symbol with its frame. */
function marksOf(diagram: string): readonly Mark[] {
  const marks: Mark[] = [];
  let frame = 0;
  let group: number | undefined;
  for (let i = 0; i < diagram.length;) {
    TIME.lastIndex = i;
    const [text, amount, unit] = TIME.exec(diagram) ?? [];
    if (text !== undefined) {
      frame += Number(amount) * (MILLISECONDS[unit ?? ''] ?? 0);
      i += text.length;
      continue;
    }
    const symbol = String.fromCodePoint(diagram.codePointAt(i) ?? 0);
    i += symbol.length;
    if (symbol === ' ') continue;
    if (symbol === '(') {
      if (group !== undefined) throw new TypeError(`The diagram "${diagram}" has a group within a group.`);
      group = frame;
    } else if (symbol === ')') {
      if (group === undefined) throw new TypeError(`The diagram "${diagram}" closes a group that it has not opened.`);
      group = undefined;
    } else if (symbol !== '-') marks.push({ at: group ?? frame, symbol });
    frame++;
  }
  if (group !== undefined) throw new TypeError(`The diagram "${diagram}" has a group that is not closed.`);
  return marks;
}

/** What stands at a frame in one row of a picture: one symbol, or several in a group. */
export type Cells = ReadonlyMap<number, readonly string[]>;

/** Rows of text on one axis of time. */
export interface Picture {
  readonly rows: readonly string[];
  /** The column where a frame's cells begin. */
  readonly columnOf: (at: number) => number;
}

/** Empty frames that are drawn as dashes. More of them are written as a time, such as `59s 990ms`. */
const MAX_DASHES = 30;

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
    // A group is wider than its frame, and takes up the frames it covers.
    const free = column + (at - time);
    if (at - time - (end - column) > MAX_DASHES) {
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
