import { TestScheduler } from 'rxjs/testing';
import { parse } from 'yaml';
import type { MarblePicture, PictureLane } from './marble-picture.js';

const LEFT = 92;
const ROW = 44;
const RADIUS = 13;
const WIDEST = 720;
const LEGEND_COLUMNS = 3;
const COLORS = ['#2f6fab', '#3b8752', '#9a5b13', '#8a3f8f', '#b0413e', '#4f5b93', '#2a7f86', '#6c6f1d'];

const escaped = (text: string): string => text.replace(/[&<>"]/g, one => `&#${one.charCodeAt(0)};`);

interface Mark {
  readonly frame: number;
  readonly kind: 'N' | 'C' | 'E';
  readonly symbol: string;
}

function marksOf({ diagram }: PictureLane): readonly Mark[] {
  const scheduler = new TestScheduler(() => true);
  return scheduler.run(() =>
    TestScheduler.parseMarbles(diagram, undefined, undefined, undefined, true).map(({ frame, notification }) => ({
      frame,
      kind: notification.kind,
      symbol: notification.kind === 'N' ? String(notification.value) : '',
    })),
  );
}

/** A value as short as a marble can be labelled. */
function labelOf(value: unknown): string {
  const text = typeof value === 'object' && value !== null ? JSON.stringify(value).replace(/"/g, '') : String(value);
  return text.length > 34 ? `${text.slice(0, 33)}…` : text;
}

/** The picture as SVG: a time line for each lane, a marble for each value, a bar where it completes, and what the symbols stand for. */
export function drawPicture(picture: MarblePicture): string {
  const lanes = [...picture.inputs, picture.output];
  const marks = lanes.map(marksOf);
  const last = Math.max(1, ...marks.flat().map(({ frame }) => frame));
  const step = Math.min(26, (WIDEST - LEFT - 30) / (last + 1));
  const x = (frame: number): number => Math.round(LEFT + (frame + 0.5) * step);
  const end = x(last) + 24;
  const symbols = [...new Set(marks.flat().flatMap(({ symbol }) => (symbol === '' ? [] : [symbol])))];
  const color = (symbol: string): string => COLORS[symbols.indexOf(symbol) % COLORS.length] ?? '#555555';
  const values = (picture.where === '' ? {} : parse(`{${picture.where}}`)) as Readonly<Record<string, unknown>>;
  const lefts = (picture.left === '' ? {} : parse(`{${picture.left}}`)) as Readonly<Record<string, unknown>>;

  const operatorAt = picture.inputs.length;
  const top = (row: number): number => ROW / 2 + (row + (row >= operatorAt ? 1 : 0)) * ROW;
  const drawLane = (lane: PictureLane, row: number): string => {
    const y = top(row);
    const stacked = new Map<number, number>();
    const drawn = (marks[row] ?? []).map(({ frame, kind, symbol }) => {
      const depth = stacked.get(frame) ?? 0;
      stacked.set(frame, depth + (kind === 'N' ? 1 : 0));
      const at = x(frame) + depth * 9;
      if (kind === 'C') return `<path d="M${at} ${y - 14}v28" stroke="currentColor" stroke-width="2.5"/>`;
      if (kind === 'E') return `<path d="M${at - 9} ${y - 9}l18 18m0 -18l-18 18" stroke="#b0413e" stroke-width="2.5"/>`;
      const shape =
        symbol in lefts
          ? `<rect x="${at - RADIUS}" y="${y - RADIUS}" width="${2 * RADIUS}" height="${2 * RADIUS}" fill="#b0413e"/>`
          : `<circle cx="${at}" cy="${y}" r="${RADIUS}" fill="${color(symbol)}"/>`;
      return `${shape}<text x="${at}" y="${y + 4.5}" text-anchor="middle" fill="#fff">${escaped(symbol)}</text>`;
    });
    return [
      `<text x="0" y="${y + 4.5}" fill="currentColor">${escaped(lane.label)}</text>`,
      `<path d="M${LEFT - 8} ${y}H${end}m-6 -4l6 4l-6 4" fill="none" stroke="currentColor" stroke-opacity="0.6"/>`,
      ...drawn,
    ].join('');
  };
  const boxY = operatorAt * ROW + 6;
  const box = [
    `<rect x="${LEFT - 8}" y="${boxY}" width="${end - LEFT + 8}" height="${ROW - 12}" rx="5" fill="none" stroke="currentColor" stroke-opacity="0.5"/>`,
    `<text x="${(LEFT - 8 + end) / 2}" y="${boxY + 21}" text-anchor="middle" fill="currentColor" font-family="monospace" ${fitted(picture.operator, end - LEFT)}>${escaped(picture.operator)}</text>`,
  ].join('');
  const legend = symbols
    .map(symbol =>
      symbol in lefts ? `${symbol}: Left ${labelOf(lefts[symbol])}` : symbol in values ? `${symbol}: ${labelOf(values[symbol])}` : '',
    )
    .filter(Boolean);
  const foot = (lanes.length + 1) * ROW;
  const rows = Math.ceil(legend.length / LEGEND_COLUMNS);
  const legendText = legend.map(
    (text, i) =>
      `<text x="${LEFT - 8 + (i % LEGEND_COLUMNS) * 210}" y="${foot + 16 + Math.floor(i / LEGEND_COLUMNS) * 18}" fill="currentColor" font-size="12">${escaped(text)}</text>`,
  );
  const width = Math.max(end + 6, legend.length > 1 ? LEFT + 560 : 0);
  const height = foot + rows * 18 + 8;
  const title = `${picture.inputs.map(({ label, diagram }) => `${label} ${diagram}`).join(', ')} through ${picture.operator} gives ${picture.output.diagram}`;
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" style="max-width:100%;height:auto" role="img" font-family="sans-serif" font-size="13" xmlns="http://www.w3.org/2000/svg"><title>${escaped(title)}</title>${lanes.map(drawLane).join('')}${box}${legendText.join('')}</svg>`;
}

/** Makes a text that is too long for its box as narrow as the box. */
function fitted(text: string, width: number): string {
  return text.length * 7.9 > width ? `textLength="${width - 12}" lengthAdjust="spacingAndGlyphs"` : '';
}
