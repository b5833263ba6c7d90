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
