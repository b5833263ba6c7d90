import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readScript } from '../../src/cli/chaos/read-chaos.js';
import { dryRun } from '../../src/dry-run/dry-run.js';
import { readRecipe } from '../../src/local/index.js';
import { TEMPLATES } from '../../src/cli/init/templates.js';
import bridge from '../../template/bridge/src/component.js';
import commander from '../../template/commander/src/component.js';
import gateway from '../../template/gateway/src/component.js';
import starter from '../../template/starter/src/component.js';
import type { Component } from '../../src/component/index.js';
import { inProcess } from '../kit/process/cli-in-process.js';
import { IS_WINDOWS } from '../kit/process/platform.js';
import { runCli, temporaryFolder } from '../kit/process/run-cli.js';

const TEMPLATE = new URL('../../template/', import.meta.url);
const inTemplate = (path: string): string => readFileSync(new URL(path, TEMPLATE), 'utf8');
const COMPONENTS: Readonly<Record<keyof typeof TEMPLATES, Component>> = { starter, bridge, commander, gateway };
const NAMES = Object.keys(TEMPLATES) as (keyof typeof TEMPLATES)[];

const init = (folder: string, ...args: readonly string[]) => inProcess(['init', ...args], { cwd: folder });
const read = (folder: string, path: string): string => readFileSync(join(folder, path), 'utf8');
const json = (folder: string, path: string): unknown => JSON.parse(read(folder, path));

/** A folder's files, by their paths. */
const filesOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

/** What every project has; that of the starter has nothing else. */
const EVERY_PROJECT = [
  '.gitignore',
  'README.md',
  'eslint.config.js',
  'gdk-build.sh',
  'gdk-config.json',
  'package.json',
  'recipe.yaml',
  'src/component.ts',
  'test/component.test.ts',
  'tsconfig.build.json',
  'tsconfig.json',
  'world.yaml',
];

