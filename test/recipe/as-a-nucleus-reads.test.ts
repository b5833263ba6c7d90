import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { manifestFor, readRecipe, readRecipeFile, type Recipe, type RecipeProblem } from '../../src/local/index.js';

const HEAD = "RecipeFormatVersion: '2020-01-25'\nComponentName: com.example.A\nComponentVersion: 1.0.0\n";
const RUN = 'Manifests:\n  - Platform: { os: linux, runtime: "*" }\n    Lifecycle: { run: x }\n';

function valid(text: string, source?: string): Recipe {
  const recipe = readRecipe(text, source);
  if (recipe._tag === 'Left') throw recipe.left;
  return recipe.right;
}

function refused(text: string, source?: string): readonly RecipeProblem[] {
  const recipe = readRecipe(text, source);
  if (recipe._tag === 'Right') throw new Error('read as a recipe');
  return recipe.left.problems;
}

const configured = (lines: string): Recipe =>
  valid(`${HEAD}ComponentConfiguration:\n  DefaultConfiguration:\n${lines.replaceAll(/^/gm, '    ')}\n${RUN}`);

describe('YAML is read as the classic nucleus reads it', () => {
  test.each<[string, unknown]>([
    ['yes', true],
    ['Off', false],
    ['yEs', 'yEs'],
    ['y', 'y'],
    ['True', true],
    ['0777', 511],
    ['-0777', -511],
    ['012_3', 83],
    ['0778', '0778'],
    ['00', 0],
    ['-0', 0],
    ['+12', 12],
    ['1_000', 1000],
    ['0o17', '0o17'],
    ['0b101', 5],
    ['0x1f_f', 511],
    ['1:30', '1:30'],
    ['1.', 1],
    ['+.5', 0.5],
    ['.5', 0.5],
    ['1e3', 1000],
    ['1.5e+3', 1500],
    ['1_0.5', 10.5],
    ['NaN', 'NaN'],
    ['~', null],
    ['Null', null],
    ['', null],
    ['2020-01-25', '2020-01-25'],
    ['08', '08'],
    ['09.5', 9.5],
    ['0x', '0x'],
    ["'yes'", 'yes'],
    ['"0777"', '0777'],
    ['!!str yes', 'yes'],
  ])('%s', (text, value) => {
    expect(configured(`a: ${text}`).defaultConfiguration).toEqual({ a: value });
  });

  test.each(['.inf', '-.inf', '.nan', '190:20:30.15'])('and it can make nothing of %s', text => {
    expect(refused(`${HEAD}ComponentConfiguration: { DefaultConfiguration: { a: ${text} } }\n${RUN}`)).toMatchObject([
      {
        path: '/ComponentConfiguration/DefaultConfiguration/a',
        message: expect.stringContaining(`${text}: the classic nucleus`) as string,
      },
    ]);
  });

  test('what is not what it looks is one line, with what it is, and the lines', () => {
    const { warnings } = configured('a: on\nb: 10\nc: 0777\nd: [yes, 1.5, 0o17]\ne: text');
    expect(warnings).toMatchObject([
      {
        path: '/ComponentConfiguration/DefaultConfiguration/a',
        line: 6,
        message: expect.stringMatching(
          /^on \(true\), 0777 \(511\), yes \(true\), 0o17 \("0o17"\): .*YAML 1\.1.* \(also in lines 8, 9\)$/,
        ) as string,
      },
    ]);
  });

  test('an alias is the text of its name there, and what it stands for on Greengrass Lite', () => {
    const recipe = valid(
      `${HEAD}ComponentConfiguration: { DefaultConfiguration: { t: &t [a], u: *t } }\nManifests:\n  - Platform: &p { os: linux, runtime: '*' }\n    Lifecycle: &l { run: x }\n    Name: one\n  - Platform: { os: linux, runtime: '*' }\n    Lifecycle: { run: *t }`,
    );
    expect(recipe.defaultConfiguration).toEqual({ t: ['a'], u: 't' });
    expect(recipe.manifests[1]?.lifecycle.steps.run?.script).toBe('t');
    expect(recipe.liteManifests[1]).toMatchObject({ kind: 'taken', manifest: { lifecycle: { steps: {} } } });
    expect(recipe.warnings).toMatchObject([{ line: 4, message: expect.stringMatching(/^\*t: an alias .*\(also in line 10\)$/) as string }]);
  });

  test.each([
    ['lists in lists', '['.repeat(5_000)],
    ['lists in lists that are ended', `${'['.repeat(300)}${']'.repeat(300)}`],
    ['lists of items in items', '- '.repeat(5_000)],
    ['maps as names of maps', '? '.repeat(300)],
    ['an alias in what it stands for', 'a: &a { b: *a }'],
  ])('%s are told as what they are, and nothing else is', (_, text) => {
    expect(readRecipe(text)).toMatchObject({
      left: { problems: [{ message: expect.stringMatching(/^it is nested too deeply/) as string }] },
    });
  });

  test('what is nested 150 levels deep is read', () => {
    const list = `${'['.repeat(150)}${']'.repeat(150)}`;
    expect(configured(`a: ${list}`).defaultConfiguration).toEqual({ a: JSON.parse(list) as unknown });
  });

  test('aliases that multiply are text there, and too many for Greengrass Lite', () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) =>
        `a${i}: &a${i} [${Array(9)
          .fill(i === 0 ? 'x' : `*a${i - 1}`)
          .join(', ')}]`,
    );
    const { liteProblems } = configured(levels.join('\n'));
    expect(liteProblems).toMatchObject([{ message: expect.stringContaining('too many aliases') as string }]);
  });

  test('of several documents the first', () => {
    const recipe = valid(`${HEAD}${RUN}---\nComponentName: other\n`);
    expect(recipe.componentName).toBe('com.example.A');
    expect(recipe.warnings).toMatchObject([{ line: 7, message: expect.stringContaining('reads the first alone') as string }]);
  });

  test('of one name in two cases the last, and that is told', () => {
    const recipe = valid(`${HEAD}componentversion: 2.0.0\n${RUN}`);
    expect(recipe.componentVersion).toBe('2.0.0');
    expect(recipe.warnings).toMatchObject([
      { line: 4, column: 1, message: expect.stringContaining('ComponentVersion and componentversion') as string },
    ]);
  });
});

