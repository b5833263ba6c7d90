import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { PageAccount, PageBox, PageDiagram } from '../src/cli/page/page-state.js';

const LINE = 16;
const PADDING = 10;

/** The pipeline: boxes with their counts, and arrows that move while messages go along them. */
export function Diagram({ diagram }: { readonly diagram: PageDiagram | undefined }): JSX.Element {
  const before = useRef(new Map<string, number>());
  if (diagram === undefined || diagram.boxes.length === 0)
    return <p class="empty">Nothing is known of the pipeline yet. It comes from a component that greengrass-rx run runs.</p>;
  const boxes = new Map(diagram.boxes.map(box => [box.id, box]));
  const moving = movingIn(diagram, before.current);
  // A diagram of its own has its title there.
  const top = Math.max(0, Math.min(...diagram.bands.map(({ y }) => y)) - 4);
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label="The pipeline">
      <svg
        class="diagram"
        width={diagram.width}
        height={diagram.height - top}
        viewBox={[0, top, diagram.width, diagram.height - top].join(' ')}
      >
        <defs>
          <marker
            id="arrow"
            viewBox="0 0 8 8"
            refX="8"
            refY="4"
            markerWidth="8"
            markerHeight="8"
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path d="M0 0 8 4 0 8z" />
          </marker>
        </defs>
        {diagram.bands.map(({ title, y, height }) => (
          <g key={title}>
            <rect class="band" x={8} y={y} width={diagram.width - 16} height={height} rx={8} />
            <text class="name" x={18} y={y + 18}>
              {title}
            </text>
          </g>
        ))}
        {diagram.edges.map(({ from, to, sent, absorbed }) => {
          const [source, target] = [boxes.get(from), boxes.get(to)];
          if (source === undefined || target === undefined) return null;
          return (
            <g key={`${from} ${to}`}>
              <path class={moving.has(from) ? 'edge moving' : 'edge'} d={pathOf(source, target)} marker-end="url(#arrow)" />
              {sent > 0 && (
                <text
                  class="small"
                  x={(source.x + source.width + target.x) / 2}
                  y={(centre(source) + centre(target)) / 2 - 5}
                  text-anchor="middle"
                >
                  {absorbed > 0 ? `${compact(sent)} −${compact(absorbed)}` : compact(sent)}
                  <title>{`${String(sent)} results, ${String(absorbed)} taken out by operators in between`}</title>
                </text>
              )}
            </g>
          );
        })}
        {diagram.boxes.map(box => (
          <Box key={box.id} box={box} />
        ))}
      </svg>
    </div>
  );
}

function Box({ box }: { readonly box: PageBox }): JSX.Element {
  const { x, y, width, height, role, lines, account } = box;
  const lost = account !== undefined && account.dropped + account.failed + account.discarded > 0;
  return (
    <g>
      <rect class={`${role}${lost ? ' lost' : ''}`} x={x} y={y} width={width} height={height} rx={role === 'stage' ? 4 : 14} />
      {lines.map((line, i) => (
        <text key={i} class={i === 0 ? 'name' : ''} x={x + PADDING} y={y + PADDING + LINE * (i + 0.75)}>
          {line}
        </text>
      ))}
      {account !== undefined && (
        <text class={lost ? 'numbers lost' : 'numbers'} x={x + PADDING} y={y + PADDING + LINE * (lines.length + 0.75)}>
          {numbersOf(account)}
        </text>
      )}
    </g>
  );
}

/** Boxes that have sent something since they were drawn last. */
function movingIn({ boxes }: PageDiagram, before: Map<string, number>): ReadonlySet<string> {
  const moving = new Set<string>();
  for (const { id, account } of boxes) {
    const sent = account === undefined ? 0 : account.emitted;
    if (sent > (before.get(id) ?? sent)) moving.add(id);
    before.set(id, sent);
  }
  return moving;
}

function numbersOf({ received, emitted, dropped, failed, buffered, discarded }: PageAccount): string {
  const more = [
    ['waits', buffered],
    ['dropped', dropped],
    ['failed', failed],
    ['discarded', discarded],
  ] as const;
  return [`${compact(received)} → ${compact(emitted)}`, ...more.flatMap(([what, n]) => (n > 0 ? [`${compact(n)} ${what}`] : []))].join(
    ' · ',
  );
}

/** 1 234 567 as 1.23M. */
export function compact(n: number): string {
  if (n < 10_000) return String(Math.round(n));
  return n < 1_000_000 ? `${(n / 1_000).toFixed(1)}k` : `${(n / 1_000_000).toFixed(2)}M`;
}

function centre({ y, height }: PageBox): number {
  return y + height / 2;
}

function pathOf(source: PageBox, target: PageBox): string {
  const [fromX, toX] = [source.x + source.width, target.x];
  const bend = Math.max(24, (toX - fromX) / 2);
  const [fromY, toY] = [centre(source), centre(target)];
  return `M${String(fromX)} ${String(fromY)} C${String(fromX + bend)} ${String(fromY)} ${String(toX - bend)} ${String(toY)} ${String(toX)} ${String(toY)}`;
}
