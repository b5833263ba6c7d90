import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';
import { ClosingLineReporter } from './scripts/closing-line-reporter.js';
import { LongestFirst } from './scripts/longest-first.js';
import { forks, withSqlite } from './scripts/other-node-pool.js';
import { timeLimit } from './scripts/time-limit.js';

const source = (path: string): string => fileURLToPath(new URL(`src/${path}`, import.meta.url));

/** The entries by the names users import them by. The first pattern that matches wins, so the bare name comes last. */
const alias = [
  { find: 'greengrass-rx/errors', replacement: source('errors/errors.ts') },
  { find: 'greengrass-rx/fp', replacement: source('fp.ts') },
  { find: 'greengrass-rx/testing/vitest', replacement: source('testing/vitest.ts') },
  { find: /^greengrass-rx\/([a-z-]+)$/, replacement: source('$1/index.ts') },
  { find: /^greengrass-rx$/, replacement: source('index.ts') },
];

/** Folders under test/ that are projects of their own, or no tests at all (`bench`: run by `npm run bench`). */
const apart = ['contract', 'chaos', 'interop', 'fleet', 'outbox', 'types', 'bench'].map(folder => `test/${folder}/**`);

/** Tests elsewhere that need `node:sqlite`. */
const withFile = ['test/cli/outbox.test.ts', 'test/cli/page/outbox-depth.test.ts'];

export default defineConfig({
  resolve: { alias },
  test: {
    pool: forks,
    // A process is for many files: what a module keeps for itself is shared between files, and no test may depend on it.
    isolate: false,
    // Two more than there are cores: half of the time, a process waits for others that it has started, for its disk or for its sockets.
    maxWorkers: availableParallelism() + 2,
    sequence: { sequencer: LongestFirst },
    // aws-crt announces at its first native object that it will want a newer Node.
    execArgv: ['--disable-warning=NodeDeprecationWarning'],
    setupFiles: process.argv.includes('--detectAsyncLeaks') ? ['./scripts/leak-stacks.ts'] : [],
    // What was compiled before is not compiled again: a third of the time of a file that is run alone.
    experimental: { fsModuleCache: true, fsModuleCachePath: 'node_modules/.cache/vitest' },
    // What RxJS and fp-ts export, Node finds by itself. Otherwise each use of it goes through a proxy.
    deps: { interopDefault: false },
    reporters: ['default', new ClosingLineReporter()],
    testTimeout: timeLimit(),
    hookTimeout: timeLimit(),
    // What is waited for has the time of its test.
    expect: { poll: { timeout: timeLimit() } },
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['{test,template}/**/*.test.ts'], exclude: [...configDefaults.exclude, ...apart, ...withFile] },
      },
      { extends: true, test: { name: 'contract', include: ['test/contract/**/*.test.ts'] } },
      { extends: true, test: { name: 'chaos', include: ['test/chaos/**/*.test.ts'] } },
      { extends: true, test: { name: 'interop', include: ['test/interop/**/*.test.ts'], isolate: true } },
      { extends: true, test: { name: 'fleet', include: ['test/fleet/**/*.test.ts'], isolate: true, fileParallelism: false } },
      { extends: true, test: { name: 'outbox', include: ['test/outbox/**/*.test.ts', ...withFile], pool: withSqlite } },
      {
        extends: true,
        test: {
          name: 'types',
          include: [],
          typecheck: { enabled: true, only: true, include: ['test/**/*.test-d.ts'], tsconfig: './tsconfig.types.json' },
        },
      },
    ],
  },
});
