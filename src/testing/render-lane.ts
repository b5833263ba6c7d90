import { describeValue, isEither } from './describe-value.js';
import { differenceOf } from './equal.js';
import type { Lane, LaneEvent } from './lane.js';
import { untaken } from './letters.js';
import { draw } from './picture.js';
import { valueOfMessage } from './symbols.js';

/** What happened, as a diagram and its tables: what `toBeMarble` would have to be given. */
export interface RenderedLane {
  readonly diagram: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** Tags of the errors that symbols stand for. */
  readonly lefts: Readonly<Record<string, string>>;
}

/** Draws what happened: small letters for values, capitals for `Left`s, equal values with the same letter. */
export function renderLane(events: readonly LaneEvent[]): RenderedLane {
  const taken = new Set<string>();
  const small = untaken(taken, 'small');
  const capital = untaken(taken, 'capitals');
  const values: Record<string, unknown> = {};
  const lefts: Record<string, string> = {};
  const symbolOf = (value: unknown): string => {
    if (isEither(value) && value._tag === 'Left') {
      const tag = tagOf(value.left);
      const known = Object.keys(lefts).find(symbol => lefts[symbol] === tag);
      const symbol = known ?? capital();
      lefts[symbol] = tag;
      return symbol;
    }
    const content = valueOfMessage(value);
    const known = Object.keys(values).find(symbol => differenceOf(values[symbol], content) === undefined);
    const symbol = known ?? small();
    values[symbol] = content;
    return symbol;
  };
  const cells = new Map<number, string[]>();
  for (const event of events) {
    const symbol = event.kind === 'N' ? symbolOf(event.value) : event.kind === 'C' ? '|' : '#';
    cells.set(event.at, [...(cells.get(event.at) ?? []), symbol]);
  }
  return { diagram: draw([cells]).rows[0] ?? '', values, lefts };
}

/** A lane as text, for snapshots: the diagram, and a line for each symbol. */
export function laneText(lane: Lane): string {
  const { diagram, values, lefts } = renderLane(lane.events());
  return [
    diagram === '' ? '(nothing)' : diagram,
    ...Object.entries(values).map(([symbol, value]) => `${symbol} = ${describeValue(value)}`),
    ...Object.entries(lefts).map(([symbol, tag]) => `${symbol} = Left ${tag}`),
  ].join('\n');
}

function tagOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && '_tag' in error && typeof error._tag === 'string') return error._tag;
  return describeValue(error);
}
