import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { FAULT_NAMES } from '../../src/local/faults/fault-table.js';

interface Rule {
  readonly name: string;
  readonly from: { readonly path?: string };
}

const page = readFileSync('docs/architecture.md', 'utf8');
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly exports: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
};
const { forbidden: rules } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as { readonly forbidden: readonly Rule[] };
const sources = new Map(
  readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts'))
    .map(file => [`src/${file}`, readFileSync(`src/${file}`, 'utf8')]),
);
const entries = Object.keys(manifest.exports)
  .filter(entry => entry !== './package.json')
  .map(entry => `greengrass-rx${entry.slice(1)}`);

/** Whether a file declares and exports `name`, or for `Owner.member` exports the owner and has the member. */
function exportsIt(source: string, name: string): boolean {
  const [owner = '', member] = name.split('.');
  const declared = new RegExp(`^export (?:abstract |async )?(?:const|function|class|interface|type) ${owner}\\b`, 'm').test(source);
  return declared && (member === undefined || new RegExp(`^ +(?:readonly |get )?${member}\\??(?:<.*>)?[(:]`, 'm').test(source));
}

/** What is wrong with the names of one line. In a row of a table that has a file of `src`, names are those of that file. */
function problemsOf(line: string): readonly string[] {
  const quoted = [...line.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
  const isPath = (text: string): boolean => /^(?:src|test|docs|scripts)(?:\/|$)|^\.?[\w.-]+\.(?:md|json|cjs)$/.test(text);
  const named = line.startsWith('|') ? quoted.filter(text => sources.has(text)) : [];
  const within = [...sources].filter(([file]) => named.length === 0 || named.includes(file));
  return quoted.flatMap(text => {
    if (isPath(text)) return existsSync(text) ? [] : [`there is no file ${text}`];
    if (text.startsWith('npm run ')) return text.slice(8) in manifest.scripts ? [] : [`there is no script ${text}`];
    if (text.startsWith('npx vitest ') || entries.includes(text) || rules.some(({ name }) => name === text)) return [];
    if (FAULT_NAMES.some(word => word === text)) return [];
    if (!/^\w+(?:\.\w+)?$/.test(text)) return [`nobody knows what ${text} is`];
    if (within.some(([, source]) => exportsIt(source, text))) return [];
    return [`${text} is not exported by ${named.length === 0 ? 'any file of src' : named.join(' or ')}`];
  });
}

describe('docs/architecture.md', () => {
  test('names only files, exports, package entries, rules, faults and scripts that exist', () => {
    expect(page.split('\n').flatMap(problemsOf)).toEqual([]);
  });

  test.each([
    ['`src/flow/entry.ts`', 'there is no file src/flow/entry.ts'],
    ['`publishFrom`', 'publishFrom is not exported by any file of src'],
    ['| `src/flow/work-queue.ts` | `publishTo` |', 'publishTo is not exported by src/flow/work-queue.ts'],
    ['| `src/flow/work-queue.ts` | `WorkQueue.accept` |', 'WorkQueue.accept is not exported by src/flow/work-queue.ts'],
    ['`npm run everything`', 'there is no script npm run everything'],
    ['`greengrass-rx/cli`', 'nobody knows what greengrass-rx/cli is'],
    ['`spool lost`', 'nobody knows what spool lost is'],
  ])('would not pass with %s', (line, problem) => {
    expect(problemsOf(line)).toEqual([problem]);
  });

  test('has every folder of src in the order in which they may import, and every entry of the package', () => {
    const ordered = rules.filter(({ name }) => name === 'folders-in-order').map(({ from }) => (from.path ?? '').slice(1, -1));
    const folders = readdirSync('src', { withFileTypes: true })
      .filter(entry => entry.isDirectory())
      .map(({ name }) => `src/${name}`);
    const rows = [...page.matchAll(/^\| `(src\/[\w-]+)` /gm)].map(([, folder]) => folder);
    expect(rows.slice(0, -1)).toEqual(ordered);
    expect([...rows].sort()).toEqual(folders.sort());
    for (const entry of entries) expect(page).toContain(`\`${entry}\``);
  });

  test('has every rule of imports', () => {
    for (const { name } of rules) expect(page).toContain(`\`${name}\``);
  });
});

describe('test/kit/README.md', () => {
  const helpers = readFileSync('test/kit/README.md', 'utf8');

  test('names helpers that their files export, and no file that is gone', () => {
    const named = [...helpers.matchAll(/`(\w+)[^`]*` of \[[^\]]*\]\(([^)]+)\)|\[`(\w+)`\]\(([^)]+)\)/g)];
    expect(named.length).toBeGreaterThan(25);
    for (const [, of = '', file = '', name = of, link = file] of named)
      expect([name, exportsIt(readFileSync(`test/kit/${link}`, 'utf8'), name)]).toEqual([name, true]);
    for (const [, link = ''] of helpers.matchAll(/\]\(([\w./-]+)\)/g)) expect([link, existsSync(`test/kit/${link}`)]).toEqual([link, true]);
  });

  test('names exports of the package that there are', () => {
    const named = [...helpers.matchAll(/`(\w+)[^`]*` of `greengrass-rx\/([\w-]+)`/g)];
    expect(named.length).toBeGreaterThan(0);
    for (const [, name = '', entry = ''] of named)
      expect([...sources].filter(([file, source]) => file.startsWith(`src/${entry}/`) && exportsIt(source, name))).not.toEqual([]);
  });
});
