import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { currentPlatform, manifestFor, readRecipe, readRecipeFile, type Recipe, type RecipeInvalid } from '../../src/local/index.js';

const YAML = `---
RecipeFormatVersion: '2020-01-25'
ComponentName: com.example.EdgeAggregator
ComponentVersion: 1.2.0
ComponentDescription: Means of what the sensors say.
ComponentPublisher: Example
ComponentDependencies:
  aws.greengrass.Nucleus:
    VersionRequirement: '>=2.6.0'
ComponentConfiguration:
  DefaultConfiguration:
    window: 10
    accessControl:
      aws.greengrass.ipc.mqttproxy:
        com.example.EdgeAggregator:mqttproxy:1:
          policyDescription: Sensors in, means out.
          operations: ['aws.greengrass#SubscribeToIoTCore']
          resources: ['sensors/#']
Manifests:
  - Name: Windows
    Platform: { os: windows }
    Lifecycle:
      run: node.exe app.js
  - Platform:
      os: /linux|darwin/
      architecture: /amd64|aarch64/
    Lifecycle:
      Setenv:
        NODE_ENV: production
        WORKERS: 4
      install: npm ci --omit=dev
      run:
        Script: node {artifacts:decompressedPath}/app/dist/main.js
        RequiresPrivilege: true
        Timeout: 30
        Setenv: { WORKERS: 2 }
    Artifacts:
      - Uri: s3://bucket/app.zip
        Unarchive: ZIP
`;

function valid(text: string): Recipe {
  const recipe = readRecipe(text);
  if (recipe._tag === 'Left') throw recipe.left;
  return recipe.right;
}

function invalid(text: string): RecipeInvalid {
  const recipe = readRecipe(text, 'recipe.yaml');
  if (recipe._tag === 'Right') throw new Error('read as a recipe');
  return recipe.left;
}

const LINUX = { os: 'linux', architecture: 'amd64' };

/** A recipe with what every one needs, and this. */
function withMembers(members: string): string {
  return `RecipeFormatVersion: '2020-01-25'\nComponentName: com.example.A\nComponentVersion: 1.0.0\n${members}`;
}

describe('a recipe', () => {
  test('in YAML gives name, version, configuration, policies, and each platform’s steps', () => {
    const recipe = valid(YAML);
    expect(recipe).toMatchObject({
      componentName: 'com.example.EdgeAggregator',
      componentVersion: '1.2.0',
      dependencies: ['aws.greengrass.Nucleus'],
      defaultConfiguration: { window: 10 },
      warnings: [],
    });
    expect(recipe.accessControl).toEqual({
      'aws.greengrass.ipc.mqttproxy': {
        'com.example.EdgeAggregator:mqttproxy:1': {
          policyDescription: 'Sensors in, means out.',
          operations: ['aws.greengrass#SubscribeToIoTCore'],
          resources: ['sensors/#'],
        },
      },
    });
    expect(manifestFor(recipe, LINUX)).toEqual({
      name: undefined,
      platform: { os: '/linux|darwin/', architecture: '/amd64|aarch64/' },
      lifecycle: {
        setenv: { NODE_ENV: 'production', WORKERS: '4' },
        steps: {
          install: { script: 'npm ci --omit=dev', requiresPrivilege: false, timeoutSeconds: undefined, skipIf: undefined, setenv: {} },
          run: {
            script: 'node {artifacts:decompressedPath}/app/dist/main.js',
            requiresPrivilege: true,
            timeoutSeconds: 30,
            skipIf: undefined,
            setenv: { WORKERS: '2' },
          },
        },
      },
      artifacts: [{ uri: 's3://bucket/app.zip', unarchive: 'ZIP' }],
    });
  });

  test('in JSON gives the same', () => {
    const json = JSON.stringify({
      RecipeFormatVersion: '2020-01-25',
      ComponentName: 'com.example.A',
      ComponentVersion: '1.0.0',
      Manifests: [{ Lifecycle: { run: 'node main.js' } }],
    });
    expect(valid(json).manifests[0]?.lifecycle.steps.run?.script).toBe('node main.js');
    expect(valid(json)).toEqual({
      ...valid(withMembers("Manifests: [{ Lifecycle: { run: 'node main.js' } }]")),
      liteProblems: [expect.objectContaining({ path: '/Manifests/0' })],
    });
  });

  test('has its names in any case, as a device reads them', () => {
    const recipe = valid(
      "recipeformatversion: '2020-01-25'\ncomponentNAME: a\ncomponentversion: 1.0.0\ncomponentconfiguration: { defaultconfiguration: { ACCESSCONTROL: {} } }\nmanifests: [{ lifecycle: { RUN: x } }]",
    );
    expect(recipe.accessControl).toEqual({});
    expect(recipe.manifests[0]?.lifecycle.steps.run?.script).toBe('x');
  });

  test('without accessControl, configuration or manifests says so', () => {
    const recipe = valid(withMembers(''));
    expect(recipe).toMatchObject({ accessControl: undefined, defaultConfiguration: {}, manifests: [] });
    expect(recipe.warnings.map(({ path }) => path)).toEqual(['/Manifests']);
  });

  test('with a name twice is read as a device does, the last one counts, and that is told with its line', () => {
    const recipe = valid(
      withMembers('ComponentConfiguration:\n  DefaultConfiguration:\n    a: 1\n    a: 2\nManifests: [{ Lifecycle: { run: x } }]'),
    );
    expect(recipe.defaultConfiguration).toEqual({ a: 2 });
    expect(recipe.warnings).toMatchObject([{ line: 7, column: 5, message: expect.stringContaining('twice') as unknown }]);
  });

  test('with a member or a step that no nucleus knows says so', () => {
    const recipe = valid(withMembers('ComponentConfig: {}\nManifests: [{ Lifecycle: { start: x } }]'));
    expect(recipe.warnings.map(({ path }) => path)).toEqual(['/ComponentConfig', '/Manifests/0/Lifecycle/start', '/Manifests/0']);
  });
});

