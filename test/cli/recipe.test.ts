import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readRecipe } from '../../src/local/index.js';
import { inProcess } from '../kit/process/cli-in-process.js';
import { IS_WINDOWS } from '../kit/process/platform.js';
import { runCli, temporaryFolder } from '../kit/process/run-cli.js';

const moduleOf = (name: string): string => fileURLToPath(new URL(`components/${name}.mjs`, import.meta.url));
const EDGE = moduleOf('edge-aggregator');

const done = (...args: readonly string[]) => inProcess(args);

/** In a process of its own, where Node itself looks for the module. */
const inNode = async (...args: readonly string[]) => {
  const run = runCli(args);
  const { code } = await run.ended;
  return { code, stdout: run.stdout(), stderr: run.stderr() };
};

describe('recipe', () => {
  test('writes the recipe, and says what it found on stderr', async () => {
    const { code, stdout, stderr } = await done('recipe', EDGE);
    expect(code).toBe(0);
    expect(readRecipe(stdout)).toMatchObject({ right: { componentName: 'com.example.EdgeAggregator', warnings: [] } });
    expect(stderr).toContain('note (codecs): ');
    const json = await done('recipe', EDGE, '--format', 'json');
    expect(JSON.parse(json.stdout)).toMatchObject({ ComponentVersion: '1.2.0' });
  });

  test('--check is content with what it wrote, and fails with the difference when the code has changed', async () => {
    const file = join(temporaryFolder(), 'recipe.json');
    expect(await done('recipe', EDGE, '--out', file)).toMatchObject({ code: 0, stdout: '' });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ ComponentVersion: '1.2.0' });
    expect(await done('recipe', EDGE, '--check', file)).toMatchObject({ code: 0, stdout: '' });
    writeFileSync(file, readFileSync(file, 'utf8').replace('"telemetry/mean"', '"telemetry/median"'));
    const { code, stdout, stderr } = await done('recipe', EDGE, '--check', file);
    expect(code).toBe(1);
    expect(stdout.split('\n')).toEqual([
      '+ accessControl must allow aws.greengrass#PublishToIoTCore on "telemetry/mean"',
      '- accessControl allows aws.greengrass#PublishToIoTCore on "telemetry/median", which the component does not do',
      '',
    ]);
    expect(stderr).toContain(`no longer fits ${EDGE}`);
    expect(await done('recipe', EDGE, '--check', `${file}.absent`)).toMatchObject({ code: 2 });
  });

  test('--gdk writes the files to build and publish with', async () => {
    const folder = temporaryFolder();
    expect(await done('recipe', EDGE, '--gdk', folder)).toMatchObject({ code: 2 });
    expect(await done('recipe', EDGE, '--gdk', folder, '--bucket', 'b', '--region', 'eu-west-1')).toMatchObject({ code: 0, stdout: '' });
    expect(JSON.parse(readFileSync(join(folder, 'gdk-config.json'), 'utf8'))).toHaveProperty(['component', 'com.example.EdgeAggregator']);
    if (!IS_WINDOWS) expect(statSync(join(folder, 'gdk-build.sh')).mode & 0o111).toBe(0o111);
  });

  test('--gdk into a file says what the system says, which is no defect of this program', async () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    const { code, stderr } = await done('recipe', EDGE, '--gdk', join(file, 'gdk'), '--bucket', 'b', '--region', 'eu-west-1');
    expect(code).toBe(1);
    expect(stderr).toMatch(IS_WINDOWS ? /greengrass-rx: E\w+: .*mkdir / : /greengrass-rx: ENOTDIR: not a directory, mkdir /);
    expect(stderr).not.toContain('defect of greengrass-rx');
  });

  test('--gdk writes the recipe, without which GDK does not begin, and keeps one that is there', async () => {
    const folder = temporaryFolder();
    const gdk = ['recipe', EDGE, '--gdk', folder, '--bucket', 'b', '--region', 'eu-west-1'];
    expect(await done(...gdk)).toMatchObject({ code: 0 });
    const file = join(folder, 'recipe.yaml');
    const grown = `${readFileSync(file, 'utf8')}# ours\n`;
    writeFileSync(file, grown);
    expect(await done(...gdk)).toMatchObject({ code: 0, stderr: expect.stringContaining(`kept ${file}`) as string });
    expect(readFileSync(file, 'utf8')).toBe(grown);
    expect(await done('recipe', EDGE, '--check', file)).toMatchObject({ code: 0 });
  });

  test('says what is wrong with a module that is none, has no component, or throws', async () => {
    expect(await inNode('recipe', 'absent.js')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('There is no module absent.js') as string,
    });
    expect(await inNode('recipe', moduleOf('../trace-modules'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('exports no component, but load') as string,
    });
    const source = join(temporaryFolder(), 'component.tsx');
    writeFileSync(source, 'export default 1;');
    expect(await inNode('recipe', source)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /component\.tsx is TypeScript, which this Node does not run\.\n +Compile the component first/,
      ) as string,
    });
    const broken = runCli(['recipe', moduleOf('broken')], { env: { HOW: 'load' } });
    expect(await broken.ended).toMatchObject({ code: 1 });
    expect(broken.stderr()).toContain('on load');
    for (const command of ['recipe', 'diagram', 'cloud']) {
      const throwing = runCli([command, moduleOf('broken')], { env: { HOW: 'run' } });
      expect(await throwing.ended).toMatchObject({ code: 1 });
      expect(throwing.stderr()).toMatch(/threw as it was run\.\n {2}Error: as it is run\n.*broken\.mjs/);
      expect(throwing.stderr()).not.toContain('defect of greengrass-rx');
    }
  });

  test('says of a --config that does not fit what is wrong with it', async () => {
    const { code, stderr } = await done('recipe', moduleOf('oven'), '--config', '{"limit":"x"}');
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^greengrass-rx: The defaults, with --config over them, are no configuration of .*\n {2}limit: expected number, got "x"\n/,
    );
    expect(stderr).toContain('Mend what --config gives, or the defaults.');
  });

  test('helps with its own options', async () => {
    expect((await done('recipe')).stderr).toContain('(greengrass-rx recipe --help says more)');
  });

  test('writes nothing where the recipe could not allow what the component does', async () => {
    const { code, stdout, stderr } = await done('recipe', moduleOf('undeclared'));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('error (topics): The topics of the stage "publishTo" depend on data');
  });
});

describe('diagram', () => {
  test('draws Mermaid on stdout and SVG into a file, with the numbers of a health file', async () => {
    expect(await done('diagram', EDGE)).toMatchObject({ code: 0, stdout: expect.stringContaining('subgraph b0["telemetry"]') as string });
    const folder = temporaryFolder();
    const amount = { messages: 5, bytes: 0 };
    const counts = Object.fromEntries(
      ['received', 'emitted', 'dropped', 'failed', 'buffered', 'discarded', 'peak'].map(what => [what, amount]),
    );
    writeFileSync(join(folder, 'health.json'), JSON.stringify({ stages: [{ kind: 'publishTo', name: 'alarms', active: 1, ...counts }] }));
    const svg = join(folder, 'a.svg');
    expect(await done('diagram', EDGE, '--out', svg, '--live', join(folder, 'health.json'))).toMatchObject({ code: 0 });
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg[^]*in 5 · out 5 · dropped 5[^]*<\/svg>\n$/);
    expect(await done('diagram', EDGE, '--live', EDGE)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is not JSON') as string,
    });
  });
});
