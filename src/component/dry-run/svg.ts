import type { Diagram } from './diagram-model.js';
import { type Band, type Box, layOut, SIZE } from './layout.js';

const STYLE = `
    .diagram { --ink: #1b1f24; --line: #6b7685; --band: #f4f6f8; --stage: #ffffff; --topic: #e6f1ff; background: #ffffff; }
    @media (prefers-color-scheme: dark) {
      .diagram { --ink: #e6edf3; --line: #8b96a5; --band: #161b22; --stage: #21262d; --topic: #10273f; background: #0d1117; }
    }
    text { font: 12px ui-monospace, Menlo, Consolas, monospace; fill: var(--ink); }
    .name { font-weight: 600; }
    .band { fill: var(--band); }
    rect.stage { fill: var(--stage); stroke: var(--line); }
    rect.in, rect.out { fill: var(--topic); stroke: var(--line); }
    rect.unknown { fill: none; stroke: var(--line); stroke-dasharray: 4; }
    path { fill: none; stroke: var(--line); }
    marker path { fill: var(--line); stroke: none; }
  `;

/** A diagram as an SVG document of its own: no script, no font and no picture from elsewhere; light or dark as the reader's system is. */
export const svgOf = (diagram: Diagram): string => {
  const { width, height, boxes, bands } = layOut(diagram);
  const byId = new Map(boxes.map(box => [box.node.id, box]));
  const arrows = diagram.edges.flatMap(({ from, to }) => {
    const [source, target] = [byId.get(from), byId.get(to)];
    return source === undefined || target === undefined ? [] : [arrowOf(source, target)];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="diagram" role="img" width="${px(width)}" height="${px(height)}" viewBox="0 0 ${px(width)} ${px(height)}">`,
    `  <title>${escaped(diagram.title)}</title>`,
    `  <style>${STYLE}</style>`,
    '  <defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>',
    ...bands.map(band => bandOf(band, width)),
    ...arrows,
    ...boxes.map(boxOf),
    '</svg>',
    '',
  ].join('\n');
};

const bandOf = ({ branch, y, height }: Band, width: number): string => {
  const title = branch ?? 'subscribed later';
  const x = SIZE.margin;
  return [
    `  <rect class="band" x="${px(x)}" y="${px(y)}" width="${px(width - 2 * x)}" height="${px(height)}" rx="8"/>`,
    `  <text class="name" x="${px(x + SIZE.padding)}" y="${px(y + 18)}">${escaped(title)}</text>`,
  ].join('\n');
};

const boxOf = ({ node, x, y, width, height }: Box): string => {
  const round = node.role === 'stage' ? 4 : height / 2;
  const lines = node.lines.map((line, i) => {
    const name = i === 0 ? ' class="name"' : '';
    return `<text${name} x="${px(x + SIZE.padding)}" y="${px(y + SIZE.padding + SIZE.line * (i + 0.75))}">${escaped(line)}</text>`;
  });
  return `  <g><rect class="${node.role}" x="${px(x)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" rx="${px(Math.min(round, 14))}"/>${lines.join('')}</g>`;
};

const arrowOf = (source: Box, target: Box): string => {
  const [x1, y1] = [source.x + source.width, source.y + source.height / 2];
  const [x2, y2] = [target.x, target.y + target.height / 2];
  const bend = Math.max(24, (x2 - x1) / 2);
  return `  <path d="M${px(x1)} ${px(y1)} C${px(x1 + bend)} ${px(y1)} ${px(x2 - bend)} ${px(y2)} ${px(x2)} ${px(y2)}" marker-end="url(#arrow)"/>`;
};

const px = (value: number): string => String(Math.round(value * 10) / 10);

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** XML has no way to write control characters other than line breaks and tabs. */
const escaped = (text: string): string =>
  // eslint-disable-next-line no-control-regex -- these are the ones meant
  text.replace(/[&<>"]/g, char => ENTITIES[char] ?? char).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd');
