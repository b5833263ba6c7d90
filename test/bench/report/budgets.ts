import { readFile, writeFile } from 'node:fs/promises';
import type { Held, Row } from '../experiments/experiment.js';
import { median } from '../statistics.js';

/** What a ratio usually is, and how bad it may become before it counts as worse. */
export interface Budget {
  readonly usual: number;
  readonly atMost: number;
}
export type Budgets = Readonly<Record<string, Budget>>;

/** A budget is at least so much over what is usual: less than that is not told from noise on another machine. */
const LEAST = 1.4;
/** And at least so much over the worst that was measured, be it on a loaded machine. */
const MARGIN = 1.25;
/** Both, of what is measured by the clock on the wall. */
const OF_WALL = 2;

/** What the rows hold. */
export const heldBy = (rows: readonly Row[]): readonly Held[] =>
  rows.flatMap(({ held }) => (held === undefined || 'why' in held ? [] : held));

/** The budgets of what was measured several times, some of them on a loaded machine. */
export function budgetsOf(quiet: readonly (readonly Held[])[], loaded: readonly (readonly Held[])[]): Budgets {
  const isWall = new Map(quiet.flat().map(held => [held.what, held.isWall === true]));
  const ratiosOf = (runs: readonly (readonly Held[])[], name: string): readonly number[] =>
    runs.flat().flatMap(({ what, ratio }) => (what === name ? [ratio] : []));
  return Object.fromEntries(
    [...isWall.keys()].map(name => {
      const usual = median(ratiosOf(quiet, name));
      const worst = Math.max(...ratiosOf([...quiet, ...loaded], name));
      const [least, margin] = isWall.get(name) === true ? [OF_WALL, OF_WALL] : [LEAST, MARGIN];
      return [name, { usual: round(usual), atMost: round(Math.max(usual * least, worst * margin)) }];
    }),
  );
}

/** Below so much of what it was, what is usual has changed, and is not only what this machine makes of it. */
const FALLEN = 0.8;

/**
 * Budgets measured anew. What was allowed stays allowed where the new budget would be lower, as it may come from another kind of processor,
 * unless what is usual has fallen clearly.
 */
export const renewed = (budgets: Budgets, measured: Budgets): Budgets =>
  Object.fromEntries(
    Object.entries(measured).map(([name, { usual, atMost }]) => {
      const old = budgets[name];
      const isKept = old !== undefined && usual >= FALLEN * old.usual;
      return [name, { usual, atMost: isKept ? Math.max(atMost, old.atMost) : atMost }];
    }),
  );

/** To three figures. */
const round = (value: number): number => Number(value.toPrecision(3));

/** What is wrong with ratios that are over their budgets, by their names. */
export function overBudget(held: readonly Held[], budgets: Budgets): ReadonlyMap<string, string> {
  const over = new Map<string, string>();
  for (const { what, ratio } of held) {
    const budget = budgets[what];
    // Not a number, too: nothing of it was measured.
    if (budget === undefined || ratio <= budget.atMost) continue;
    over.set(what, `${what}: ${round(ratio)}, usually ${budget.usual}, and is to be at most ${budget.atMost}`);
  }
  return over;
}

/** Rows with a ratio that hold nothing and do not say why; and what is to be held and has no budget, as after a change of its words. */
export const withoutBudget = (rows: readonly Row[], budgets: Budgets): readonly string[] => [
  ...rows.filter(({ measured, held }) => measured.endsWith(' ×') && held === undefined).map(({ what, atLeast }) => `${what}; ${atLeast}`),
  ...heldBy(rows).flatMap(({ what }) => (budgets[what] === undefined ? [what] : [])),
];

/** Budgets of what was not measured. */
export function withoutRatio(rows: readonly Row[], budgets: Budgets): readonly string[] {
  const names = new Set(heldBy(rows).map(({ what }) => what));
  return Object.keys(budgets).filter(name => !names.has(name));
}

export async function readBudgets(file: string): Promise<Budgets> {
  return JSON.parse(await readFile(file, 'utf8')) as Budgets;
}

export async function writeBudgets(file: string, budgets: Budgets): Promise<void> {
  const inOrder = Object.fromEntries(Object.entries(budgets).sort(([one], [other]) => (one < other ? -1 : 1)));
  await writeFile(file, `${JSON.stringify(inOrder, null, 2)}\n`);
}
