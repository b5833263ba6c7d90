import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import UPlot from 'uplot';
import { compact } from './diagram.js';
import type { Point, Store } from './store.js';

interface ChartProps {
  readonly store: Store;
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly { readonly label: string; readonly colour: string; readonly of: (point: Point) => number | undefined }[];
}

const HEIGHT = 150;

const RATES: ChartProps['lines'] = [
  { label: 'in', colour: '--in', of: point => point.in },
  { label: 'out', colour: '--out', of: point => point.out },
];
const DELAYS: ChartProps['lines'] = [
  { label: 'longest', colour: '--lost', of: point => point.longestDelay },
  { label: 'mean', colour: '--out', of: point => point.delay },
];
const DEPTH: ChartProps['lines'] = [{ label: 'inside', colour: '--in', of: point => point.outbox }];

/** Rates, delays and the depth of the outbox over the last two minutes. */
export function Charts({ store }: { readonly store: Store }): JSX.Element {
  const outboxes = store.health?.outboxes ?? [];
  return (
    <div class="charts">
      <Chart store={store} title="Messages a second" unit="/s" lines={RATES} />
      <Chart store={store} title="From the last message in to what goes out" unit="ms" lines={DELAYS} />
      {outboxes.length > 0 && (
        <div>
          <Chart store={store} title="Messages in the outbox" unit="" lines={DEPTH} />
          {outboxes.map(({ path, messages, bytes }) => (
            <p class="dim" key={path}>
              {`${path.replace(/^.*[\\/]/, '')}: ${compact(messages)} messages, ${compact(bytes)} bytes`}
            </p>
          ))}
        </div>
      )}
    </div>
  );
}

function Chart({ store, title, unit, lines }: ChartProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const colour = (name: string): string => getComputedStyle(element).getPropertyValue(name).trim();
    const make = (): UPlot =>
      new UPlot(
        {
          width: Math.max(200, element.clientWidth),
          height: HEIGHT,
          legend: { show: true, live: false },
          cursor: { show: false },
          scales: { x: { time: true }, y: { range: (_, _min, max) => [0, Math.max(1, max * 1.1)] } },
          axes: [
            { stroke: colour('--ink'), grid: { stroke: colour('--band') }, ticks: { stroke: colour('--band') } },
            { stroke: colour('--ink'), grid: { stroke: colour('--band') }, ticks: { stroke: colour('--band') }, size: 54 },
          ],
          series: [
            {},
            ...lines.map(line => ({ label: `${line.label} ${unit}`.trim(), stroke: colour(line.colour), width: 2, spanGaps: true })),
          ],
        },
        dataOf(store.points, lines),
        element,
      );
    let chart = make();
    const anew = (): void => {
      chart.destroy();
      chart = make();
    };
    const resized = new ResizeObserver(() => chart.setSize({ width: Math.max(200, element.clientWidth), height: HEIGHT }));
    resized.observe(element);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', anew);
    const stop = store.listen(() => chart.setData(dataOf(store.points, lines)));
    return () => {
      stop();
      resized.disconnect();
      dark.removeEventListener('change', anew);
      chart.destroy();
    };
  }, []);
  return (
    <figure>
      <figcaption>{title}</figcaption>
      <div ref={place} />
    </figure>
  );
}

function dataOf(points: readonly Point[], lines: ChartProps['lines']): UPlot.AlignedData {
  return [points.map(({ at }) => at), ...lines.map(({ of }) => points.map(point => of(point) ?? null))];
}
