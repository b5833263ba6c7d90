import { readFile, writeFile } from 'node:fs/promises';
import type { Row } from '../experiments/experiment.js';

/**
 * How bad a ratio may become before it counts as worse: the worst of several runs, times a factor that is no less than what lies between
 * them.
 */
export type Budget = { readonly atLeast: number } | { readonly atMost: number };
export type Budgets = Readonly<Record<string, Budget>>;

/** Which row it is: several have the same words and another peer, and some say in theirs how slow something was this time. */
export const rowKey = ({ what, atLeast }: Row): string => `${what.replace(/\d+ times too slow/u, 'too slow')}; ${atLeast}`;

/** The ratio of a row; `undefined` for a row that has none, which depends on the machine and is held by nothing. */
export function ratioOf({ measured }: Row): number | undefined {
  const found = /^(\d+\.\d+) ×$/u.exec(measured)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** The least factor; and that for a row with fewer than three runs behind it, whose noise is not known. */
const FACTOR = 2;
const UNKNOWN = 3;

/**
 * The worst of a hundred is a matter of single pauses: between two quiet runs of the same code lay a factor of three. And where a machine
 * is too busy to keep up with a flood, all that comes beside it waits: fifty times as long, in one run.
 */
const isTail = ({ what }: Row): boolean => what.includes('p99') || what.includes('during a flood');

/** The budgets of rows that were measured several times. */
export function budgetsOf(runs: readonly (readonly Row[])[]): Budgets {
  const [first = []] = runs;
  return Object.fromEntries(
    first.flatMap((row): [string, Budget][] => {
      const key = rowKey(row);
      const values = runs.flatMap(rows => rows.filter(other => rowKey(other) === key).flatMap(other => ratioOf(other) ?? []));
      const [least, most] = [Math.min(...values), Math.max(...values)];
      if (values.length === 0 || most === 0 || isTail(row)) return [];
      const factor = Math.max(values.length < 3 ? UNKNOWN : FACTOR, least === 0 ? 0 : most / least);
      return [[key, row.atLeast.startsWith('at most') ? { atMost: round(most * factor) } : { atLeast: round(least / factor) }]];
    }),
  );
}

const round = (value: number): number => Math.round(value * 100) / 100;

/** What is wrong with rows that are over their budgets, by their keys. */
export function overBudget(rows: readonly Row[], budgets: Budgets): ReadonlyMap<string, string> {
  const over = new Map<string, string>();
  for (const row of rows) {
    const key = rowKey(row);
    const [budget, ratio] = [budgets[key], ratioOf(row)];
    if (budget === undefined || ratio === undefined) continue;
    if ('atLeast' in budget && ratio < budget.atLeast) over.set(key, `${row.what}: ${ratio} ×, and is to be at least ${budget.atLeast} ×`);
    if ('atMost' in budget && ratio > budget.atMost) over.set(key, `${row.what}: ${ratio} ×, and is to be at most ${budget.atMost} ×`);
  }
  return over;
}

/** Rows that are to have a budget and have none, as after a change of their words: nothing would hold them. */
export function withoutBudget(rows: readonly Row[], budgets: Budgets): readonly string[] {
  return rows.filter(row => (ratioOf(row) ?? 0) > 0 && !isTail(row) && budgets[rowKey(row)] === undefined).map(rowKey);
}

export async function readBudgets(file: string): Promise<Budgets> {
  return JSON.parse(await readFile(file, 'utf8')) as Budgets;
}

export async function writeBudgets(file: string, budgets: Budgets): Promise<void> {
  await writeFile(file, `${JSON.stringify(budgets, null, 2)}\n`);
}
