import { describeValue, type Difference, differenceOf } from './equal.js';
import { type Cells, cellText, draw, type Drawn, duration } from './diagram.js';
import type { LaneEvent } from './lane.js';
import { errorDifference, isTable, symbolDifference, symbolProblem, type Tables, untaken, valueOfMessage } from './symbols.js';

/** Frames whose difference is told one by one. */
const MAX_TOLD = 8;
/** Letters of one frame that are told. */
const MAX_LISTED = 80;

/**
 * Compares what happened on a lane with a diagram. `undefined`: it is as drawn. Otherwise a picture of both, one under the other, with
 * the frames that differ marked and the values named.
 */
export function marbleDifference(
  label: string,
  events: readonly LaneEvent[],
  drawn: readonly Drawn[],
  tables: Tables,
  headline = `${label} is not as drawn.`,
): string | undefined {
  for (const one of drawn) {
    const problem = one.kind === 'N' ? symbolProblem(one.symbol, tables) : undefined;
    if (problem !== undefined) return `${label}: ${problem}`;
  }
  const expected = byFrame(drawn);
  const received = byFrame(events);
  const frames = [...new Set([...expected.keys(), ...received.keys()])].sort((a, b) => a - b);
  const differing = frames.filter(at => !isAsDrawn(expected.get(at) ?? [], received.get(at) ?? [], tables));
  if (differing.length === 0) return undefined;

  const names = new NameGiver(drawn, tables);
  const expectedCells = cellsOf(expected, one => symbolOf(one));
  const receivedCells = new Map(
    [...received].map(([at, there]) => [at, there.map((event, i) => names.of(event, (expected.get(at) ?? [])[i]))] as const),
  );
  const told = differing.slice(0, MAX_TOLD).map(at => {
    const [wanted, got] = [expected.get(at) ?? [], received.get(at) ?? []];
    const symbols = { wanted: expectedCells.get(at) ?? [], got: receivedCells.get(at) ?? [] };
    const how = wanted.length === got.length ? wanted.map((one, i) => howDifferent(one, got[i], tables)) : [];
    return [`  ${frameText(at)}: expected ${listed(symbols.wanted)}, received ${listed(symbols.got)}`, ...how.flat()].join('\n');
  });
  const more = differing.length - told.length;
  const used = differing.slice(0, MAX_TOLD).flatMap(at => [...(expectedCells.get(at) ?? []), ...(receivedCells.get(at) ?? [])]);
  return [
    headline,
    '',
    ...comparison(expectedCells, receivedCells, differing),
    '',
    ...told,
    ...(more > 0 ? [`  and ${more} more ${more === 1 ? 'frame' : 'frames'}`] : []),
    ...events.flatMap(event =>
      event.kind === 'E' && !drawn.some(({ kind }) => kind === 'E') ? [`  # = ${describeValue(event.error)}`] : [],
    ),
    ...names.legend(used).map(line => `  ${line}`),
  ].join('\n');
}

function byFrame<T extends { readonly at: number }>(all: readonly T[]): Map<number, T[]> {
  const frames = new Map<number, T[]>();
  for (const one of all) {
    const there = frames.get(one.at);
    if (there === undefined) frames.set(one.at, [one]);
    else there.push(one);
  }
  return frames;
}

function cellsOf<T>(frames: ReadonlyMap<number, readonly T[]>, symbolOf: (one: T) => string): Cells {
  return new Map([...frames].map(([at, there]) => [at, there.map(symbolOf)]));
}

function symbolOf(drawn: Drawn): string {
  if (drawn.kind === 'N') return drawn.symbol;
  return drawn.kind === 'C' ? '|' : '#';
}

function isAsDrawn(drawn: readonly Drawn[], events: readonly LaneEvent[], tables: Tables): boolean {
  return drawn.length === events.length && drawn.every((one, i) => isSame(one, events[i], tables));
}

function isSame(drawn: Drawn, event: LaneEvent | undefined, tables: Tables): boolean {
  if (drawn.kind !== event?.kind) return false;
  if (drawn.kind === 'N' && event.kind === 'N') return symbolDifference(drawn.symbol, event.value, tables) === undefined;
  return (
    event.kind !== 'E' ||
    tables.values === undefined ||
    !('#' in tables.values) ||
    errorDifference(tables.values['#'], event.error) === undefined
  );
}

/** Where a value differs from the one that should be in its place, if that is somewhere inside. */
function howDifferent(drawn: Drawn, event: LaneEvent | undefined, tables: Tables): readonly string[] {
  if (drawn.kind === 'E' && event?.kind === 'E' && !isSame(drawn, event, tables)) {
    return [`    the error: expected ${describeValue(tables.values?.['#'])}, received ${describeValue(event.error)}`];
  }
  if (drawn.kind !== 'N' || event?.kind !== 'N') return [];
  const difference = symbolDifference(drawn.symbol, event.value, tables);
  return difference === undefined || difference.path === '' ? [] : [`    ${differenceText(difference)}`];
}

/** A frame by its number, and as the time that it is where that is easier to read. */
function frameText(at: number): string {
  return at < 1_000 ? `frame ${at}` : `frame ${at} (${duration(at)})`;
}

function listed(symbols: readonly string[]): string {
  if (symbols.length === 0) return 'nothing';
  const text = cellText(symbols);
  return text.length > MAX_LISTED ? `${text.slice(0, MAX_LISTED)}…` : text;
}

/** Characters of a row. */
const WIDEST = 110;

/** Two rows one under the other on one axis of time, and under them marks at the frames that differ. Long ones are cut around the first. */
export function comparison(expected: Cells, received: Cells, differing: readonly number[]): readonly string[] {
  const { rows, columnOf } = draw([expected, received]);
  let marks = '';
  for (const at of differing) {
    const width = Math.max(...[expected, received].map(row => (row.has(at) ? cellText(row.get(at) ?? []).length : 0)));
    marks = marks.padEnd(columnOf(at), ' ').slice(0, columnOf(at)) + '^'.repeat(width);
  }
  const from = Math.max(0, (differing[0] === undefined ? 0 : columnOf(differing[0])) - WIDEST / 2);
  const cut = (row: string): string => {
    const kept = row.slice(from, from + WIDEST);
    return (from > 0 ? '…' : '') + kept + (row.length > from + WIDEST ? '…' : '');
  };
  const [expectedRow = '', receivedRow = ''] = rows;
  const shown = (row: string, cells: Cells): string => (cells.size === 0 ? '(nothing)' : cut(row));
  const marked = `${from > 0 ? ' ' : ''}${marks.slice(from, from + WIDEST)}`;
  const marksRow = differing.length === 0 ? [] : [`            ${marked}`];
  return [`  expected  ${shown(expectedRow, expected)}`, `  received  ${shown(receivedRow, received)}`, ...marksRow];
}

/** Gives symbols to what came: those of the tables where they fit, else letters that are free. Equal values get the same letter. */
class NameGiver {
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