describe.each(NAMES)('the template %s', name => {
  test('has the recipe that its code needs, and no finding that asks for something to be done', async () => {
    const dry = await dryRun(COMPONENTS[name]);
    if (dry._tag === 'Left') throw new Error(dry.left.message);
    expect(dry.right.recipeText('yaml')).toBe(inTemplate(`${name}/recipe.yaml`));
    expect(dry.right.findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
  });

  test('has a world that can be read, and that ends', () => {
    expect(readScript(inTemplate(`${name}/world.yaml`), 'world.yaml').at(-1)).toMatchObject({ action: { stop: true } });
  });

  test('becomes a project of its files, with what is said of it', async () => {
    const parent = temporaryFolder();
    const { code, stdout } = await init(parent, 'x', '--template', name);
    expect([code, stdout]).toEqual([0, expect.stringContaining('Wrote com.example.X to x:')]);
    expect(stdout.includes('It needs Node 22.13 or newer, and this is Node')).toBe(name === 'gateway' && !isBuiltin('node:sqlite'));
    const folder = join(parent, 'x');
    const own = filesOf(fileURLToPath(new URL(name, TEMPLATE)));
    expect(filesOf(folder)).toEqual([...new Set([...EVERY_PROJECT, ...own])].sort());
    for (const path of own.filter(path => path !== 'recipe.yaml'))
      expect(read(folder, path)).toBe(inTemplate(`${name}/${path}`).replaceAll('MyComponent', 'X'));
    const readme = read(folder, 'README.md');
    expect(readme).toContain(TEMPLATES[name].about);
    for (const line of TEMPLATES[name].talk) expect(readme).toContain(line);
    expect(readme).not.toMatch(/\{about\}|\{talk\}/);
    expect(json(folder, 'package.json')).toMatchObject({ engines: { node: name === 'gateway' ? '>=22.13' : '>=20.19' } });
    // Otherwise the first thing that npm 11 tells a beginner is a warning.
    expect(json(folder, 'package.json')).toMatchObject({ allowScripts: { 'aws-crt': false } });
    // cmd.exe of Windows, by which npm runs them there, knows no other quotes.
    expect(read(folder, 'package.json')).toContain(String.raw`--compile \"tsc `);
  });
});

describe('init', () => {
  test('writes a project named after its folder, with the versions that this one was tested with', async () => {
    const parent = temporaryFolder();
    const run = runCli(['init', 'Oven watch-2'], { cwd: parent });
    expect(await run.ended).toMatchObject({ code: 0 });
    expect(run.stdout()).toContain('Wrote com.example.OvenWatch2 to Oven watch-2:');
    const folder = join(parent, 'Oven watch-2');
    expect(filesOf(folder)).toEqual(EVERY_PROJECT);
    const own = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
      devDependencies: Record<string, string>;
    };
    const { rolldown, rxjs, typescript, vitest } = own.devDependencies;
    expect(json(folder, 'package.json')).toMatchObject({
      name: 'oven-watch-2',
      dependencies: { 'greengrass-rx': `^${own.version}`, rxjs },
      devDependencies: { rolldown, typescript, vitest },
    });
    for (const path of filesOf(folder)) expect(read(folder, path)).not.toMatch(/MyComponent|my-component/);
    expect(read(folder, 'src/component.ts')).toBe(inTemplate('starter/src/component.ts').replace('MyComponent', 'OvenWatch2'));
    if (!IS_WINDOWS) expect(statSync(join(folder, 'gdk-build.sh')).mode & 0o111).toBe(0o111);
  });

  test.each(['1.0', 'on', 'com.example.MyComponentMyComponent'])('gives %s a recipe that is read as it is meant', async name => {
    const folder = temporaryFolder();
    expect(await init(folder, '.', '--name', name)).toMatchObject({ code: 0 });
    const recipe = readRecipe(read(folder, 'recipe.yaml'));
    expect(recipe).toMatchObject({ right: { componentName: name, componentVersion: '1.0.0', warnings: [] } });
    expect(json(folder, 'gdk-config.json')).toHaveProperty(['component', name]);
  });

  test('names the templates there are, in its help and to who asks for another', async () => {
    const parent = temporaryFolder();
    const help = await init(parent, '--help');
    for (const name of NAMES) expect(help.stdout).toMatch(new RegExp(`^  ${name} +${TEMPLATES[name].summary.slice(0, 30)}`, 'm'));
    const other = await init(parent, 'x', '--template', 'brigde');
    expect(other).toMatchObject({ code: 2, stderr: expect.stringMatching(/brigde.*starter, bridge, commander, gateway/) as string });
    expect(readdirSync(parent)).toEqual([]);
  });

  test('leaves ESLint out where it is told to', async () => {
    const parent = temporaryFolder();
    expect(await init(parent, 'bare', '--no-eslint')).toMatchObject({ code: 0 });
    expect(filesOf(join(parent, 'bare'))).not.toContain('eslint.config.js');
    expect(json(join(parent, 'bare'), 'package.json')).not.toHaveProperty('devDependencies.eslint');
  });

  test('takes a profile, a bucket and a tarball, and sets up ESLint', async () => {
    const parent = temporaryFolder();
    writeFileSync(join(parent, 'x.tgz'), '');
    const args = ['--profile', 'lite', '--bucket', 'b', '--region', 'eu-west-1', '--package', 'x.tgz'];
    expect(await init(parent, 'deep/inside', ...args)).toMatchObject({ code: 0 });
    const folder = join(parent, 'deep/inside');
    expect(json(folder, 'package.json')).toMatchObject({
      scripts: { start: expect.stringContaining('--profile lite') as string, lint: 'eslint .' },
      dependencies: { 'greengrass-rx': 'file:../../x.tgz' },
      devDependencies: { eslint: expect.any(String) as string },
    });
    expect(filesOf(folder)).toContain('eslint.config.js');
    expect(json(folder, 'gdk-config.json')).toHaveProperty(['component', 'com.example.Inside', 'publish'], {
      bucket: 'b',
      region: 'eu-west-1',
    });
  });

  test('overwrites nothing: a folder must be empty, but for .git', async () => {
    const parent = temporaryFolder();
    mkdirSync(join(parent, 'used/.git'), { recursive: true });
    expect(await init(parent, 'used')).toMatchObject({ code: 0 });
    const before = read(join(parent, 'used'), 'src/component.ts');
    expect(await init(parent, 'used', '--name', 'com.example.Other')).toEqual({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(
        /^greengrass-rx: The folder used is not empty: there is .*, .*, .* and 9 more\.\n {2}Name a folder/,
      ) as string,
    });
    expect(read(join(parent, 'used'), 'src/component.ts')).toBe(before);
    writeFileSync(join(parent, 'file'), '');
    expect(await init(parent, 'file')).toMatchObject({ code: 2, stderr: expect.stringContaining('file is a file.') as string });
    expect(await init(parent, 'file/a')).toMatchObject({ code: 2, stderr: expect.stringContaining('is a file.') as string });
  });

  test('says what is wrong with a name, and writes nothing', async () => {
    const parent = temporaryFolder();
    expect(await init(parent, 'a', '--name', 'com/example')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('"com/example" is no name of a component. A component\'s name has 1 to 128 letters') as string,
    });
    expect(await init(parent, 'a', '--package', 'absent.tgz')).toMatchObject({ code: 2 });
    expect(await init(parent, '--', '---')).toMatchObject({ code: 2, stderr: expect.stringContaining('No name can be made') as string });
    expect(readdirSync(parent)).toEqual([]);
  });

  test.skipIf(IS_WINDOWS || process.getuid?.() === 0)('says where it may not write (skipped for root, who may)', async () => {
    const parent = temporaryFolder();
    chmodSync(parent, 0o500);
    expect(await init(parent, 'a')).toMatchObject({ code: 1, stderr: expect.stringContaining('you may not write there') as string });
  });
});
