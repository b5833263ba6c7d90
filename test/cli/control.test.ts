import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PROFILES } from '../kit/nucleus/nuclei.js';
import { inProcess } from '../kit/process/cli-in-process.js';
import { recipeFile } from '../kit/process/recipes.js';
import { MAIN, runCli, temporaryFolder } from '../kit/process/run-cli.js';

const FOLLOWER = fileURLToPath(new URL('components/follower.mjs', import.meta.url));

const derived = mkdtempSync(join(tmpdir(), 'ggrx-recipe-'));
const recipe = join(derived, 'recipe.yaml');
beforeAll(async () => {
  expect(await inProcess(['recipe', FOLLOWER, '--out', recipe], { env: { XDG_RUNTIME_DIR: derived } })).toMatchObject({ code: 0 });
});
afterAll(() => rmSync(derived, { recursive: true }));

/** `dev` with the component, which has said its first limit. */
async function follower(profile: string, ...more: readonly string[]) {
  const env = { XDG_RUNTIME_DIR: temporaryFolder() };
  const dev = runCli(['dev', '--profile', profile, '--recipe', recipe, ...more, '--', process.execPath, MAIN, 'run', FOLLOWER], { env });
  await dev.saw(/limit is 3/);
  const ask = async (...args: readonly string[]) => {
    const { stdout, ...others } = await inProcess(args, { env });
    return { ...others, stdout: stdout.trim() };
  };
  const events = (): readonly Record<string, unknown>[] =>
    dev
      .stdout()
      .split('\n')
      .filter(line => line !== '')
      .map(line => JSON.parse(line) as Record<string, unknown>);
  return { dev, env, ask, events };
}

test.each(PROFILES)('a component at a %s nucleus follows what config set and reset deploy, without a new start', async profile => {
  const { dev, ask, events } = await follower(profile);
  expect(await ask('config', 'get', '/config')).toMatchObject({
    code: 0,
    stdout: profile === 'lite' ? '{\n  "limit": "3"\n}' : '{\n  "limit": 3\n}',
  });
  expect(await ask('config', 'get', '/config/limit')).toMatchObject({ code: 0, stdout: profile === 'lite' ? '"3"' : '3' });
  expect(await ask('config', 'set', '/config/limit', '5')).toMatchObject({ code: 0, stdout: 'SUCCEEDED' });
  await dev.saw(/limit is 5/);
  expect(await ask('config', 'set', '/config', '5')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(
      '/config has members, and 5 would take the place of all of them. Name one, such as /config/limit.',
    ) as string,
  });
  expect(await ask('config', 'reset', '/config/0')).toMatchObject({
    code: 0,
    stdout: 'SUCCEEDED\nreset "/config/0" does nothing: an element of a list cannot be reset, only the list',
  });
  expect(await ask('config', 'reset', '/config')).toMatchObject({ code: 0, stdout: 'SUCCEEDED' });
  await dev.saw(/limit is 3[^]*limit is 3/);
  expect(events().filter(({ kind }) => kind === 'started').length).toBe(1);
  expect(events()).toContainEqual(expect.objectContaining({ kind: 'configurationChanged', keyPath: ['config', 'limit'] }));
  expect(events()).toContainEqual(expect.objectContaining({ kind: 'deployed', status: 'SUCCEEDED' }));
  expect(await ask('config', 'set', '/config/limit', '5', '--component', 'com.example.Nobody')).toMatchObject({ code: 1 });
  dev.child.kill('SIGTERM');
  await dev.ended;
});

test.each(PROFILES)(
  'restart and update start the component again, at a %s nucleus; an update is announced on classic alone',
  async profile => {
    const { dev, ask, events } = await follower(profile);
    expect(await ask('restart')).toMatchObject({ code: 0, stdout: 'started again' });
    // It says its limit before the nucleus has its subscription to updates, and that it runs after it.
    await dev.saw(/"started"[^]*"started"[^]*"stateReported"[^\n]*"RUNNING"/);
    expect(await ask('update')).toMatchObject({ code: 0, stdout: 'SUCCEEDED' });
    await dev.saw(/limit is 3[^]*limit is 3[^]*limit is 3/);
    expect(events().filter(({ kind }) => kind === 'started').length).toBe(3);
    expect(
      events()
        .filter(({ kind }) => kind === 'updateAnnounced' || kind === 'updateAnswered')
        .map(({ kind }) => kind),
    ).toEqual(profile === 'classic' ? ['updateAnnounced', 'updateAnswered'] : []);
    dev.child.kill('SIGTERM');
    await dev.ended;
  },
);

