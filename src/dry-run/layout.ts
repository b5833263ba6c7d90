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

/** Pixels. A character of the font is as wide as it is at most in any monospaced one of this size. */
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

/** Rounds of ordering: each pulls boxes towards those they are connected with. More change nothing in diagrams of this size. */
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
