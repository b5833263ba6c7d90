import type { Figure, Held, Row } from '../experiments/experiment.js';
import type { Budgets } from './budgets.js';

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

/** What is held to a budget: the ratio of this run, what it usually is, and what it may be. */
export const heldTable = (held: readonly Held[], budgets: Budgets): string =>
  table(
    ['what is held', 'measured', 'usually', 'at most'],
    held.map(({ what, ratio }) => [what, ratio.toPrecision(3), String(budgets[what]?.usual ?? ''), String(budgets[what]?.atMost ?? '')]),
  );