describe('a file is read by its name', () => {
  const data = {
    RecipeFormatVersion: '2020-01-25',
    ComponentName: 'a',
    ComponentVersion: '1.0.0',
    Manifests: [{ Lifecycle: { run: 'a/b' } }],
  };

  test('JSON in .yaml is YAML, which takes comments and commas, and no tabs and no \\/', () => {
    const json = JSON.stringify(data, undefined, 2);
    expect(valid(json.replace('{', '{ # a comment'), 'recipe.yaml').componentName).toBe('a');
    expect(valid(json.replace(/\]\s*\}$/, '],\n}'), 'recipe.yml').componentName).toBe('a');
    expect(refused(JSON.stringify(data, undefined, '\t'), 'recipe.yaml')).toMatchObject([
      { line: 2, column: 1, remedy: expect.stringContaining('.json') as string },
    ]);
    expect(refused(json.replace('a/b', 'a\\/b'), 'recipe.yaml')).toMatchObject([{ message: expect.stringContaining('\\/') as string }]);
  });

  test('JSON in .json is JSON, which takes tabs and \\/, and no comments and no YAML', () => {
    const json = JSON.stringify(data, undefined, '\t').replace('a/b', 'a\\/b');
    expect(valid(json, 'recipe.json').manifests[0]?.lifecycle.steps.run?.script).toBe('a/b');
    for (const text of [json.replace('{', '{ // a comment'), `/* a comment */ ${json}`, `${HEAD}${RUN}`])
      expect(refused(text, 'recipe.json').at(-1)).toMatchObject({ line: expect.any(Number) as number });
    expect(refused(json.replace('{', '{ # a comment'), 'recipe.json')).toMatchObject([
      { line: 1, message: expect.stringContaining('not quite JSON') as string },
    ]);
  });
});