describe('what is wrong with a recipe is told all at once, with line, column and remedy', () => {
  test('in a sentence for each', () => {
    const error = invalid(
      "RecipeFormatVersion: '1'\nComponentVersion: 1.0\nManifests:\n  - Lifecycle:\n      run: [node, main.js]\n  - Artifacts: [{}]\n",
    );
    expect(error).toMatchObject({ _tag: 'RecipeInvalid', code: 'GGRX_RECIPE_INVALID', retryable: false });
    expect(error.problems.map(({ path, line, column }) => [path, line, column])).toEqual([
      ['/RecipeFormatVersion', 1, 22],
      ['/ComponentName', 1, 1],
      ['/ComponentVersion', 2, 19],
      ['/Manifests/0/Lifecycle/run', 5, 12],
      ['/Manifests/1/Artifacts/0', 6, 17],
    ]);
    expect(error.message).toContain('recipe.yaml:2:19: /ComponentVersion: "1" is not a semantic version. Write major.minor.patch');
  });

  test.each([
    ['nothing', '', 'a recipe is a map'],
    ['a list', '- a', 'a recipe is a map'],
    ['broken YAML', 'a: [', 'recipe.yaml:1:5'],
    ['manifests that are no list', withMembers('Manifests: 5'), '/Manifests: a list belongs here'],
    ['a manifest that is no map', withMembers('Manifests: [5]'), '/Manifests/0: a manifest is a map'],
    ['a manifest that is null', withMembers('Manifests: [{ Lifecycle: { run: x } }, null]'), '/Manifests/1: a manifest is a map'],
    ['a configuration that is no map', withMembers('ComponentConfiguration: { DefaultConfiguration: [] }'), 'a map belongs here'],
    ['a timeout in words', withMembers('Manifests: [{ Lifecycle: { run: { Script: a, Timeout: soon } } }]'), 'a number of seconds'],
    ['a name with a space', "RecipeFormatVersion: '2020-01-25'\nComponentName: a b\nComponentVersion: 1.0.0", '"a b" cannot be'],
  ])('%s', (_, text, sentence) => {
    expect(invalid(text).message).toContain(sentence);
  });

  test('whatever the text is, nothing is thrown', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.json().map(withMembers)), text => {
        const recipe = readRecipe(text);
        if (recipe._tag === 'Left') for (const { line, column } of recipe.left.problems) expect(Math.min(line, column)).toBeGreaterThan(0);
      }),
    );
  });
});