test.each(PROFILES)('sub --local and pub --local speak with the components of a %s dev, in JSON and in bytes', async profile => {
  const { dev, env, ask } = await follower(profile);
  const sub = runCli(['sub', '--local', 'plc/+', '--count', '2', '--json'], { env });
  await sub.saw(/subscribed to plc\/\+/, 'stderr');
  expect(await ask('pub', '--local', '--json', 'plc/1', '{"celsius":21}')).toMatchObject({ code: 0 });
  expect(await ask('pub', '--local', 'plc/2', 'text')).toMatchObject({ code: 0 });
  expect(await sub.ended).toMatchObject({ code: 0 });
  const [first, second] = sub
    .stdout()
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as unknown);
  expect([first, second]).toMatchObject([
    { topicName: 'plc/1', payload: { celsius: 21 } },
    { topicName: 'plc/2', payload: 'text' },
  ]);
  await dev.saw(/"kind":"localPublished"/);
  expect(await ask('pub', '--local', '--json', 'plc/1', '21')).toMatchObject({ code: 2 });
  expect(await ask('pub', '--local', '--retain', 'plc/1', 'x')).toMatchObject({ code: 2 });
  expect(await ask('pub', '--local', '--qos', '0', 'plc/1', 'x')).toMatchObject({ code: 2 });
  const recorded = await inProcess(['pub', '--local', '--ndjson'], { env, input: '{"topicName":"plc/1","payload":"x","retain":true}\n' });
  expect(recorded).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('The message to "plc/1" has retain, and a local message has a payload, and nothing of MQTT.') as string,
  });
  dev.child.kill('SIGTERM');
  await dev.ended;
});

test('recipe variables in Setenv have what config set has changed from the next start on', async () => {
  const env = { XDG_RUNTIME_DIR: temporaryFolder() };
  const program = 'console.log(`colour is ${process.env.COLOUR}`); setInterval(() => {}, 1e6)';
  const dev = runCli(['dev', '--recipe', recipeFile(temporaryFolder()), '--', process.execPath, '-e', program], { env });
  await dev.saw(/colour is blue/);
  for (const args of [['config', 'set', '/colour', 'red'], ['restart']]) expect(await inProcess(args, { env })).toMatchObject({ code: 0 });
  await dev.saw(/colour is red/);
  for (const args of [['config', 'reset', '/'], ['restart']]) expect(await inProcess(args, { env })).toMatchObject({ code: 0 });
  await dev.saw(/colour is red[^]*colour is blue/);
  dev.child.kill('SIGTERM');
  await dev.ended;
});

test.each(['12345678901234567890', '{"a":{"__proto__":1}}'])(
  'config set refuses %s, which it could not deploy as it stands',
  async value => {
    const { code, stderr } = await inProcess(['config', 'set', '/id', value]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(value.includes('_') ? '__proto__' : value)]);
  },
);

test.each(['/__proto__/x', '/config/__proto__', '/config/constructor/prototype'])(
  'config set refuses the place %s, which reaches for a prototype',
  async path => {
    const { code, stderr } = await inProcess(['config', 'set', path, '1']);
    expect([code, stderr]).toEqual([2, expect.stringContaining('reaches for a prototype')]);
  },
);

test('config set without a recipe says that it needs one, and without a dev that there is none', async () => {
  const env = { XDG_RUNTIME_DIR: temporaryFolder() };
  expect(await inProcess(['config', 'set', '/a', '1'], { env })).toMatchObject({ code: 3 });
  const dev = runCli(['dev'], { env });
  await dev.saw(/"kind":"environment"/);
  expect(await inProcess(['config', 'set', '/a', '1'], { env })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('a configuration comes with a recipe: start dev with --recipe') as string,
  });
  expect(await inProcess(['restart'], { env })).toMatchObject({ code: 1 });
  dev.child.kill('SIGTERM');
  await dev.ended;
});
