import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

interface Step {
  readonly uses?: string;
  readonly run?: string;
}

interface Job {
  readonly uses?: string;
  readonly steps?: readonly Step[];
  readonly strategy?: { readonly matrix: { readonly node: readonly number[] } };
}

const FOLDER = '.github/workflows';
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly scripts: Readonly<Record<string, string>> };
const files = readdirSync(FOLDER).map(file => {
  const text = readFileSync(`${FOLDER}/${file}`, 'utf8');
  return { file, text, jobs: (parse(text) as { readonly jobs: Readonly<Record<string, Job>> }).jobs };
});

/** What a command names that is not there: an npm script, a file, or a file or folder of tests. */
function missingIn(command: string): readonly string[] {
  const [, script] = /^npm run ([\w:]+)/.exec(command) ?? [];
  const paths = [...command.matchAll(/(?<=\s)(?:\.ci|scripts|test)\/[^\s*"]+/g)].map(([path]) => path);
  const missing = paths.filter(path => !existsSync(path) && !existsSync(`${path}.test.ts`));
  return script === undefined || script in scripts ? missing : [`npm run ${script}`, ...missing];
}

describe.each(files)('$file', ({ text, jobs }) => {
  const steps = Object.values(jobs).flatMap(job => job.steps ?? []);

  test('pins each action to a commit, and says which version that is: a tag can be moved', () => {
    const actions = [...text.matchAll(/\buses: (?!\.\/)(.*)/g)].map(([, action]) => action);
    expect(actions.length).toBeGreaterThan(0);
    for (const action of actions) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test('runs scripts, and tests in folders, that there are', () => {
    const commands = steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
    expect(commands.length).toBeGreaterThan(0);
    expect(commands.flatMap(missingIn)).toEqual([]);
  });

  test('calls workflows that there are', () => {
    for (const { uses } of Object.values(jobs)) if (uses !== undefined) expect(existsSync(uses)).toBe(true);
  });
});

test('on Windows all folders of unit tests are run but those that look at the project itself', () => {
  const [ci] = files.filter(({ file }) => file === 'ci.yml');
  const commands = (ci?.jobs['windows']?.steps ?? []).flatMap(({ run = '' }) => run.split(' '));
  const apart = ['bench', 'chaos', 'contract', 'fleet', 'interop', 'kit', 'outbox', 'soak', 'types'];
  const folders = readdirSync('test', { withFileTypes: true }).flatMap(entry => (entry.isDirectory() ? [entry.name] : []));
  const left = folders.filter(folder => !apart.includes(folder) && !commands.includes(`test/${folder}`));
  expect(left.sort()).toEqual(['docs', 'examples', 'package']);
  expect(commands).toEqual(expect.arrayContaining(['contract', 'outbox', 'test:windows']));
});

test('the tests run under the newest Node of each line that is supported, and the oldest runs all', () => {
  const [ci] = files.filter(({ file }) => file === 'ci.yml');
  expect(ci?.jobs['test']?.strategy?.matrix.node).toEqual([22, 24, 26]);
  expect(readFileSync('.nvmrc', 'utf8').trim()).toMatch(/^20\b/);
});
