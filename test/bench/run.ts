/**
 * Measures this library, on both transports, against the official SDK, and prints the table of what it is to reach.
 *
 *     npm run bench                 all of it, into docs/benchmarks.md
 *     npm run bench:short           about two minutes, to see that everything runs
 *     npm run bench -- --only=publish --rounds=1 --profile=build/profiles
 *
 * Ends with 0 whatever the figures, and with 1 if anything could not be measured.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs, styleText } from 'node:util';
import type { Experiment } from './experiments/experiment.js';
import { experiments } from './experiments/index.js';
import { FULL, SHORT } from './experiments/scale.js';
import { machine } from './report/machine.js';
import { figuresTable, rowsTable } from './report/markdown.js';
import { writeDocument } from './report/write-document.js';
import { startServer } from './server/start-server.js';

/** The repository, seen from build/bench/test/bench. */
const ROOT = new URL('../../../../', import.meta.url);

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string' },
    profile: { type: 'string' },
    write: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const scale = values.short ? SHORT : FULL;
const rounds = values.rounds === undefined ? scale.rounds : Number(values.rounds);
const all = experiments(scale);
const chosen = all.filter(({ name }) => values.only === undefined || name === values.only);
if (chosen.length === 0)
  throw new Error(`There is no experiment "${values.only ?? ''}". There are: ${all.map(({ name }) => name).join(', ')}.`);
const execArgv = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
const tell = (line: string): void => console.error(styleText('dim', line));

const failures: string[] = [];
const failed = new Set<Experiment>();
const server = await startServer();
for (let round = 0; round < rounds; round++) {
  tell(`round ${round + 1} of ${rounds}`);
  for (const experiment of chosen) {
    if (failed.has(experiment)) continue;
    try {
      await experiment.run(round, { server, execArgv, tell });
    } catch (error) {
      failed.add(experiment);
      failures.push(`${experiment.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
await server.stop();

const measured = chosen.filter(experiment => !failed.has(experiment));
const rows = measured.flatMap(experiment => experiment.rows());
const tables = [
  await machine(ROOT, new Date()),
  rounds === 1 ? 'One round.' : `Medians of ${rounds} rounds.`,
  rowsTable(rows),
  'The figures behind them:',
  figuresTable(measured.flatMap(experiment => experiment.figures())),
].join('\n\n');
console.log(tables);
console.log(`\n${rows.filter(({ met }) => met).length} of ${rows.length} met`);
for (const failure of failures) console.error(`\nNOT MEASURED  ${failure}`);
if (failures.length > 0) process.exitCode = 1;
else if (values.write && !values.short && values.only === undefined) {
  await writeDocument(fileURLToPath(new URL('docs/benchmarks.md', ROOT)), tables);
}
