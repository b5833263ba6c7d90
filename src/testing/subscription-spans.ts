import { parseSpan, type Span } from './diagram.js';
import { checkNowOrLater } from './expect-lane.js';
import type { Deferral } from './lane.js';
import type { TimedNucleusEvent } from './memory-nucleus.js';
import { duration } from './picture.js';

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
  const same =
    expected.length === received.length && expected.every(({ from, to }, i) => from === received[i]?.from && to === received[i].to);
  if (same) return undefined;
  return [`${label} are not as drawn.`, '', ...rows('expected', expected), ...rows('received', received)].join('\n');
}

function rows(title: string, spans: readonly Span[]): readonly string[] {
  if (spans.length === 0) return [`  ${title}  (none)`];
  return spans.map((span, i) => `  ${i === 0 ? title : ' '.repeat(title.length)}  ${drawSpan(span)}`);
}

function drawSpan({ from, to }: Span): string {
  const begun = `${time(from)}^`;
  if (to === Infinity) return begun;
  return from === to ? `${time(from)}(^!)` : `${begun}${time(to - from - 1)}!`;
}

function time(frames: number): string {
  return frames > 60 ? ` ${duration(frames)} ` : '-'.repeat(frames);
}
