import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { PROFILES } from '../kit/nucleus/nuclei.js';
import { isAlive } from '../kit/process/is-alive.js';
import { IS_WINDOWS } from '../kit/process/platform.js';
import { recipeFile } from '../kit/process/recipes.js';
import { runCli, temporaryFolder, type CliProcess, type RunOptions } from '../kit/process/run-cli.js';

const component = (name: string): string => fileURLToPath(new URL(`components/${name}.mjs`, import.meta.url));

interface Dev extends CliProcess {
  /** Where `dev` makes its files. */
  readonly temporary: string;
  readonly runtime: string;
}

/** `dev` with folders of its own for all that it makes. */
function runDev(args: readonly string[], options: RunOptions = {}): Dev {
  const temporary = temporaryFolder();
  const runtime = temporaryFolder();
  return {
    ...runCli(['dev', ...args], { ...options, env: { TMPDIR: temporary, TEMP: temporary, XDG_RUNTIME_DIR: runtime, ...options.env } }),
    temporary,
    runtime,
  };
}

const events = (dev: CliProcess): Record<string, unknown>[] =>
  dev
    .stdout()
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>);

/** Sockets and tokens that `dev` has left behind. */
const leftovers = ({ temporary, runtime }: Dev): string[] =>
  [...readdirSync(temporary), ...readdirSync(runtime, { recursive: true }).map(String)].filter(name => name !== 'greengrass-rx');

describe.each(PROFILES)('dev as a %s nucleus', profile => {
  test('runs a component under the policies of its recipe, tells each event as JSON, and ends as it does', async () => {
    const recipe = recipeFile(temporaryFolder());
    const dev = runDev(['--recipe', recipe, '--profile', profile, '--', process.execPath, component('thermometer')]);
    expect(await dev.ended).toEqual({ code: 3, signal: null });
    const name = 'com.example.Thermometer';
    const topicName = 'sensors/s1/temperature';
    expect(events(dev)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'listening', profile, components: [name] }),
        expect.objectContaining({ kind: 'connected', component: name }),
        expect.objectContaining({ kind: 'subscribed', component: name, filter: 'sensors/+/temperature' }),
        expect.objectContaining({ kind: 'published', component: name, topicName, encoding: 'json', payload: { celsius: 21.5 }, qos: 1 }),
        expect.objectContaining({ kind: 'delivered', components: [name], topicName, encoding: 'base64', payload: 'AAH/' }),
        expect.objectContaining({ kind: 'failed', component: name, code: 'UnauthorizedError', resource: 'door/state' }),
        expect.objectContaining({
          remedy: expect.objectContaining({ line: expect.stringContaining("add 'door/state' to the resources") as string }) as object,
        }),
        expect.objectContaining({ kind: 'output', stream: 'stdout', text: 'refused: Unauthorized' }),
        expect.objectContaining({ kind: 'exited', end: { code: 3 } }),
      ]),
    );
    expect(leftovers(dev)).toEqual([]);
  });
});

