import { parseSpan, type Span } from './diagram.js';
import { checkNowOrLater } from './expect-lane.js';
import type { Deferral } from './lane.js';
import type { TimedNucleusEvent } from './memory-record.js';
import type { Cells } from './picture.js';
import { comparison } from './compare.js';

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

/** Of the subscriptions at a nucleus. */
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

/** Of the subscriptions to a source. */
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
