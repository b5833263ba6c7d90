import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { TEMPLATES } from '../../src/cli/init/templates.js';
import { gdkFiles } from '../../src/dry-run/recipe.js';
import { readRecipe, type Recipe } from '../../src/local/index.js';
import { gdkComponentBeside } from '../../src/recipe/gdk-config.js';
import { RECIPE_FORMAT, RECIPE_WORDS, type RecipeDocument, recipeText, shapeParts } from '../../src/recipe/recipe-format.js';

function read(text: string, source?: string): Recipe {
  const recipe = readRecipe(text, source);
  if (recipe._tag === 'Left') throw recipe.left;
  return recipe.right;
}

/** What the classic nucleus takes a recipe for. What Lite takes it for may differ where names had to be corrected. */
function onClassic({ warnings: _, liteProblems: __, liteManifests: ___, liteDefaultConfiguration: ____, ...recipe }: Recipe): object {
  return recipe;
}

/** Texts that YAML 1.1 would take for something else, among any others. */
const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    'yes',
    'off',
    '~',
    'null',
    '0777',
    '0o17',
    '1_000',
    '1:30',
    '190:20:30.15',
    '.inf',
    '2020-01-25',
    '<<',
    '*a',
    '&a',
    '- a',
    '# a',
    '{a}',
  ),
);
const json = fc.jsonValue().map(value => JSON.parse(JSON.stringify(value)) as unknown);

/** Members that a nucleus reads more closely than the format says. */
const NAMED: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  ComponentName: fc.constantFrom('com.example.A', '1.0', 'no'),
  ComponentVersion: fc.constantFrom('1.0.0', '2.3.4-rc.1+5'),
  VersionRequirement: fc.constantFrom('>=1.0.0 <2.0.0', '1', '~1.0 || 2.x'),
  // At each level of a global lifecycle such a name stands for what is under it.
  Selections: fc.subarray(['linux', 'debian']),
  Uri: fc.constantFrom('s3://bucket/a.zip', 'docker:nginx:latest'),
};

/** Anything that has the shape: made from the table itself, so that no member of the format goes without. */
function written(shape: string): fc.Arbitrary<unknown> {
  const { of, many, orText } = shapeParts(shape);
  const one = thing(of);
  if (many === '[]') return fc.array(one, { maxLength: 3 });
  if (many === '{}') return fc.dictionary(texts, one, { maxKeys: 3 });
  return orText ? fc.oneof(texts, one) : one;
}

function thing(of: string): fc.Arbitrary<unknown> {
  const variable = fc.constant('{configuration:/a}');
  switch (of) {
    case 'text':
      return texts;
    case 'text or null':
      return fc.option(texts);
    case 'flag':
      return fc.oneof(fc.boolean(), variable);
    case 'seconds':
      return fc.oneof(fc.nat(), fc.constant(0.5), variable);
    case 'configuration':
      return fc.dictionary(texts, json, { maxKeys: 4 });
    case 'a global lifecycle':
      return fc.record({ all: written('Lifecycle') });
  }
  const words = Object.entries(RECIPE_WORDS).find(([word]) => word === of)?.[1];
  if (words !== undefined) return fc.constantFrom(...words);
  const members = Object.entries(RECIPE_FORMAT).find(([name]) => name === of)?.[1];
  if (members === undefined) throw new Error(`what is ${of}?`);
  const shapes = Object.entries(members).map(([name, shape]: [string, string]) => [name, NAMED[name] ?? written(shape)] as const);
  const requiredKeys = Object.entries(members).flatMap(([name, shape]: [string, string]) => (shape.endsWith('!') ? [name] : []));
  return fc.record(Object.fromEntries(shapes), { requiredKeys });
}

const recipes = written('a recipe') as fc.Arbitrary<RecipeDocument>;

