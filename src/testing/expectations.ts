import type { Observable } from 'rxjs';
import { comparison, marbleDifference } from './compare.js';
import { type Cells, draw, type Drawn, parseSpan, type Span } from './diagram.js';
import { describeValue, differenceOf, isEither } from './equal.js';
import { type Deferral, type Lane, type LaneEvent, MarbleFailure } from './lane.js';
import type { TimedNucleusEvent } from './memory-record.js';
import { untaken, valueOfMessage } from './symbols.js';

/**
 * What happened, in the form of a diagram that was read: `values` says what each symbol stands for. Values of one letter stand for
 * themselves.
 */
function drawnFrom(events: readonly LaneEvent[]): {
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

/** What a lane can be expected to be. Checked when virtual time has run. */
export interface LaneExpectation {
  /**
   * As drawn, frame by frame. `values` says what the symbols stand for (without it each stands for itself); a plain value stands for the
   * `Right` with it and for the message with it as payload. `lefts` says which symbols stand for a `Left`, by its tag.
   */
  readonly toBeMarble: (diagram: string, values?: Readonly<Record<string, unknown>>, lefts?: Readonly<Record<string, unknown>>) => void;
  /** Nothing happened: no value, no end. */
  readonly toBeEmpty: () => void;
}

/** What a stream can be expected to be. */
export interface StreamExpectation extends LaneExpectation {
  /** Value for value and frame for frame what this one is, subscribed at the same frame. */
  readonly toEqual: (other$: Observable<unknown>) => void;
}

/** Compares a lane with another. */
export function expectSame(lane: Lane, other: Lane, askedBy: (...args: never[]) => unknown): void {
  const check = (): string | undefined => {
    const { drawn, values } = drawnFrom(other.events());
    return marbleDifference(lane.label, lane.events(), drawn, { values }, `${lane.label} does not equal the other.`);
  };
  checkNowOrLater(lane.run, check, askedBy);
}

/** Compares a lane with a diagram: now if its run is over, else at the end of it. */
export function expectLane(lane: Lane): LaneExpectation {
  const compare: LaneExpectation['toBeMarble'] = (diagram, values, lefts) => {
    const drawn = lane.run.expects(diagram);
    const check = (): string | undefined => marbleDifference(lane.label, lane.events(), drawn, { values, lefts });
    checkNowOrLater(lane.run, check, compare);
  };
  const toBeEmpty = (): void => compare('');
  return { toBeMarble: compare, toBeEmpty };
}

/** Makes a check now if the run is over, else at its end. */
export function checkNowOrLater(run: Lane['run'], check: () => string | undefined, askedBy: (...args: never[]) => unknown): void {
  const origin = new MarbleFailure('', askedBy);
  if (!run.isOver) {
    run.atEnd(check, origin);
    return;
  }
  const message = check();
  if (message !== undefined) throw origin.saying(run.explained(message));
}

/** What subscriptions at the nucleus can be expected to be. */
export interface SubscriptionsExpectation {
  /** One diagram for each subscription in the order they began: `^` where it begins and `!` where it ends. None: there was none. */
  readonly toBe: (...diagrams: readonly string[]) => void;
}

/** What RxJS' cold and hot Observables know of those who subscribed to them. */
export interface SubscriptionLogs {
  readonly subscriptions: readonly { readonly subscribedFrame: number; readonly unsubscribedFrame: number }[];
}

/** Compares subscriptions with diagrams. */
export function expectSpans(run: Deferral, label: string, received: () => readonly Span[]): SubscriptionsExpectation {
  const toBe = (...diagrams: readonly string[]): void => {
    const expected = diagrams.map(parseSpan);
    for (const { from, to } of expected) {
      run.reaches(from);
      run.reaches(to);
    }
    checkNowOrLater(run, () => spanDifference(label, expected, received()), toBe);
  };
  return { toBe };
}

/** From when to when there were subscriptions at a nucleus. */
export function spansAtNucleus(events: readonly TimedNucleusEvent[], filter: string | undefined): readonly Span[] {
  const spans: { from: number; to: number; readonly key: string }[] = [];
  for (const event of events) {
    if (event.kind !== 'subscribed' && event.kind !== 'unsubscribed') continue;
    if (filter !== undefined && event.filter !== filter) continue;
    const key = `${event.connection} ${event.streamId}`;
    if (event.kind === 'subscribed') spans.push({ from: event.at, to: Infinity, key });
    else for (const span of spans) if (span.key === key && span.to === Infinity) span.to = event.at;
  }
  return spans;
}

/** From when to when there were subscriptions to a source. */
export function spansOfSource({ subscriptions }: SubscriptionLogs): readonly Span[] {
  return subscriptions.map(({ subscribedFrame, unsubscribedFrame }) => ({ from: subscribedFrame, to: unsubscribedFrame }));
}

function spanDifference(label: string, expected: readonly Span[], received: readonly Span[]): string | undefined {
  const pairs = Array.from({ length: Math.max(expected.length, received.length) }, (_, i) => {
    const [wanted, got] = [cellsOf(expected[i]), cellsOf(received[i])];
    const frames = [...new Set([...wanted.keys(), ...got.keys()])].sort((a, b) => a - b);
    return { wanted, got, differing: frames.filter(at => wanted.get(at)?.join('') !== got.get(at)?.join('')) };
  });
  if (pairs.every(({ differing }) => differing.length === 0)) return undefined;
  return [`${label} are not as drawn.`, ...pairs.flatMap(({ wanted, got, differing }) => ['', ...comparison(wanted, got, differing)])].join(
    '\n',
  );
}

function cellsOf(span: Span | undefined): Cells {
  if (span === undefined) return new Map();
  const { from, to } = span;
  if (from === to) return new Map([[from, ['^', '!']]]);
  return new Map([[from, ['^']], ...(to === Infinity ? [] : [[to, ['!']] as const])]);
}
