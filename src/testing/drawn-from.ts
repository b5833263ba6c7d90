import type { Drawn } from './diagram.js';
import { differenceOf } from './equal.js';
import type { LaneEvent } from './lane.js';
import { untaken } from './letters.js';

/** What happened, as if it had been drawn: the table says what each symbol stands for. Values of one letter stand for themselves. */
export function drawnFrom(events: readonly LaneEvent[]): {
  readonly drawn: readonly Drawn[];
  readonly values: Readonly<Record<string, unknown>>;
} {
  const values: Record<string, unknown> = {};
  for (const event of events) if (event.kind === 'N' && isLetter(event.value)) values[event.value] = event.value;
  const next = untaken(new Set(Object.keys(values)), 'small');
  const symbolOf = (value: unknown): string => {
    const symbol = Object.keys(values).find(key => differenceOf(values[key], value) === undefined) ?? next();
    values[symbol] = value;
    return symbol;
  };
  const drawn = events.map((event): Drawn => {
    if (event.kind === 'N') return { at: event.at, kind: 'N', symbol: symbolOf(event.value) };
    return { at: event.at, kind: event.kind };
  });
  const failure = events.find(event => event.kind === 'E');
  if (failure?.kind === 'E') values['#'] = failure.error;
  return { drawn, values };
}

function isLetter(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9]$/.test(value);
}