describe('dev', () => {
  test('gives the component the variables of Greengrass and those of its recipe', async () => {
    const recipe = recipeFile(temporaryFolder());
    const dev = runDev(['-r', recipe, '--thing-name', 'my-thing', '--', process.execPath, '-p', 'JSON.stringify(process.env)']);
    await dev.ended;
    const output = events(dev).find(({ kind }) => kind === 'output') as { readonly text: string };
    const { socketPath } = events(dev)[0] as { readonly socketPath: string };
    expect(JSON.parse(output.text)).toMatchObject({
      SVCUID: expect.stringMatching(/^[A-Z0-9]{16}$/) as string,
      AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: socketPath,
      AWS_IOT_THING_NAME: 'my-thing',
      AWS_REGION: 'us-east-1',
      AWS_DEFAULT_REGION: 'us-east-1',
      GGC_VERSION: expect.stringMatching(/^2\./) as string,
      COLOUR: 'blue',
      THING: 'my-thing',
      // Where an outbox of the component keeps its file.
      GREENGRASS_RX_WORK_FOLDER: join(dirname(socketPath), 'work', 'com.example.Thermometer'),
    });
  });

  test('leaves the work folder to whoever has named one: what is in it outlives dev', async () => {
    const folder = temporaryFolder();
    const command = ['--', process.execPath, '-p', 'process.env.GREENGRASS_RX_WORK_FOLDER'];
    const dev = runDev(command, { env: { GREENGRASS_RX_WORK_FOLDER: folder } });
    await dev.ended;
    expect(events(dev).find(({ kind }) => kind === 'output')).toMatchObject({ text: folder });
    expect(existsSync(folder)).toBe(true);
  });

  test.each([
    { what: 'exit code', args: ['-e', 'process.exit(7)'], code: 7 },
    ...(IS_WINDOWS ? [] : [{ what: 'signal', args: ['-e', 'process.kill(process.pid, "SIGKILL")'], code: 137 }]),
  ])('ends with the $what of the component', async ({ args, code }) => {
    expect(await runDev(['--', process.execPath, ...args]).ended).toEqual({ code, signal: null });
  });

  test.each([
    ['is not there', ['no-such-program-anywhere'], 127],
    ['may not be run', [fileURLToPath(import.meta.url)], 126],
  ])('ends as a shell does when the program %s', async (_what, command, code) => {
    const dev = runDev(['--', ...command]);
    expect(await dev.ended).toEqual({ code, signal: null });
    expect(events(dev).at(-1)).toMatchObject({ kind: 'exited', end: { failure: code === 127 ? 'not-found' : 'not-executable' } });
    if (code === 127) expect(events(dev).at(-1)).toMatchObject({ end: { reason: 'there is no program no-such-program-anywhere' } });
    expect(leftovers(dev)).toEqual([]);
  });

  // Windows has neither signals nor process groups: see test/package/on-windows.mjs.
  test.skipIf(IS_WINDOWS).each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'passes %s on, waits, and ends with the exit code of the component',
    async signal => {
      const program = `process.on('${signal}', () => process.exit(9)); setInterval(() => {}, 1e6); console.log('ready');`;
      const dev = runDev(['--', process.execPath, '-e', program]);
      await dev.saw(/"text":"ready"/);
      dev.child.kill(signal);
      expect(await dev.ended).toEqual({ code: 9, signal: null });
      expect(leftovers(dev)).toEqual([]);
    },
  );

  test.skipIf(IS_WINDOWS)('kills a component that ignores the signal, and what it has started', async () => {
    const dev = runDev(['--grace', '50ms', '--', process.execPath, component('stubborn')]);
    const [, child, grandchild] = await dev.saw(/pids (\d+) (\d+)/);
    await dev.saw(/grandchild ready/);
    dev.child.kill('SIGINT');
    expect(await dev.ended).toEqual({ code: 137, signal: null });
    expect(dev.stdout()).toMatch(/"kind":"killed"/);
    expect([child, grandchild].map(pid => isAlive(Number(pid)))).toEqual([false, false]);
    expect(leftovers(dev)).toEqual([]);
  });

  test.skipIf(IS_WINDOWS)('kills it at once at the second signal', async () => {
    const dev = runDev(['--grace', '1h', '--', process.execPath, component('stubborn')]);
    const [, child, grandchild] = await dev.saw(/pids (\d+) (\d+)/);
    await dev.saw(/grandchild ready/);
    dev.child.kill('SIGINT');
    await dev.saw(/ignored SIGINT/);
    dev.child.kill('SIGINT');
    expect(await dev.ended).toEqual({ code: 137, signal: null });
    expect([child, grandchild].map(pid => isAlive(Number(pid)))).toEqual([false, false]);
  });

  test.skipIf(IS_WINDOWS)('ends what a component has left running', async () => {
    const program = `
      const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'inherit' });
      child.on('spawn', () => { console.log('pid', child.pid); process.exit(0); });`;
    const dev = runDev(['--', process.execPath, '-e', program]);
    expect(await dev.ended).toEqual({ code: 0, signal: null });
    const [, pid] = await dev.saw(/pid (\d+)"/);
    expect(isAlive(Number(pid))).toBe(false);
  });

  test.skipIf(IS_WINDOWS)('leaves nothing behind when it breaks itself', async () => {
    const plant = join(temporaryFolder(), 'plant.mjs');
    writeFileSync(plant, `if (process.argv[2] === 'dev') process.on('SIGUSR2', () => { throw new Error('planted'); });`);
    const dev = runDev(['--', process.execPath, component('stubborn')], { env: { NODE_OPTIONS: `--import ${plant}` } });
    const [, child, grandchild] = await dev.saw(/pids (\d+) (\d+)/);
    dev.child.kill('SIGUSR2');
    expect(await dev.ended).toEqual({ code: 70, signal: null });
    expect(dev.stderr()).toMatch(/defect of greengrass-rx[^]*planted/);
    // The kernel takes a moment with the killed.
    await expect.poll(() => [child, grandchild].map(pid => isAlive(Number(pid)))).toEqual([false, false]);
    expect(leftovers(dev)).toEqual([]);
  });

  test.skipIf(IS_WINDOWS)('ends with the component when its reader is gone', async () => {
    const dev = runDev(['--', process.execPath, '-e', 'console.log("pid", process.pid); setInterval(() => console.log("x"), 10)']);
    const [, pid] = await dev.saw(/pid (\d+)/);
    dev.child.stdout?.destroy();
    expect((await dev.ended).code).toBe(143);
    expect(dev.stderr()).toBe('');
    expect(isAlive(Number(pid))).toBe(false);
    expect(leftovers(dev)).toEqual([]);
  });

  test('passes all that a component prints, however slow the reader', async () => {
    const dev = runDev(['--', process.execPath, '-e', 'for (let i = 0; i < 50000; i++) console.log("line", i)']);
    dev.child.stdout?.pause();
    await dev.saw(/^/);
    dev.child.stdout?.resume();
    await dev.ended;
    const texts = events(dev).flatMap(({ kind, text }) => (kind === 'output' ? [text] : []));
    expect(texts).toHaveLength(50_000);
    expect(texts.at(-1)).toBe('line 49999');
  });

  // Its component is ended by a signal, for which Windows has only force.
  test.skipIf(IS_WINDOWS)('starts the component again when a file has changed, and when it has ended', async () => {
    const folder = temporaryFolder();
    const program = join(folder, 'component.cjs');
    writeFileSync(program, 'console.log("first"); setInterval(() => {}, 1e6);');
    const dev = runDev(['--watch', '--', process.execPath, program]);
    await dev.saw(/"text":"first"/);
    writeFileSync(program, 'console.log("second"); process.exit(5);');
    await dev.saw(/"kind":"exited"[^\n]*"code":5/);
    writeFileSync(program, 'console.log("third"); setInterval(() => {}, 1e6);');
    await dev.saw(/"text":"third"/);
    dev.child.kill('SIGTERM');
    expect(await dev.ended).toEqual({ code: 143, signal: null });
    expect(leftovers(dev)).toEqual([]);
  });

  test('sees what changes as soon as the component runs, however much there is to watch', async () => {
    const folder = temporaryFolder();
    for (let i = 0; i < 3_000; i++) writeFileSync(join(folder, `${i}.txt`), '');
    const program = join(folder, 'component.cjs');
    const changed = 'console.log("changed"); setInterval(() => {}, 1e6);';
    writeFileSync(program, `require('node:fs').writeFileSync(__filename, ${JSON.stringify(changed)}); setInterval(() => {}, 1e6);`);
    const dev = runDev(['--watch', '--', process.execPath, program]);
    await dev.saw(/"text":"changed"/);
    dev.child.kill('SIGTERM');
    await dev.ended;
  });

  test('takes the policies of a recipe that has changed, and keeps those it has when that is broken', async () => {
    const folder = temporaryFolder();
    const recipe = recipeFile(folder);
    const program = `
      const { connect } = await import('${new URL('../../dist/index.js', import.meta.url).href}');
      const proxy = connect();
      const outcome = await proxy.publish({ topicName: 'door/state', payload: 'open', qos: '1' })();
      console.log('door:', outcome._tag);
      setInterval(() => {}, 1e6);`;
    const dev = runDev(['--watch', '--recipe', recipe, '--', process.execPath, '--input-type=module', '-e', program], {
      cwd: temporaryFolder(),
    });
    await dev.saw(/"text":"door: Left"/);
    writeFileSync(recipe, 'ComponentName: [');
    await dev.saw(/"kind":"warning"[^\n]*Thermometer.yaml:1/);
    recipeFile(folder, 'Thermometer', 'door/#');
    await dev.saw(/"text":"door: Right"/);
    dev.child.kill('SIGTERM');
    await dev.ended;
  });

  test('a topic that the recipe forgets on Lite ends the component at once, but not under a script of troubles, nor where asked otherwise', async () => {
    const program = 'console.log("patience:", process.env.GREENGRASS_RX_REFUSAL_PATIENCE)';
    const chaos = join(temporaryFolder(), 'chaos.yaml');
    writeFileSync(chaos, '[]');
    const told = async (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> => {
      const dev = runDev([...args, '--', process.execPath, '-e', program], { env });
      await dev.ended;
      return events(dev).flatMap(({ kind, text }) => (kind === 'output' ? [String(text)] : []))[0] ?? '';
    };
    expect(await told(['--profile', 'lite'])).toBe('patience: 0');
    expect(await told(['--profile', 'classic'])).toBe('patience: undefined');
    expect(await told(['--profile', 'lite'], { GREENGRASS_RX_REFUSAL_PATIENCE: '5000' })).toBe('patience: 5000');
    expect(await told(['--profile', 'lite', '--chaos', chaos])).toBe('patience: undefined');
  });

  // On Windows it would be printed for another shell.
  test.skipIf(IS_WINDOWS)('without a command prints the environment, for others to be started with and to attach to', async () => {
    const recipe = recipeFile(temporaryFolder());
    const dev = runDev(['--recipe', recipe]);
    await dev.saw(/"kind":"environment".*\n/);
    const env = { XDG_RUNTIME_DIR: dev.runtime };
    const sub = runCli(['sub', '#', '-n', '1', '--format', 'payload'], { env });
    await sub.saw(/subscribed to # as greengrass-rx/, 'stderr');
    const { variables } = events(dev).find(({ kind }) => kind === 'environment') as { readonly variables: NodeJS.ProcessEnv };
    const { SVCUID, AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: path } = variables;
    expect(SVCUID).toBeDefined();
    await new Promise<void>((resolve, reject) => {
      const socket = createConnection(String(path), () => {
        socket.destroy();
        resolve();
      }).on('error', reject);
    });
    dev.child.kill('SIGINT');
    expect(await dev.ended).toEqual({ code: 130, signal: null });
    expect(leftovers(dev)).toEqual([]);
  });

  test('says what is wrong with a recipe, by line, and starts nothing', async () => {
    const path = join(temporaryFolder(), 'recipe.yaml');
    writeFileSync(path, "RecipeFormatVersion: '2020-01-25'\nComponentName: 'not a name'\nComponentVersion: 1.0.0\n");
    const dev = runDev(['--recipe', path, '--', process.execPath]);
    expect(await dev.ended).toEqual({ code: 2, signal: null });
    expect(dev.stderr()).toContain(`${path}:2:16`);
    expect(dev.stdout()).toBe('');
    expect(leftovers(dev)).toEqual([]);
  });

  test('says what is wrong with a recipe line by line', async () => {
    const path = join(temporaryFolder(), 'recipe.yaml');
    writeFileSync(path, 'ComponentName: 1\nComponentVersion: x\n');
    const dev = runDev(['--recipe', path, '--', process.execPath, '-e', '']);
    expect(await dev.ended).toEqual({ code: 2, signal: null });
    expect(dev.stderr()).toMatch(/^greengrass-rx: .*recipe\.yaml is not a recipe a nucleus would take\.\n(?: {2}.*\n)+$/);
    expect(dev.stderr()).not.toContain(String.raw`\n`);
  });

  test('says that a program which ends well has not connected, as one that only exports a component', async () => {
    const hint =
      /"kind":"warning"[^\n]*it ends without having connected to the nucleus\. What only exports a component is run by greengrass-rx run/;
    const silent = runDev(['--', process.execPath, '-e', '']);
    await silent.ended;
    expect(silent.stdout()).toMatch(hint);
    expect(events(silent).at(-1)).toMatchObject({ kind: 'exited', end: { code: 0 } });
    const failing = runDev(['--', process.execPath, '-e', 'process.exit(1)']);
    await failing.ended;
    expect(failing.stdout()).not.toMatch(hint);
  });

  test('warns of a recipe that Greengrass Lite would pass over', async () => {
    const path = recipeFile(temporaryFolder());
    writeFileSync(path, readFileSync(path, 'utf8').replace(", runtime: '*'", ''));
    const args = ['--recipe', path, '--', process.execPath, '-e', ''];
    const lite = runDev(['--profile', 'lite', ...args]);
    await lite.ended;
    expect(lite.stdout()).toMatch(/"kind":"warning"[^\n]*no manifest for Greengrass Lite/);
    const classic = runDev(args);
    await classic.ended;
    expect(classic.stdout()).not.toContain('no manifest');
  });

  // There is no SIGKILL, and no file of a named pipe.
  test.skipIf(IS_WINDOWS)('after a SIGKILL the next one removes what it has left, and sub does not find it', async () => {
    const killed = runDev([]);
    await killed.saw(/"kind":"environment"/);
    killed.child.kill('SIGKILL');
    await killed.ended;
    const [left = ''] = readdirSync(killed.temporary);
    expect(left).toMatch(/^ggrx-\d+-/);
    expect(readdirSync(join(killed.runtime, 'greengrass-rx'))).toHaveLength(1);
    const env = { TMPDIR: killed.temporary, XDG_RUNTIME_DIR: killed.runtime };
    expect((await runCli(['sub', '#'], { env }).ended).code).toBe(3);
    expect(readdirSync(join(killed.runtime, 'greengrass-rx'))).toEqual([]);
    // A folder that is young is somebody's who is just starting.
    const longAgo = Date.now() / 1000 - 120;
    utimesSync(join(killed.temporary, left), longAgo, longAgo);
    const next = runCli(['dev', '--', process.execPath, '-e', ''], { env });
    expect((await next.ended).code).toBe(0);
    expect(leftovers(killed)).toEqual([]);
  });

  test('on lite, sub beside it does not multiply what a component gets', async () => {
    const program = `
      const { connect } = await import('${new URL('../../dist/index.js', import.meta.url).href}');
      connect().subscribe({ topicName: 'sensors/+', qos: '1' }).subscribe(m => console.log('got', Buffer.from(m.right.payload).toString()));`;
    const dev = runDev(['--profile', 'lite', '--', process.execPath, '--input-type=module', '-e', program]);
    await dev.saw(/"kind":"subscribed"[^\n]*"filter":"sensors\/\+"/);
    const env = { XDG_RUNTIME_DIR: dev.runtime };
    const sub = runCli(['sub', 'sensors/#', '--count', '2', '--format', 'payload'], { env });
    await sub.saw(/subscribed to sensors\/#/, 'stderr');
    for (const payload of ['one', 'two']) expect((await runCli(['pub', 'sensors/a', payload], { env }).ended).code).toBe(0);
    await sub.ended;
    expect(sub.stdout()).toBe('one\ntwo\n');
    await dev.saw(/"kind":"output"[^\n]*two/);
    dev.child.kill('SIGTERM');
    await dev.ended;
    expect(events(dev).flatMap(({ kind, text }) => (kind === 'output' ? [text] : []))).toEqual(['got one', 'got two']);
  });
});

describe('dev --compile', () => {
  // The commands here are for `sh`.
  test.skipIf(IS_WINDOWS)(
    'compiles first, and starts the component again when what is saved has been compiled; the compiler ends with it',
    async () => {
      const folder = temporaryFolder();
      const [source, compiled, compiler] = ['source.txt', 'component.mjs', 'compiler.mjs'].map(name => join(folder, name)) as [
        string,
        string,
        string,
      ];
      writeFileSync(source, 'one');
      // What compiles on every save, and says when it has. It looks at the text itself: a watcher that has only begun may not see what is
      // saved meanwhile.
      writeFileSync(
        compiler,
        `import { readFileSync, writeFileSync } from 'node:fs';
       let last;
       const compile = () => {
         const text = readFileSync(${JSON.stringify(source)}, 'utf8');
         if (text === last) return;
         writeFileSync(${JSON.stringify(compiled)}, \`console.log('version \${text}'); setInterval(() => {}, 60_000);\`);
         last = text;
       };
       compile();
       console.log('Watching for file changes. (pid ' + process.pid + ')');
       setInterval(compile, 50);`,
      );
      const dev = runDev(['--compile', `'${process.execPath}' '${compiler}'`, '--', process.execPath, compiled]);
      const [, pid] = await dev.saw(/Watching for file changes. \(pid (\d+)\)/);
      await dev.saw(/version one/);
      // A clock that counts in whole seconds must see that it has changed.
      writeFileSync(source, 'two, which is longer');
      await dev.saw(/version two/);
      dev.child.kill('SIGTERM');
      await dev.ended;
      expect(isAlive(Number(pid))).toBe(false);
    },
  );

  // The command is for `sh`.
  test.skipIf(IS_WINDOWS)('says so where the compiler ends by itself, and runs nothing', async () => {
    const dev = runDev(['--compile', 'echo no such option; exit 3', '--', process.execPath, '-e', '']);
    expect(await dev.ended).toEqual({ code: 1, signal: null });
    expect(dev.stderr()).toMatch(/The command of --compile ended with exit code 3 before it had compiled anything/);
    expect(dev.stdout()).toContain('no such option');
    expect(events(dev).map(({ kind }) => kind)).not.toContain('started');
  });
});