describe('the steps of a manifest', () => {
  const lifecycle = `
Lifecycle:
  linux:
    run: for linux
    Setenv: { OS: linux }
  all:
    run: for all
    install: { linux: install on linux, all: install }
`;

  test.each([
    ['its own, if it has any', '[{ Selections: [linux], Lifecycle: { run: mine } }, { Selections: [linux] }]', { run: 'mine' }],
    ['those of its first selection', '[{ Selections: [debian, linux] }]', { run: 'for linux' }],
    ['those of all, without selections', '[{}, { Selections: [linux] }]', { run: 'for all', install: 'install' }],
  ])('are %s', (_, manifests, steps) => {
    const read = valid(withMembers(`${lifecycle}Manifests: ${manifests}`)).manifests[0]?.lifecycle.steps ?? {};
    expect(Object.fromEntries(Object.entries(read).map(([name, { script }]) => [name, script]))).toEqual(steps);
  });

  test('are selected within a step too', () => {
    const recipe = valid(withMembers('Lifecycle: { run: { linux: a, all: b } }\nManifests: [{ Selections: [linux] }, {}]'));
    expect(recipe.manifests.map(({ lifecycle: { steps } }) => steps.run?.script)).toEqual(['a', 'b']);
  });
});

describe('a device takes the first manifest that fits', () => {
  const of = (...platforms: readonly string[]): Recipe =>
    valid(withMembers(`Manifests:\n${platforms.map((platform, i) => `  - { Name: '${i}', Platform: ${platform} }`).join('\n')}`));

  test.each<[string, string[], string | undefined]>([
    ['in their order', ['{ os: darwin }', '{ os: linux }', '{}'], '1'],
    ['all of its words', ['{ os: linux, architecture: arm }', '{ os: linux, architecture: amd64 }'], '1'],
    ['one without words fits any', ['{ os: darwin }', '{}'], '1'],
    ['* and all fit any', ['{ os: all, architecture: any, runtime: "*" }'], '0'],
    ['an expression must fit the whole word', ['{ os: /lin/ }', '{ os: /lin.*/ }'], '1'],
    ['null is as * is', ['{ gpu: x }', '{ gpu: null }'], '1'],
    ['a word of which the device says nothing does not fit', ['{ gpu: x }', '{ gpu: /.*/ }'], undefined],
    ['// fits nothing', ['{ os: // }', '{ os: linux }'], '1'],
    ['an expression that is none fits nothing', ['{ os: "/(/" }'], undefined],
    ['none', ['{ os: windows }'], undefined],
  ])('%s', (_, platforms, name) => {
    expect(manifestFor(of(...platforms), LINUX)?.name).toBe(name);
  });

  test('and this machine is one of them', () => {
    expect(currentPlatform()['os']).toBe(process.platform === 'win32' ? 'windows' : process.platform);
    expect(manifestFor(of('{ runtime: aws_nucleus_lite }'), currentPlatform('classic'))).toBeUndefined();
    expect(manifestFor(of('{ os: linux, runtime: aws_nucleus_lite }'), currentPlatform('lite'))?.name).toBe('0');
  });
});

describe('a recipe’s file', () => {
  test('is read; one that is not there, or is a directory, is an error with a remedy', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ggrx-recipe-'));
    try {
      await writeFile(join(folder, 'recipe.yaml'), YAML);
      expect(await readRecipeFile(join(folder, 'recipe.yaml'))()).toMatchObject({
        right: { componentName: 'com.example.EdgeAggregator' },
      });
      expect(await readRecipeFile(join(folder, 'none.yaml'))()).toMatchObject({
        left: { _tag: 'RecipeUnreadable', message: expect.stringContaining('There is no file') as unknown },
      });
      expect(await readRecipeFile(folder)()).toMatchObject({
        left: { _tag: 'RecipeUnreadable', message: expect.stringContaining('could not be read') as unknown },
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
