/**
 * Measures this library, on both transports, against the official SDK, and prints the table of what it is to reach.
 *
 *     npm run bench                         all of it, into docs/benchmarks.md
 *     npm run bench:short                   about three minutes: that everything runs, and that no ratio is over its budget
 *     npm run bench:short -- --budgets=3    renews those budgets, test/bench/budgets.json, from three runs and three on a loaded machine
 *     npm run bench -- --only=publish --rounds=1 --profile=build/profiles
 *
 * Ends with 1 if anything could not be measured, or in the short form has no budget or is over it each of three times; else with 0,
 * whatever the figures.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs, styleText } from 'node:util';
import type { Experiment, Held, Row } from './experiments/experiment.js';
import { experiments } from './experiments/index.js';
import { FULL, SHORT } from './experiments/scale.js';
import {
  type Budgets,
  budgetsOf,
  heldBy,
  overBudget,
  readBudgets,
  renewed,
  withoutBudget,
  withoutRatio,
  writeBudgets,
} from './report/budgets.js';
import { underLoad } from './report/load.js';
import { machine } from './report/machine.js';
import { figuresTable, heldTable, rowsTable } from './report/markdown.js';
import { writeDocument } from './report/write-document.js';
import { startServer } from './server/start-server.js';

/** The repository, seen from build/bench/test/bench. */
const ROOT = new URL('../../../../', import.meta.url);
const BUDGETS = fileURLToPath(new URL('test/bench/budgets.json', ROOT));
/** What is over its budget is measured so often again before it is believed: the machine may have been busy. */
const AGAIN = 2;

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string' },
    profile: { type: 'string' },
    budgets: { type: 'string' },
    write: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const scale = values.short ? SHORT : FULL;
const rounds = values.rounds === undefined ? scale.rounds : Number(values.rounds);
const choose = (): readonly Experiment[] => experiments(scale).filter(({ name }) => values.only === undefined || name === values.only);
if (choose().length === 0)
  throw new Error(
    `There is no experiment "${values.only ?? ''}". There are: ${experiments(scale)
      .map(({ name }) => name)
      .join(', ')}.`,
  );
const AT_ONCE = values.short ? Math.min(2, availableParallelism()) : 1;
const execArgv = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
const tell = (line: string): void => console.error(styleText('dim', line));
const failures: string[] = [];
const server = await startServer();

/**
 * Those that could be measured. The short form takes two at a time of those that keep one core busy, and measure processor time: what they
 * take from each other is within the budgets. What is measured again is measured by itself.
 */
async function measure(chosen: readonly Experiment[], atOnce: number): Promise<readonly Experiment[]> {
  const failed = new Set<Experiment>();
  for (let round = 0; round < rounds; round++) {
    tell(`round ${round + 1} of ${rounds}`);
    const run = async (experiment: Experiment): Promise<void> => {
      if (failed.has(experiment)) return;
      try {
        await experiment.run(round, { server, execArgv, tell });
      } catch (error) {
        failed.add(experiment);
        failures.push(`NOT MEASURED  ${experiment.name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    };
    const together = atOnce > 1 ? chosen.filter(({ oneCore }) => oneCore) : [];
    const waiting = [...together];
    const lane = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await run(next);
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    for (const experiment of chosen) if (!together.includes(experiment)) await run(experiment);
  }
  return chosen.filter(experiment => !failed.has(experiment));
}

const rowsOf = (measured: readonly Experiment[]): readonly Row[] => measured.flatMap(experiment => experiment.rows());

/** What is over its budget each time. */
async function overEachTime(measured: readonly Experiment[], budgets: Budgets): Promise<readonly string[]> {
  const heldOf = (experiments: readonly Experiment[]): readonly Held[] => heldBy(rowsOf(experiments));
  let over = overBudget(heldOf(measured), budgets);
  for (let time = 0; time < AGAIN && over.size > 0; time++) {
    const isOver = ({ what }: Held): boolean => over.has(what);
    const names = measured.filter(experiment => heldOf([experiment]).some(isOver)).map(({ name }) => name);
    tell(`over their budgets, measured again: ${names.join(', ')}`);
    const again = await measure(
      choose().filter(({ name }) => names.includes(name)),
      1,
    );
    over = overBudget(heldOf(again).filter(isOver), budgets);
  }
  return [...over.values()];
}

if (values.budgets !== undefined) {
  const runs = { quiet: [] as (readonly Held[])[], loaded: [] as (readonly Held[])[] };
  const run = async (): Promise<readonly Held[]> => heldBy(rowsOf(await measure(choose(), AT_ONCE)));
  for (let i = 0; i < Number(values.budgets); i++) {
    runs.quiet.push(await run());
    runs.loaded.push(await underLoad(run));
  }
  const budgets = await readBudgets(BUDGETS);
  const others = values.only === undefined ? {} : budgets;
  await writeBudgets(BUDGETS, { ...others, ...renewed(budgets, budgetsOf(runs.quiet, runs.loaded)) });
} else {
  const measured = await measure(choose(), AT_ONCE);
  const rows = rowsOf(measured);
  const tables = [
    await machine(ROOT, new Date()),
    rounds === 1 ? 'One round.' : `Medians of ${rounds} rounds${values.short ? ' of what is held, and one of all else' : ''}.`,
    rowsTable(rows),
    'The figures behind them:',
    figuresTable(measured.flatMap(experiment => experiment.figures())),
  ].join('\n\n');
  console.log(tables);
  console.log(`\n${rows.filter(({ met }) => met).length} of ${rows.length} met`);
  if (values.short) {
    const budgets = await readBudgets(BUDGETS);
    console.log(`\n${heldTable(heldBy(rows), budgets)}`);
    if (values.only === undefined)
      for (const line of withoutRatio(rows, budgets)) failures.push(`NOTHING OF  ${line} was measured, and it has a budget`);
    for (const line of withoutBudget(rows, budgets)) failures.push(`NO BUDGET  ${line} (npm run bench:short -- --budgets=3 writes them)`);
    for (const line of await overEachTime(measured, budgets)) failures.push(`OVER BUDGET  ${line}`);
  } else if (failures.length === 0 && values.write && values.only === undefined)
    await writeDocument(fileURLToPath(new URL('docs/benchmarks.md', ROOT)), tables);
}
await server.stop();
for (const failure of failures) console.error(`\n${failure}`);
if (failures.length > 0) process.exitCode = 1;
