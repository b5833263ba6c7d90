import type { Diagram, DiagramDirection } from './diagram-model.js';
import { type Band, type Box, layOut, SIZE } from './layout.js';

const STYLE = `
    .diagram { --ink: #1b1f24; --line: #6b7685; --band: #f4f6f8; --stage: #ffffff; --topic: #e6f1ff; --lost: #d1242f; background: #ffffff; max-width: 100%; height: auto; }
    @media (prefers-color-scheme: dark) {
      .diagram { --ink: #e6edf3; --line: #8b96a5; --band: #161b22; --stage: #21262d; --topic: #10273f; --lost: #ff7b72; background: #0d1117; }
    }
    text { font: 12px ui-monospace, Menlo, Consolas, monospace; fill: var(--ink); }
    .title { font-size: 14px; font-weight: 600; }
    .name { font-weight: 600; }
    .band { fill: var(--band); }
    rect.stage { fill: var(--stage); stroke: var(--line); }
    rect.in, rect.out { fill: var(--topic); stroke: var(--line); }
    rect.unknown { fill: none; stroke: var(--line); stroke-dasharray: 4; }
    rect.lost { stroke: var(--lost); stroke-width: 2; }
    path { fill: none; stroke: var(--line); }
    marker path { fill: var(--line); stroke: none; }
  `;

/** A diagram as an SVG document of its own: no script, no font and no picture from elsewhere; light or dark as the reader's system is. */
export function svgOf(diagram: Diagram, direction: DiagramDirection = 'right'): string {
  const { width, height, boxes, bands } = layOut(diagram, direction);
  const byId = new Map(boxes.map(box => [box.node.id, box]));
  const arrows = diagram.edges.flatMap(({ from, to }) => {
    const [source, target] = [byId.get(from), byId.get(to)];
    return source === undefined || target === undefined ? [] : [arrowOf[direction](source, target)];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="diagram" role="img" width="${px(width)}" height="${px(height)}" viewBox="0 0 ${px(width)} ${px(height)}">`,
    `  <title>${escaped(diagram.title)}</title>`,
    `  <style>${STYLE}</style>`,
    '  <defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>',
    `  <text class="title" x="${px(SIZE.margin)}" y="${px(SIZE.margin + 14)}">${escaped(diagram.title)}</text>`,
    ...bands.map(band => bandOf(band, width)),
    ...arrows,
    ...boxes.map(boxOf),
    '</svg>',
    '',
  ].join('\n');
}

function bandOf({ branch, y, height }: Band, width: number): string {
  const title = branch ?? 'of no known branch';
  const x = SIZE.margin;
  return [
    `  <rect class="band" x="${px(x)}" y="${px(y)}" width="${px(width - 2 * x)}" height="${px(height)}" rx="8"/>`,
    `  <text class="name" x="${px(x + SIZE.padding)}" y="${px(y + 18)}">${escaped(title)}</text>`,
  ].join('\n');
}

/** Where arrows down leave and enter boxes: one below the other, whatever their widths. */
const DOWN = 40;

function boxOf({ node, x, y, width, height }: Box): string {
  const round = node.role === 'stage' ? 4 : height / 2;
  const lines = node.lines.map((line, i) => {
    const name = i === 0 ? ' class="name"' : '';
    return `<text${name} x="${px(x + SIZE.padding)}" y="${px(y + SIZE.padding + SIZE.line * (i + 0.75))}">${escaped(line)}</text>`;
  });
  return `  <g><rect class="${node.role}${node.lost ? ' lost' : ''}" x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" rx="${px(Math.min(round, 14))}"/>${lines.join('')}</g>`;
}

function pathOf(from: Point, bendFrom: Point, bendTo: Point, to: Point): string {
  const [start, one, other, end] = [from, bendFrom, bendTo, to].map(({ x, y }) => `${px(x)} ${px(y)}`);
  return `  <path d="M${start} C${one} ${other} ${end}" marker-end="url(#arrow)"/>`;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

const arrowOf: Readonly<Record<DiagramDirection, (source: Box, target: Box) => string>> = {
  right: (source, target) => {
    const from = { x: source.x + source.width, y: source.y + source.height / 2 };
    const to = { x: target.x, y: target.y + target.height / 2 };
    const bend = Math.max(24, (to.x - from.x) / 2);
    return pathOf(from, { x: from.x + bend, y: from.y }, { x: to.x - bend, y: to.y }, to);
  },
  down: (source, target) => {
    const from = { x: source.x + DOWN, y: source.y + source.height };
    const to = { x: target.x + DOWN, y: target.y };
    const bend = Math.max(12, (to.y - from.y) / 2);
    return pathOf(from, { x: from.x, y: from.y + bend }, { x: to.x, y: to.y - bend }, to);
  },
};

function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** XML has no way to write control characters other than line breaks and tabs. */
function escaped(text: string): string {
  // eslint-disable-next-line no-control-regex -- these are the ones meant
  return text.replace(/[&<>"]/g, char => ENTITIES[char] ?? char).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd');
}