describe('what the nucleus refuses is refused', () => {
  const artifact = (members: string): string => `Manifests: [{ Lifecycle: { run: x }, Artifacts: [{ ${members} }] }]`;

  test.each([
    ['a dependency without a range', 'ComponentDependencies: { b: {} }', '/ComponentDependencies/b', 'VersionRequirement'],
    [
      'a range that is none',
      'ComponentDependencies: { b: { VersionRequirement: newest } }',
      '/ComponentDependencies/b/VersionRequirement',
      '"newest"',
    ],
    [
      'a kind of dependency',
      "ComponentDependencies: { b: { VersionRequirement: '1', DependencyType: WEAK } }",
      '/ComponentDependencies/b/DependencyType',
      'WEAK',
    ],
    ['an archive', artifact('Uri: s3://a/b, Unarchive: TAR'), '/Manifests/0/Artifacts/0/Unarchive', 'TAR'],
    ['a permission', artifact('Uri: s3://a/b, Permission: { Read: WORLD }'), '/Manifests/0/Artifacts/0/Permission/Read', 'WORLD'],
    ['a type', 'ComponentType: foo', '/ComponentType', 'foo'],
    ['a URI with <', artifact("Uri: 's3://<BUCKET>/a'"), '/Manifests/0/Artifacts/0/Uri', 's3://<BUCKET>/a'],
    ['a URI without a scheme', artifact('Uri: main.zip'), '/Manifests/0/Artifacts/0/Uri', 'main.zip'],
    [
      'a list of platforms',
      'Manifests: [{ Platform: { os: [linux] }, Lifecycle: { run: x } }]',
      '/Manifests/0/Platform/os',
      'a text belongs here',
    ],
  ])('%s', (_, members, path, words) => {
    expect(refused(`${HEAD}${members}\n`)).toMatchObject([{ path, message: expect.stringContaining(words) as string }]);
  });

  test.each(['>=1.0.0 <2.0.0', '^1.2.0', '~1.0', '1.2.3', '*', '1.x || >=2.0.0-rc.1', '1.0.0 - 2.0.0'])('the range %j is taken', range => {
    expect(
      valid(`${HEAD}ComponentDependencies: { b: { VersionRequirement: '${range}', DependencyType: soft } }\n${RUN}`).dependencies,
    ).toEqual(['b']);
  });
});

