import { cellText, draw, type Cells } from './picture.js';

/** Characters of a row. */
const WIDEST = 110;

/** Two rows one under the other on one axis of time, and under them marks at the frames that differ. Long ones are cut around the first. */
export function comparison(expected: Cells, received: Cells, differing: readonly number[]): readonly string[] {
  const { rows, columnOf } = draw([expected, received]);
  let marks = '';
  for (const at of differing) {
    const width = Math.max(...[expected, received].map(row => (row.has(at) ? cellText(row.get(at) ?? []).length : 0)));
    marks = marks.padEnd(columnOf(at), ' ').slice(0, columnOf(at)) + '^'.repeat(width);
  }
  const from = Math.max(0, (differing[0] === undefined ? 0 : columnOf(differing[0])) - WIDEST / 2);
  const cut = (row: string): string => {
    const kept = row.slice(from, from + WIDEST);
    return (from > 0 ? '…' : '') + kept + (row.length > from + WIDEST ? '…' : '');
  };
  const [expectedRow = '', receivedRow = ''] = rows;
  const shown = (row: string, cells: Cells): string => (cells.size === 0 ? '(nothing)' : cut(row));
  const marked = `${from > 0 ? ' ' : ''}${marks.slice(from, from + WIDEST)}`;
  const marksRow = differing.length === 0 ? [] : [`            ${marked}`];
  return [`  expected  ${shown(expectedRow, expected)}`, `  received  ${shown(receivedRow, received)}`, ...marksRow];
}
