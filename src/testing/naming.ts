import { describeValue } from './describe-value.js';
import type { Drawn } from './diagram.js';
import { differenceOf, type Difference } from './equal.js';
import type { LaneEvent } from './lane.js';
import { untaken } from './letters.js';
import { isTable, symbolDifference, valueOfMessage, type Tables } from './symbols.js';

/** Gives symbols to what came: those of the tables where they fit, else letters of its own, the same one to equal values. */
export class NameGiver {
  readonly #tables: Tables;
  /** The tables' symbols, those of the diagram first. */
  readonly #known: readonly string[];
  readonly #given: { readonly symbol: string; readonly value: unknown }[] = [];
  readonly #nextLetter: () => string;

  constructor(drawn: readonly Drawn[], tables: Tables) {
    this.#tables = tables;
    const { values = {}, lefts = {} } = tables;
    const inDiagram = drawn.flatMap(one => (one.kind === 'N' ? [one.symbol] : []));
    this.#known = [...new Set([...inDiagram, ...Object.keys(values), ...Object.keys(lefts)])].filter(symbol => symbol !== '#');
    this.#nextLetter = untaken(new Set(this.#known), 'capitals');
  }

  /** The symbol of something that came; the one drawn in its place is asked first. */
  of(event: LaneEvent, drawn?: Drawn): string {
    if (event.kind !== 'N') return event.kind === 'C' ? '|' : '#';
    const { value } = event;
    const candidates = drawn?.kind === 'N' ? [drawn.symbol, ...this.#known] : this.#known;
    const known = candidates.find(symbol => symbolDifference(symbol, value, this.#tables) === undefined);
    if (known !== undefined) return known;
    const content = valueOfMessage(value);
    if (!isTable(this.#tables.values) && typeof content === 'string' && content.length === 1) return content;
    const before = this.#given.find(given => differenceOf(given.value, value) === undefined);
    if (before !== undefined) return before.symbol;
    const symbol = this.#nextLetter();
    this.#given.push({ symbol, value });
    return symbol;
  }

  /** A line for each of these symbols that stands for something. */
  legend(symbols: readonly string[]): readonly string[] {
    const { values, lefts } = this.#tables;
    return [...new Set(symbols)].flatMap(symbol => {
      if (symbol === '#' || values?.[symbol] === symbol) return [];
      const given = this.#given.find(one => one.symbol === symbol);
      if (given !== undefined) return [`${symbol} = ${describeValue(valueOfMessage(given.value))}`];
      if (lefts !== undefined && Object.hasOwn(lefts, symbol)) return [`${symbol} = Left ${describeValue(lefts[symbol])}`];
      if (values !== undefined && Object.hasOwn(values, symbol)) return [`${symbol} = ${describeValue(values[symbol])}`];
      return [];
    });
  }
}

/** Where two values part. */
export function differenceText({ path, expected, actual }: Difference): string {
  return `${path}: expected ${describeValue(expected)}, received ${describeValue(actual)}`;
}