describe('what has no use is told', () => {
  test.each([
    [
      'Manifests: [{ Lifecycle: { run: x }, Artifact: [], Platforms: {} }]',
      /^Artifact, Platforms: no nucleus knows such a member of a manifest/,
    ],
    ['Manifests: [{ Lifecyle: { run: x }, Lifecycle: { run: x } }]', /^Lifecyle: no nucleus knows/],
    ['Manifests: [{ Lifecycle: { run: { Script: x, Scripts: y } } }]', /^Scripts: .* a step/],
    ['ComponentConfiguration: { DefaultConfig: {} }\nManifests: [{ Lifecycle: { run: x } }]', /^DefaultConfig: .* ComponentConfiguration/],
    ['ComponentConfiguration: { DefaultConfiguration: {}, accessControl: {} }\nManifests: [{ Lifecycle: { run: x } }]', /^accessControl: /],
    ['Manifests: [{ Lifecycle: { install: } }]', /no step to run/],
    ['Manifests: [{ Lifecycle: { run: x }, Platform: { os: Linux } }]', /^Linux: no device says this of its os/],
    ['Manifests: [{ Lifecycle: { run: x, startup: y } }]', /run and startup exclude each other/],
    [
      "Manifests: [{ Lifecycle: { run: 'node {artifacts:decompresedPath}/a.js' } }]",
      /^\{artifacts:decompresedPath\}: no device knows such a recipe variable/,
    ],
    ["Manifests: [{ Lifecycle: { run: { Script: 'x {work:folder}' } } }]", /^\{work:folder\}: no device knows/],
    ["Manifests: [{ Lifecycle: { run: { Script: x, Skipif: 'exists {wrok:path}/a' } } }]", /^\{wrok:path\}: no device knows/],
    ["Manifests: [{ Lifecycle: { run: x, Setenv: { A: '{configuration:limit}' } } }]", /^\{configuration:limit\}: no device knows/],
    [
      "Manifests: [{ Lifecycle: { run: { Script: x, Setenv: { A: '{com.example.B:artifact:path}' } } } }]",
      /^\{com\.example\.B:artifact:path\}: /,
    ],
    ["Manifests: [{ Lifecycle: { run: x }, Artifacts: [{ Uri: 'https://a/b' }] }]", /^https:\/\/a\/b: a nucleus downloads from/],
  ])('%s', (members, message) => {
    expect(valid(`${HEAD}${members}\n`).warnings).toMatchObject([{ message: expect.stringMatching(message) as string }]);
  });

  test.each([
    '{artifacts:path} {configuration:/limit} {com.example.B:work:path}',
    '{level:info} {{x:y}} {url:path} {host:path}',
    '${WORK:-path} ${work:-/tmp} ${configuration:-default.json} ${work:0}',
    '{work: .path, configuration: .limit} {configuration: 1}',
  ])('what a shell or a program has in braces is no misspelt recipe variable: %s', script => {
    expect(valid(`${HEAD}Manifests: [{ Lifecycle: { run: ${JSON.stringify(script)} } }]`).warnings).toEqual([]);
  });

  test('a misspelt variable of a dependency is one of the dependency', () => {
    const { warnings } = valid(
      `${HEAD}Manifests: [{ Lifecycle: { run: 'ls {com.example.B:artifact:path} {com.example.B:configuration:x}' } }]`,
    );
    expect(warnings.map(({ remedy }) => remedy)).toEqual([
      'Write {com.example.B:artifacts:path}',
      'Write {com.example.B:configuration:/path/to/it}, with a slash first',
    ]);
  });

  test('what is said of many places is one line, which names the first five', () => {
    const manifest = (i: number): string => `  - Lifecycle: { run: x }\n    Extra${i}: 1`;
    const { warnings } = valid(`${HEAD}Manifests:\n${[1, 2, 3, 4, 5, 6, 7].map(manifest).join('\n')}`);
    expect(warnings.map(({ line, message }) => [line, message])).toEqual([
      [
        6,
        'Extra1, Extra2, Extra3, Extra4, Extra5 and 2 more: no nucleus knows such a member of a manifest, and it is left out (also in lines 8, 10, 12, 14, 16 and 1 more)',
      ],
    ]);
  });
});