describe('a recipe that is written is read back as it was meant', () => {
  test.each(['yaml', 'json'] as const)('in %s, whatever is in it', format => {
    fc.assert(
      fc.property(recipes, document => {
        const recipe = read(recipeText(document, format), `recipe.${format}`);
        expect(recipe.document).toEqual(document);
        expect(recipe.warnings.filter(({ message }) => message.includes('YAML 1.1'))).toEqual([]);
        // In order, too: read and written once more it is the same text.
        expect(recipeText(recipe.document, format)).toBe(recipeText(document, format));
      }),
    );
  });

  test('and in whatever order its members came, they are in the order of the format', () => {
    const { document } = read(
      "Manifests: [{ Lifecycle: { run: x, Setenv: {} }, Name: a }]\nComponentVersion: 1.0.0\nComponentName: a\nRecipeFormatVersion: '2020-01-25'\n",
    );
    expect(recipeText(document, 'yaml')).toBe(
      "RecipeFormatVersion: '2020-01-25'\nComponentName: a\nComponentVersion: 1.0.0\nManifests:\n  - Name: a\n    Lifecycle:\n      Setenv: {}\n      run: x\n",
    );
  });
});

describe('a recipe that is read can be written again, and means the same to the classic nucleus', () => {
  const HEAD = "RecipeFormatVersion: '2020-01-25'\nComponentName: com.example.A\nComponentVersion: 1.0.0\n";
  const FORMS: Readonly<Record<string, string>> = {
    'names in any case': `${HEAD}componentTYPE: AWS.Greengrass.Generic\nmanifests: [{ PLATFORM: { os: linux }, lifecycle: { RUN: { script: x, requiresprivilege: 'TRUE' } } }]`,
    'a lifecycle by selection keys': `${HEAD}Lifecycle: { linux: { run: a }, all: { run: { Script: b, Timeout: 5 } } }\nManifests: [{ Selections: [linux] }, {}]`,
    'steps by selection keys': `${HEAD}Lifecycle: { install: { linux: a, all: b }, run: c }\nManifests: [{ Selections: [linux] }, {}]`,
    'words and numbers of YAML 1.1': `${HEAD}ComponentConfiguration: { DefaultConfiguration: { a: yes, b: 0777, c: [1_000, ~, 1:30, 1e3] } }\nManifests: [{ Lifecycle: { Setenv: { A: on, B: 010 }, run: x } }]`,
    'an artifact and who may read it': `${HEAD}Manifests: [{ Lifecycle: { run: x }, Artifacts: [{ URI: 's3://a/b.zip', unarchive: zip, permission: { read: all } }] }]`,
    'what no nucleus knows': `${HEAD}Comment: mine\nManifests: [{ Lifecycle: { run: { Script: x, Retries: 3 }, test: y }, Extra: 1 }]`,
    'anchors and aliases': `${HEAD}ComponentConfiguration: { DefaultConfiguration: { a: &a [1], b: *a } }\nManifests: [{ Lifecycle: { run: x } }]`,
    'many lines': `${HEAD}Manifests:\n  - Lifecycle:\n      run: |\n        if [ -f a ]; then\n          exit 0 # done\n        fi\n      shutdown: >-\n        one\n        line\n`,
    'a platform of any word': `${HEAD}Manifests: [{ Platform: { os: '*', gpu: null, runtime: aws_nucleus_lite }, Lifecycle: { bootstrap: { Script: x, BootstrapOnRollback: true } } }]`,
  };

  test.each(Object.entries(FORMS))('%s', (_, text) => {
    const recipe = read(text);
    for (const format of ['yaml', 'json'] as const) expect(onClassic(read(recipeText(recipe.document, format)))).toEqual(onClassic(recipe));
  });

  test.each(Object.keys(TEMPLATES))('that of a new project (%s) is written as it stands, but for its comments', async template => {
    const text = await readFile(new URL(`../../template/${template}/recipe.yaml`, import.meta.url), 'utf8');
    expect(recipeText(read(text).document, 'yaml')).toBe(text.replaceAll(/^\s*#.*\n/gm, ''));
  });
});

test('the gdk-config.json that is written says to who reads it which component it is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ggrx-gdk-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const component = { name: 'com.example.A', version: '1.2.3', publisher: undefined };
  for (const { path, text } of gdkFiles(component, { bucket: 'b', region: 'eu-west-1' })) await writeFile(join(folder, path), text);
  expect(await gdkComponentBeside(join(folder, 'recipe.yaml'))).toEqual({ name: 'com.example.A', version: '1.2.3' });
});
