import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { start } from '../kit/nucleus/nuclei.js';
import { type CommandResult, inProcess } from '../kit/process/cli-in-process.js';
import { build, builtOnce, filesOf, project, unpack } from '../kit/process/built.js';
import { type CliProcess, follow, runCli, temporaryFolder } from '../kit/process/run-cli.js';

const TEMPLATE = readFileSync(new URL('../../template/starter/src/component.ts', import.meta.url), 'utf8');
const EDGE = fileURLToPath(new URL('components/edge-aggregator.mjs', import.meta.url));

/** Written in two parts, since what compiles this file would take it for its own. */
const MAP_COMMENT = ['sourceMapping', 'URL'].join('');

const TROUBLE = `import { component } from 'greengrass-rx/component';
import { map, of } from 'rxjs';

if (process.env['HOW'] === 'load') throw new Error('on load');

function deep(depth: number): never {
  if (depth === 0) throw new Error('down there');
  return deep(depth - 1);
}

export default component({
  name: 'com.example.Trouble',
  version: '1.0.0',
  run: () => of(1).pipe(map(() => ({ _tag: 'Right' as const, right: deep(1) }))),
});
`;

/** Starts a built component as the derived recipe does. */
const node = (file: string, env: Readonly<Record<string, string>> = {}): CliProcess =>
  follow(
    spawn(process.execPath, ['--enable-source-maps', file], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );

const starter = builtOnce({ 'src/component.ts': TEMPLATE }, 'src/component.ts');
const trouble = builtOnce({ 'src/trouble.ts': TROUBLE }, 'src/trouble.ts');

const lastLine = (run: CliProcess): { readonly reason: string; readonly error: { readonly message: string; readonly stack: string } } =>
  JSON.parse(run.stdout().trimEnd().split('\n').at(-1) ?? '') as ReturnType<typeof lastLine>;

/** Each of these starts several processes. */
describe('build', () => {
  test('makes one file of the template, of at most 90 kB compressed, with its source map, its licences and the archive of all', async () => {
    const { folder, code, stderr } = await starter();
    expect({
      code,
      told: stderr
        .replace(/\d+\.\d kB/g, 'N kB')
        .replace(/ +/g, ' ')
        .split('\n'),
    }).toEqual({
      code: 0,
      told: [
        'wrote artifact/component.mjs N kB, compressed N kB',
        'wrote artifact/component.mjs.map N kB',
        'wrote artifact/THIRD-PARTY-LICENSES.txt N kB',
        'wrote artifact/MyComponent.zip N kB: all of these',
        '',
      ],
    });
    const files = filesOf(join(folder, 'artifact/MyComponent.zip'));
    expect(Object.keys(files)).toEqual(['THIRD-PARTY-LICENSES.txt', 'component.mjs', 'component.mjs.map']);
    expect(gzipSync(files['component.mjs'] ?? '').length).toBeLessThan(90_000);
    const licences = Buffer.from(files['THIRD-PARTY-LICENSES.txt'] ?? []).toString();
    expect([...licences.matchAll(/^(\S+) \d+\.\d+\.\d+ \((.*)\)$/gm)].map(([, name, license]) => [name, license])).toEqual([
      ['fp-ts', 'MIT'],
      ['greengrass-rx', 'Apache-2.0'],
      ['io-ts', 'MIT'],
      ['rxjs', 'Apache-2.0'],
      ['tslib', '0BSD'],
    ]);
    expect(licences).toContain('Copyright (c) 2017-present Giulio Canti');
  });

  test('gives the same archive, byte for byte, wherever and whenever it is built', async () => {
    const { folder } = await starter();
    const elsewhere = project({ 'src/component.ts': TEMPLATE });
    expect(await runCli(['build', 'src/component.ts'], { cwd: elsewhere, env: { TZ: 'Asia/Tokyo' } }).ended).toMatchObject({ code: 0 });
    const [here, there] = [folder, elsewhere].map(project => readFileSync(join(project, 'artifact/MyComponent.zip')).toString('base64'));
    expect(there).toBe(here);
  });

  test('a stack trace in the log of a built component names the file and the line of its source', async () => {
    const { folder, code } = await trouble();
    expect(code).toBe(0);
    const file = join(folder, 'artifact/trouble.mjs');
    const env = { AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: join(folder, 'no.socket'), SVCUID: 'x' };
    const thrown = node(file, env);
    expect(await thrown.ended).toEqual({ code: 70, signal: null });
    expect(lastLine(thrown)).toMatchObject({ reason: 'defect', error: { message: 'down there' } });
    expect(lastLine(thrown).error.stack).toMatch(/src\/trouble\.ts:7:.*src\/trouble\.ts:8:.*src\/trouble\.ts:14:.*rxjs\/src\/internal/s);
  });

  test('and what throws while it is loaded is in its log, too, and ends it as a defect', async () => {
    const { folder, code } = await trouble();
    expect(code).toBe(0);
    const run = node(join(folder, 'artifact/trouble.mjs'), { HOW: 'load' });
    expect(await run.ended).toEqual({ code: 70, signal: null });
    expect(run.stderr()).toBe('');
    expect(lastLine(run)).toMatchObject({ reason: 'defect', error: { message: 'on load' } });
    expect(lastLine(run).error.stack).toContain('src/trouble.ts:4:');
  });

  test('leads to the source through the source map of a compiler, too', async () => {
    const map = { version: 3, file: 'trouble.js', sources: ['../src/trouble.ts'], names: [], mappings: 'AAAA' };
    const compiled = `import { component } from 'greengrass-rx/component'; export default component({ name: 'com.example.Trouble', version: '1.0.0', run: () => { throw new Error('in run') } });
`;
    const folder = project({
      'dist/trouble.js': `${compiled}//# ${MAP_COMMENT}=trouble.js.map\n`,
      'dist/trouble.js.map': JSON.stringify(map),
    });
    expect(await build(folder, 'dist/trouble.js')).toMatchObject({ code: 0 });
    const { sources } = JSON.parse(readFileSync(join(folder, 'artifact/trouble.mjs.map'), 'utf8')) as {
      readonly sources: readonly string[];
    };
    expect(sources).toContain('../src/trouble.ts');
  });

  test('the archive has packages that cannot be bundled and files of the project where it is told so, and aws-crt only then', async () => {
    const folder = project({
      'main.mjs': `import { name } from 'native'; import { component } from 'greengrass-rx/component'; import { EMPTY } from 'rxjs';
        export default component({ name: 'a.B', version: '1.0.0', description: name, run: () => EMPTY });`,
      'node_modules/native/package.json': JSON.stringify({ name: 'native', version: '1.0.0', dependencies: { below: '1', absent: '1' } }),
      'node_modules/native/index.js': `exports.name = require('below');`,
      'node_modules/native/build/native.node': 'bytes',
      'node_modules/below/package.json': JSON.stringify({ name: 'below', version: '1.0.0' }),
      'node_modules/below/index.js': `module.exports = 'from below';`,
      'models/oven.bin': 'weights',
    });
    expect(await build(folder, 'main.mjs', '--include', 'native', '--add', 'models', '--add', 'package.json')).toMatchObject({ code: 0 });
    expect(Object.keys(filesOf(join(folder, 'artifact/B.zip')))).toEqual([
      'THIRD-PARTY-LICENSES.txt',
      'main.mjs',
      'main.mjs.map',
      'models/oven.bin',
      'node_modules/below/index.js',
      'node_modules/below/package.json',
      'node_modules/native/build/native.node',
      'node_modules/native/index.js',
      'node_modules/native/package.json',
      'package.json',
    ]);
    const device = temporaryFolder();
    unpack(join(folder, 'artifact/B.zip'), device);
    const run = node(join(device, 'main.mjs'), {
      AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: join(device, 'no.socket'),
      SVCUID: 'x',
    });
    expect(await run.ended).toEqual({ code: 0, signal: null });
    for (const wrong of [
      ['--include', 'nothing'],
      ['--add', '../x'],
    ])
      expect(await inProcess(['build', 'main.mjs', ...wrong], { cwd: folder })).toMatchObject({ code: 2 });
  });

  test('without aws-crt in the archive the transport crt is a typed failure', async () => {
    const { folder } = await starter();
    const device = temporaryFolder();
    unpack(join(folder, 'artifact/MyComponent.zip'), device);
    const run = node(join(device, 'component.mjs'), {
      AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: join(device, 'no.socket'),
      SVCUID: 'x',
      GREENGRASS_RX_TRANSPORT: 'crt',
    });
    expect(await run.ended).toEqual({ code: 69, signal: null });
    expect(lastLine(run)).toMatchObject({ error: { tag: 'NativeUnavailable' } });
  });

  test('says what is wrong where there is no bundler, no module, no component, or no JavaScript', async () => {
    const bare = project({ 'main.mjs': 'export default 1;' }, []);
    expect(await inProcess(['build', 'main.mjs'], { cwd: bare })).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'greengrass-rx: build needs rolldown, which is not installed in this project.\n  Install it: npm install --save-dev rolldown\n',
    });
    const folder = project({ 'main.mjs': 'export default 1;', 'bad.ts': 'const x = ;' });
    expect((await inProcess(['build', 'absent.js'], { cwd: folder })).stderr).toContain('There is no module absent.js');
    const nothing = await build(folder, 'main.mjs');
    expect(nothing.code).toBe(2);
    expect(nothing.stderr()).toContain('exports no component');
    expect(existsSync(join(folder, 'artifact/main.zip'))).toBe(false);
    const bad = await build(folder, 'bad.ts');
    expect(bad.code).toBe(1);
    expect(bad.stderr()).toMatch(/bad\.ts could not be bundled\.[^]*bad\.ts:1:11/);
  });
});