describe('Greengrass Lite', () => {
  const lite = { os: 'linux', architecture: 'amd64', runtime: 'aws_nucleus_lite' };
  const of = (...platforms: readonly string[]): Recipe =>
    valid(`${HEAD}Manifests:\n${platforms.map((each, i) => `  - { Name: '${i}', ${each} }`).join('\n')}`);
  const run = 'Lifecycle: { run: x }';
  const good = `Platform: { os: linux, runtime: "*" }, ${run}`;

  test.each<[string, string[], string | undefined, RegExp]>([
    [
      'takes the first with a runtime for it',
      [`Platform: { os: linux }, ${run}`, good],
      '1',
      /no runtime, so that Greengrass Lite passes over it/,
    ],
    ['takes a runtime by its name', [`Platform: { os: all, runtime: aws_nucleus_lite, gpu: none }, ${run}`], '0', /^$/],
    ['takes an architecture', [`Platform: { os: linux, runtime: "*", architecture: arm }, ${run}`, good], '1', /^$/],
    ['refuses one without Platform, and what comes after it', [run, good], undefined, /no Platform, and .* after it/],
    ['does not look beyond what it takes', [good, run], '0', /no Platform/],
    ['passes over an empty Platform', [`Platform: {}, ${run}`, good], '1', /no runtime/],
    ['passes over os: any', [`Platform: { os: any, runtime: "*" }, ${run}`, good], '1', /os is any/],
    ['passes over an expression', [`Platform: { os: /linux/, runtime: "*" }, ${run}`, good], '1', /os is \/linux\//],
    ['passes over a runtime without os', [`Platform: { runtime: "*" }, ${run}`, good], '1', /no os/],
    ['passes over another runtime', [`Platform: { os: linux, runtime: aws_nucleus }, ${run}`, good], '1', /runtime is aws_nucleus,/],
  ])('%s', (_, manifests, name, sentence) => {
    const recipe = of(...manifests);
    expect(manifestFor(recipe, lite)?.name).toBe(name);
    expect(recipe.liteProblems.map(({ message }) => message).join()).toMatch(sentence);
  });

  test('is told of the first manifest that it refuses alone, since it reads no further', () => {
    const recipe = of(run, run, good);
    expect(recipe.liteManifests).toMatchObject([{ kind: 'refused' }]);
    expect(recipe.liteProblems).toMatchObject([{ path: '/Manifests/0', message: expect.not.stringContaining('also in line') as string }]);
  });

  test('finds its names in one case only, and says in one line which it does not find', () => {
    const recipe = valid(
      `${HEAD}Manifests:\n  - Platform: { os: linux, runtime: '*' }\n    Lifecycle: { Run: x, setenv: {}, Shutdown: { script: y } }\n    Artifacts: [{ URI: 's3://a/b' }]`,
    );
    expect(recipe.manifests[0]?.lifecycle.steps.run?.script).toBe('x');
    expect(manifestFor(recipe, lite)?.lifecycle.steps).toEqual({});
    expect(recipe.liteProblems.map(({ message }) => message)).toEqual([
      'Run (run), setenv (Setenv), Shutdown (shutdown), script (Script), URI (Uri): Greengrass Lite compares names exactly, and does not find it under this one (also in line 7)',
      'Greengrass Lite finds nothing to run in it',
    ]);
  });

  test('takes of a global lifecycle what is under linux or all, the last that a manifest selects', () => {
    const global = 'Lifecycle: { all: { run: a }, linux: { run: b }, debian: { run: c } }\nManifests:\n';
    const scripts = [[], ['linux'], ['linux', 'all'], ['debian']].map(selections => {
      const recipe = valid(`${HEAD}${global}  - { Platform: { os: linux, runtime: '*' }, Selections: [${selections.join(', ')}] }`);
      return manifestFor(recipe, lite)?.lifecycle.steps.run?.script;
    });
    expect(scripts).toEqual(['a', 'b', 'a', undefined]);
  });

  test('reads the texts of a step as they are written', () => {
    const recipe = valid(
      `${HEAD}Manifests:\n  - Platform: { os: linux, runtime: '*' }\n    Lifecycle: { Setenv: { A: yes }, run: { Script: x, RequiresPrivilege: true, Timeout: 20, Setenv: { B: 0777 } } }`,
    );
    expect(recipe.manifests[0]?.lifecycle).toMatchObject({ setenv: { A: 'true' }, steps: { run: { setenv: { B: '511' } } } });
    expect(manifestFor(recipe, lite)?.lifecycle).toMatchObject({
      setenv: { A: 'yes' },
      steps: { run: { script: 'x', requiresPrivilege: true, timeoutSeconds: 20, setenv: { B: '0777' } } },
    });
  });

  test('reads 8196 bytes and no more', () => {
    const filled = (bytes: number): Recipe => {
      const text = `${HEAD}${RUN}#`;
      return valid(text.padEnd(bytes, '.'));
    };
    expect(manifestFor(filled(8196), lite)?.lifecycle.steps.run?.script).toBe('x');
    expect(manifestFor(filled(8197), lite)).toBeUndefined();
    expect(filled(8197).liteProblems).toMatchObject([{ message: expect.stringContaining('8197 bytes') as string }]);
  });
});

describe('placeholders of the Development Kit', () => {
  const recipe = (name: string, version: string): string =>
    `RecipeFormatVersion: '2020-01-25'\nComponentName: ${name}\nComponentVersion: ${version}\n${RUN}`;
  const read = async (text: string, config?: unknown) => {
    const folder = await mkdtemp(join(tmpdir(), 'ggrx-gdk-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'recipe.yaml'), text);
    if (config !== undefined) await writeFile(join(folder, 'gdk-config.json'), JSON.stringify(config));
    return readRecipeFile(join(folder, 'recipe.yaml'))();
  };
  const component = { 'com.example.Kit': { version: 'NEXT_PATCH' } };

  test.each([
    ['"{COMPONENT_NAME}"', '"{COMPONENT_VERSION}"'],
    ['{COMPONENT_NAME}', '{COMPONENT_VERSION}'],
    ['$component_name', 'NEXT_PATCH'],
    ['COMPONENT_NAME', 'COMPONENT_VERSION'],
  ])('%s and %s are filled in from the gdk-config.json beside the recipe', async (name, version) => {
    expect(await read(recipe(name, version), { component })).toMatchObject({
      right: { componentName: 'com.example.Kit', componentVersion: '1.0.0' },
    });
    const pinned = { component: { 'com.example.Kit': { version: '2.3.4' } } };
    expect(await read(recipe(name, version), pinned)).toMatchObject({ right: { componentVersion: '2.3.4' } });
  });

  test('are named as such, in one line, where there is none or no single component in it', async () => {
    for (const config of [undefined, {}, { component: { ...component, other: {} } }]) {
      expect(await read(recipe('"{COMPONENT_NAME}"', 'NEXT_PATCH'), config)).toMatchObject({
        left: {
          problems: [
            { line: 2, message: expect.stringMatching(/^\{COMPONENT_NAME\}, NEXT_PATCH: a placeholder of .*also in line 3/) as string },
          ],
        },
      });
    }
  });

  const ofKit = `ComponentPublisher: {COMPONENT_AUTHOR}
Manifests:
  - Platform: { os: linux, runtime: '*' }
    Lifecycle: { run: 'node main.js' }
    Artifacts:
      - Uri: s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/a.zip
      - Uri: 's3://{BUCKET_NAME}/{COMPONENT_NAME}/{COMPONENT_VERSION}/b.zip'
`;
  const withArtifacts = (name: string): string =>
    `RecipeFormatVersion: '2020-01-25'\nComponentName: ${name}\nComponentVersion: 1.0.0\n${ofKit}`;

  test('in the URIs of artifacts and for the publisher are filled in, too', async () => {
    expect(await read(withArtifacts('"{COMPONENT_NAME}"'), { component })).toMatchObject({
      right: {
        manifests: [
          {
            artifacts: [
              { uri: 's3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/a.zip' },
              { uri: 's3://BUCKET_NAME/com.example.Kit/1.0.0/b.zip' },
            ],
          },
        ],
      },
    });
  });

  test('in the URIs of artifacts and for the publisher are named in the same line, where nothing fills them in', async () => {
    const all = /^\{COMPONENT_NAME\}, \{COMPONENT_AUTHOR\}, \{BUCKET_NAME\}: a placeholder of .*also in lines 4, 10/;
    expect(await read(withArtifacts('"{COMPONENT_NAME}"'))).toMatchObject({
      left: { problems: [{ line: 2, message: expect.stringMatching(all) as string }] },
    });
  });

  test('a publisher that is a map is refused, as a nucleus does; one that is a placeholder in quotes is a text', async () => {
    const published = (by: string): string => `${recipe('com.example.Mine', '3.0.0')}ComponentPublisher: ${by}\n`;
    expect(await read(published('{ by: me }'))).toMatchObject({
      left: { problems: [{ message: expect.stringContaining('a text belongs here') as string }] },
    });
    expect(await read(published('"{COMPONENT_AUTHOR}"'))).toMatchObject({ _tag: 'Right' });
  });

  test('what is written out stays', async () => {
    expect(await read(recipe('com.example.Mine', '3.0.0'), { component })).toMatchObject({
      right: { componentName: 'com.example.Mine', componentVersion: '3.0.0' },
    });
  });
});
