import type { Figure, Row } from '../experiments/experiment.js';

const table = (head: readonly string[], body: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...body].map(cells => `| ${cells.join(' | ')} |`).join('\n');

/** The promises, each with what was measured and whether that is enough. */
export const rowsTable = (rows: readonly Row[]): string =>
  table(
    ['what', 'at least', 'measured', 'met'],
    rows.map(({ what, atLeast, measured, met }) => [what, atLeast, measured, met ? 'yes' : '**no**']),
  );

/** The figures behind them. */
export const figuresTable = (figures: readonly Figure[]): string =>
  table(
    ['what', 'who', 'figure', 'CPU µs/message', 'memory', 'server busy'],
    figures.map(({ what, who, figure, cpuMicroseconds, megabytes, serverBusy }) => [
      what,
      who,
      figure,
      cpuMicroseconds?.toFixed(2) ?? '',
      megabytes === undefined ? '' : `${megabytes.toFixed(0)} MB`,
      serverBusy === undefined ? '' : `${(serverBusy * 100).toFixed(0)} %`,
    ]),
  );
