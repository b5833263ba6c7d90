import type { Diagram, DiagramDirection, DiagramEdge, DiagramNode } from './diagram-model.js';

/** A box with its place; the origin is at the top left. */
export interface Box {
  readonly node: DiagramNode;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The boxes of a branch, one below those of the branch before. */
export interface Band {
  readonly branch: string | undefined;
  readonly y: number;
  readonly height: number;
}

/** Where everything is. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly bands: readonly Band[];
}

/** Pixels. A character is as wide here as in the widest monospaced font of this size. */
export const SIZE = {
  character: 7.3,
  titleCharacter: 8.5,
  line: 16,
  padding: 10,
  gapX: 44,
  gapY: 14,
  arrow: 26,
  margin: 16,
  title: 30,
  bandTitle: 26,
} as const;

/** Rounds of ordering: each pulls boxes towards those they are connected with. More rounds change nothing in diagrams of this size. */
const ROUNDS = 4;

/** Columns by how many stages lie before a box, bands by branch; within both, boxes are near what they are connected with. */
export function layOut(diagram: Diagram, direction: DiagramDirection = 'right'): Layout {
  return direction === 'right' ? toTheRight(diagram) : downwards(diagram);
}

/** Each band's boxes, by column, those of a column in their order. */
function bandsOf({ branches, nodes, edges }: Diagram, columnOf: ReadonlyMap<string, number>) {
  const last = Math.max(0, ...columnOf.values());
  return [...branches, undefined].flatMap(branch => {
    const inBand = nodes.filter(node => node.branch === branch);
    const cells = Array.from({ length: last + 1 }, (_, column) => inBand.filter(({ id }) => columnOf.get(id) === column));
    return inBand.length === 0 ? [] : [{ branch, cells: ordered(cells, edges) }];
  });
}

/** One band below the other, and in each a row for every column: for a page that is narrower than long. */
function downwards(diagram: Diagram): Layout {
  const boxes: Box[] = [];
  const bands: Band[] = [];
  let y: number = SIZE.margin + SIZE.title;
  for (const { branch, cells } of bandsOf(diagram, columns(diagram.nodes, diagram.edges))) {
    const top = y;
    y += SIZE.bandTitle;
    for (const cell of cells.filter(({ length }) => length > 0)) {
      let x = SIZE.margin * 2;
      for (const node of cell) {
        const box = { node, x, y, width: widthOf(node), height: boxHeightOf(node) };
        boxes.push(box);
        x += box.width + SIZE.gapY;
      }
      y += Math.max(...cell.map(boxHeightOf)) + SIZE.arrow;
    }
    y += SIZE.padding - SIZE.arrow;
    bands.push({ branch, y: top, height: y - top });
    y += SIZE.gapY;
  }
  return { ...extentOf(diagram, boxes, y), boxes, bands };
}

function extentOf({ title }: Diagram, boxes: readonly Box[], y: number): Pick<Layout, 'width' | 'height'> {
  const right = Math.max(0, ...boxes.map(({ x, width }) => x + width));
  return { width: Math.max(right, title.length * SIZE.titleCharacter) + SIZE.margin * 2, height: y - SIZE.gapY + SIZE.margin };
}

function toTheRight(diagram: Diagram): Layout {
  const { nodes, edges } = diagram;
  const columnOf = columns(nodes, edges);
  const last = Math.max(0, ...columnOf.values());
  const widths = Array.from({ length: last + 1 }, (_, column) =>
    Math.max(0, ...nodes.filter(({ id }) => columnOf.get(id) === column).map(widthOf)),
  );
  const lefts = widths.map((_, column) => SIZE.margin * 2 + widths.slice(0, column).reduce((sum, width) => sum + width + SIZE.gapX, 0));
  const boxes: Box[] = [];
  const bands: Band[] = [];
  let y: number = SIZE.margin + SIZE.title;
  for (const { branch, cells } of bandsOf(diagram, columnOf)) {
    const top = y + SIZE.bandTitle;
    const heights = cells.map(heightOf);
    const height = Math.max(...heights);
    for (const [column, cell] of cells.entries()) {
      let boxY = top + (height - (heights[column] ?? 0)) / 2;
      for (const node of cell) {
        const box = { node, x: lefts[column] ?? 0, y: boxY, width: widthOf(node), height: boxHeightOf(node) };
        boxes.push(box);
        boxY += box.height + SIZE.gapY;
      }
    }
    bands.push({ branch, y, height: SIZE.bandTitle + height + SIZE.padding });
    y += SIZE.bandTitle + height + SIZE.padding + SIZE.gapY;
  }
  return { ...extentOf(diagram, boxes, y), boxes, bands };
}

function widthOf({ lines }: DiagramNode): number {
  return Math.max(...lines.map(line => line.length)) * SIZE.character + 2 * SIZE.padding;
}

function boxHeightOf({ lines }: DiagramNode): number {
  return lines.length * SIZE.line + 2 * SIZE.padding;
}

function heightOf(cell: readonly DiagramNode[]): number {
  return cell.reduce((sum, node) => sum + boxHeightOf(node), 0) + Math.max(0, cell.length - 1) * SIZE.gapY;
}

/** The longest way to each box. Arrows that lead back into a way are left out of it. */
function columns(nodes: readonly DiagramNode[], edges: readonly DiagramEdge[]): ReadonlyMap<string, number> {
  const known = new Map<string, number>();
  const visit = (id: string, way: ReadonlySet<string>): number => {
    const done = known.get(id);
    if (done !== undefined) return done;
    const before = edges.filter(({ from, to }) => to === id && !way.has(from));
    const column = Math.max(-1, ...before.map(({ from }) => visit(from, new Set([...way, from])))) + 1;
    known.set(id, column);
    return column;
  };
  for (const { id } of nodes) visit(id, new Set([id]));
  return known;
}

/** Orders each column by the mean place of what its boxes are connected with in the other ones. */
function ordered(cells: readonly (readonly DiagramNode[])[], edges: readonly DiagramEdge[]): readonly (readonly DiagramNode[])[] {
  let result = cells;
  for (let round = 0; round < ROUNDS; round++) {
    const place = new Map(result.flatMap(cell => cell.map(({ id }, i) => [id, i - (cell.length - 1) / 2] as const)));
    const pull = (id: string): number => {
      const others = edges.flatMap(({ from, to }) => (from === id ? [to] : to === id ? [from] : [])).map(other => place.get(other) ?? 0);
      return others.length === 0 ? (place.get(id) ?? 0) : others.reduce((sum, each) => sum + each, 0) / others.length;
    };
    const pulls = new Map(result.flat().map(({ id }) => [id, pull(id)]));
    result = result.map(cell => [...cell].sort((one, other) => (pulls.get(one.id) ?? 0) - (pulls.get(other.id) ?? 0)));
  }
  return result;
}

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
