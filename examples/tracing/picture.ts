import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';

/** A span of a trace, and how many are above it. */
export interface Row {
  readonly span: ReadableSpan;
  readonly depth: number;
}

const idOf = (span: ReadableSpan): string => span.spanContext().spanId;
/** In milliseconds. */
const timeOf = ([seconds, nanoseconds]: readonly [number, number]): number => seconds * 1_000 + nanoseconds / 1_000_000;

/** Each trace from its first span down. Traces of several causes come last. */
export const treesOf = (spans: readonly ReadableSpan[]): readonly (readonly Row[])[] => {
  const known = new Set(spans.map(idOf));
  const parentOf = ({ parentSpanContext: parent }: ReadableSpan): string | undefined =>
    parent !== undefined && known.has(parent.spanId) ? parent.spanId : undefined;
  const inOrder = [...spans].sort(
    (one, other) => Math.sign(one.links.length) - Math.sign(other.links.length) || timeOf(one.startTime) - timeOf(other.startTime),
  );
  const below = (parent: string | undefined, depth: number): readonly Row[] =>
    inOrder.filter(span => parentOf(span) === parent).flatMap(span => [{ span, depth }, ...below(idOf(span), depth + 1)]);
  return inOrder.filter(span => parentOf(span) === undefined).map(span => [{ span, depth: 0 }, ...below(idOf(span), 1)]);
};

const COLOURS = ['#3b82f6', '#16a34a', '#f97316', '#a855f7', '#0891b2'];
const LEFT = 330;
const WIDTH = 520;
const ROW = 24;
const GAP = 16;

/** Draws each span as a bar over the time it took; a dashed line leads from a span to each that it has a link to. */
export const picture = (trees: readonly (readonly Row[])[]): string => {
  const spans = trees.flat().map(({ span }) => span);
  const first = Math.min(...spans.map(({ startTime }) => timeOf(startTime)));
  const last = Math.max(...spans.map(({ endTime }) => timeOf(endTime)));
  const x = (time: number): number => LEFT + ((time - first) / (last - first)) * WIDTH;
  const places = new Map<string, { readonly x: number; readonly y: number }>();
  const bars: string[] = [];
  const links: string[] = [];
  let y = 36;
  for (const [n, rows] of trees.entries()) {
    for (const { span, depth } of rows) {
      const from = x(timeOf(span.startTime));
      const width = Math.max(3, x(timeOf(span.endTime)) - from);
      const milliseconds = (timeOf(span.endTime) - timeOf(span.startTime)).toFixed(1);
      const colour = span.status.code === SpanStatusCode.ERROR ? '#dc2626' : COLOURS[n % COLOURS.length];
      places.set(idOf(span), { x: from, y: y + ROW / 2 });
      bars.push(`<text x="${12 + depth * 16}" y="${y + 16}">${span.name}</text>`);
      bars.push(`<rect x="${from.toFixed(1)}" y="${y + 4}" width="${width.toFixed(1)}" height="${ROW - 8}" rx="3" fill="${colour}" />`);
      bars.push(`<text x="${(from + width + 6).toFixed(1)}" y="${y + 16}" font-size="10">${milliseconds} ms</text>`);
      y += ROW;
    }
    y += GAP;
  }
  for (const span of spans) {
    const to = places.get(idOf(span));
    for (const { context } of span.links) {
      const from = places.get(context.spanId);
      if (from === undefined || to === undefined) continue;
      const side = LEFT - 14;
      links.push(
        `<path d="M${from.x.toFixed(1)} ${from.y}H${side}V${to.y}H${to.x.toFixed(1)}" fill="none" stroke="#8888" stroke-dasharray="4 3" />`,
      );
    }
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + WIDTH + 70} ${y}" font-family="sans-serif" font-size="12" fill="#888">`,
    '  <title>Traces of three readings: each from the sensor to the component, one on to an alarm, and all three linked to their mean</title>',
    `  <text x="12" y="20">a colour for each trace; dashed: links to what a mean was made of; ${(last - first).toFixed(0)} ms in all</text>`,
    ...links.map(link => `  ${link}`),
    ...bars.map(bar => `  ${bar}`),
    '</svg>\n',
  ].join('\n');
};