describe('a built component', () => {
  // Built once, into a folder that outlives the first test.
  const folder = mkdtempSync(join(tmpdir(), 'ggrx-built-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  let building: ReturnType<typeof build> | undefined;
  const out = async (): Promise<string> => {
    building ??= build(process.cwd(), EDGE, '--out', folder);
    expect(await building).toMatchObject({ code: 0 });
    return join(folder, 'edge-aggregator.mjs');
  };
  const done = (...args: readonly string[]): Promise<CommandResult> => inProcess(args);

  test('has the recipe and the diagram of what it was built from, and says so where that is not there', async () => {
    const file = await out();
    for (const command of ['recipe', 'diagram']) {
      const source = await done(command, EDGE);
      expect(source.code).toBe(0);
      expect(await done(command, file)).toEqual(source);
    }
    const moved = join(project({ 'further/down/package.json': '{}' }), 'further/down/moved.mjs');
    writeFileSync(moved, readFileSync(file));
    expect(await done('recipe', moved)).toMatchObject({ code: 2, stderr: expect.stringContaining('was built from') as string });
  });

  test('is run by greengrass-rx run as by Node: with the accounts of its own stages in the log', async () => {
    const file = await out();
    await using nucleus = await start('classic', { components: [{ name: 'com.example.EdgeAggregator' }] });
    const env = {
      AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: nucleus.socketPath,
      SVCUID: nucleus.authToken('com.example.EdgeAggregator'),
      GREENGRASS_RX_CONFIG: '{"deadband":1}',
    };
    const ends = [];
    for (const run of [runCli(['run', file], { env }), node(file, env)]) {
      expect(await run.ended).toEqual({ code: 77, signal: null });
      const { reason, stages } = lastLine(run) as unknown as {
        readonly reason: string;
        readonly stages: readonly { readonly name: string }[];
      };
      ends.push({ reason, stages: stages.map(({ name }) => name).sort() });
    }
    expect(ends[0]).toEqual(ends[1]);
    expect(ends[0]?.stages.length).toBeGreaterThan(2);
  });
});
