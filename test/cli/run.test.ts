import { readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Health } from '../../src/component/index.js';
import type { LocalNucleus, NucleusEvent } from '../../src/local/index.js';
import { allow, PROFILES, start } from '../kit/nucleus/nuclei.js';
import { loadedFrom } from '../kit/process/loaded-sources.js';
import { IS_WINDOWS } from '../kit/process/platform.js';
import { runCli, temporaryFolder, type CliProcess } from '../kit/process/run-cli.js';

const moduleOf = (name: string): string => fileURLToPath(new URL(`components/${name}.mjs`, import.meta.url));
const NAME = 'com.example.EdgeAggregator';
const EDGE = moduleOf('edge-aggregator');

/** A line of its log. */
interface Line {
  readonly level: string;
  readonly message: string;
  readonly event?: string;
  readonly [field: string]: unknown;
}

const linesOf = ({ stdout }: CliProcess): readonly Line[] =>
  stdout()
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Line);

const lastOf = (run: CliProcess): Line => linesOf(run).at(-1) ?? { level: '', message: 'it said nothing' };

/** In the last line: what became of a stage's messages. */
const accountOf = (run: CliProcess, kind: string, name: string): Readonly<Record<string, number>> => {
  const stages = lastOf(run)['stages'] as readonly ({ readonly kind: string; readonly name: string } & Record<string, number>)[];
  const account = stages.find(stage => stage.kind === kind && stage.name === name);
  if (account === undefined) throw new Error(`no account of ${kind} ${name}`);
  const { received = 0, emitted = 0, dropped = 0, failed = 0, discarded = 0, buffered = 0 } = account;
  expect(received).toBe(emitted + dropped + failed + discarded + buffered);
  return { received, emitted, dropped, failed, discarded, buffered };
};

const startFor = (profile: 'classic' | 'lite', ...resources: readonly string[]): Promise<LocalNucleus> =>
  start(profile, { components: [{ name: NAME, accessControl: allow(...resources) }] });

describe.each(PROFILES)('run at a %s nucleus', profile => {
  // Windows has no signals.
  test.skipIf(IS_WINDOWS)('three branches under load are told to stop: all that had come is out', async () => {
    await using nucleus = await startFor(profile, '#');
    const published: Extract<NucleusEvent, { kind: 'published' }>[] = [];
    let half = (): void => undefined;
    const underLoad = new Promise<void>(resolve => {
      half = resolve;
    });
    let subscriptions = 0;
    let subscribed = (): void => undefined;
    const ready = new Promise<void>(resolve => {
      subscribed = resolve;
    });
    nucleus.observe(event => {
      if (event.kind === 'subscribed' && ++subscriptions === 3) subscribed();
      if (event.kind !== 'published') return;
      published.push(event);
      if (published.length === 400) half();
    });
    const folder = temporaryFolder();
    const env = {
      ...nucleus.environment(NAME),
      GREENGRASS_RX_HEALTH_FILE: join(folder, 'health.json'),
      GREENGRASS_RX_PID_FILE: join(folder, 'pid'),
    };
    const run = runCli(['run', EDGE], { env });
    await ready;
    let over = false;
    let sent = 0;
    const send = (): void => {
      if (over) return;
      // Always some on their way, and never more than a slow machine works off while it drains.
      const answered = published.filter(({ topicName }) => topicName.startsWith('results/')).length;
      for (let i = 0; i < 20 && sent - answered < 100; i++, sent++) {
        nucleus.publish({ topicName: `sensors/s${i}/temperature`, payload: '{"celsius":21}' });
        nucleus.publish({ topicName: `cmd/c${i}`, payload: 'on' });
        nucleus.publish({ topicName: `sensors/s${i}/alarm`, payload: 'hot' });
      }
      setImmediate(send);
    };
    send();
    await underLoad;
    const pidFile = join(folder, 'pid');
    await expect.poll(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8')).toBe(`${run.child.pid}\n`);
    run.child.kill('SIGTERM');
    expect(await run.ended).toEqual({ code: 0, signal: null });
    over = true;

    expect(lastOf(run)).toMatchObject({ event: 'ended', reason: 'done', drained: { failed: 0, unfinished: 0, stagesUnfinished: 0 } });
    const sentTo = (topic: RegExp): readonly string[] =>
      published.filter(({ topicName }) => topic.test(topicName)).map(({ payload }) => Buffer.from(payload).toString());
    const came = (filter: string): number => accountOf(run, 'subscription', filter)['received'] ?? 0;
    for (const filter of ['sensors/+/temperature', 'cmd/+', 'sensors/+/alarm']) expect(came(filter)).toBeGreaterThan(100);
    // Every reading that came is in one of the batches that were published.
    const readings = sentTo(/^telemetry\/mean$/).reduce((sum, count) => sum + Number(count), 0);
    expect(readings).toBe(came('sensors/+/temperature'));
    expect(sentTo(/^results\//)).toHaveLength(came('cmd/+'));
    expect(sentTo(/^alarms\//)).toHaveLength(came('sensors/+/alarm'));
    for (const stage of ['telemetry', 'results', 'alarms'])
      expect(accountOf(run, 'publishTo', stage)).toMatchObject({ dropped: 0, failed: 0, discarded: 0, buffered: 0 });

    const health = JSON.parse(readFileSync(join(folder, 'health.json'), 'utf8')) as Health;
    expect(health).toMatchObject({
      component: NAME,
      status: 'ended',
      pid: run.child.pid,
      branches: { telemetry: { status: 'completed' } },
    });
    expect(existsSync(pidFile)).toBe(false);
  });

  test('a topic that the policies do not allow ends it with 77, names the branch, and the others are drained', async () => {
    await using nucleus = await startFor(profile, 'sensors/+/temperature', 'telemetry/mean', 'sensors/+/alarm', 'alarms/+');
    // The policies are there from the start: what Lite refuses need not be asked again.
    const run = runCli(['run', EDGE], { env: { ...nucleus.environment(NAME), GREENGRASS_RX_REFUSAL_PATIENCE: '0' } });
    expect(await run.ended).toEqual({ code: 77, signal: null });
    expect(lastOf(run)).toMatchObject({
      event: 'ended',
      reason: 'unauthorized',
      // A Lite says the same while its policies are away.
      restart: profile === 'lite',
      branch: 'commands',
      error: { tag: 'Unauthorized', topicName: 'cmd/+' },
    });
    expect(
      linesOf(run)
        .filter(({ event }) => event === 'completed')
        .map(({ branch }) => branch),
    ).toEqual(['telemetry', 'alarms']);
  });
});

describe('run', () => {
  test('a configuration that does not fit: a line for each problem, with its path, and 78', async () => {
    const run = runCli(['run', EDGE], { env: { GREENGRASS_RX_CONFIG: '{"deadband":"much"}' } });
    expect(await run.ended).toEqual({ code: 78, signal: null });
    expect(linesOf(run)).toMatchObject([
      { level: 'error', message: 'configuration: deadband: expected number, got "much"', component: NAME },
      { event: 'ended', reason: 'configuration', code: 78, error: { tag: 'ConfigurationInvalid' } },
    ]);
    expect(run.stderr()).toBe('');
  });

  test('a token that is refused ends it with 76', async () => {
    await using nucleus = await startFor('classic', '#');
    const run = runCli(['run', EDGE], { env: { ...nucleus.environment(NAME), SVCUID: 'another' } });
    expect(await run.ended).toEqual({ code: 76, signal: null });
    expect(lastOf(run)).toMatchObject({ reason: 'token-refused', restart: true });
  });

  test('outside Greengrass: 69, and what is missing', async () => {
    const run = runCli(['run', EDGE]);
    expect(await run.ended).toEqual({ code: 69, signal: null });
    expect(lastOf(run)).toMatchObject({ reason: 'failed-for-good', error: { tag: 'MissingEnvironment' } });
  });

  test.each(['load', 'stray', 'stream'])('a bug (%s) ends it with 70 and a line of JSON', async how => {
    const run = runCli(['run', moduleOf('broken')], { env: { HOW: how } });
    expect(await run.ended).toEqual({ code: 70, signal: null });
    expect(lastOf(run)).toMatchObject({
      level: 'error',
      reason: 'defect',
      code: 70,
      error: { stack: expect.stringContaining('broken.mjs') as string },
    });
    expect(run.stderr()).toBe('');
  });

  // Windows has no signals.
  test.skipIf(IS_WINDOWS)('the second signal ends it at once', async () => {
    await using nucleus = await startFor('classic', '#');
    const run = runCli(['run', moduleOf('endless')], { env: nucleus.environment(NAME) });
    await run.saw(/"message":"connected"/);
    run.child.kill('SIGTERM');
    // One that comes earlier counts as the same: a terminal and npm both send it.
    await run.saw(/"message":"still draining"/);
    run.child.kill('SIGTERM');
    expect(await run.ended).toEqual({ code: null, signal: 'SIGTERM' });
  });

  test('loads neither the testing kit nor the local nucleus', async () => {
    const trace = new URL('trace-modules.mjs', import.meta.url).href;
    const run = runCli(['run', EDGE], { env: { NODE_OPTIONS: `--import=${trace}`, GREENGRASS_RX_CONFIG: '{"deadband":null}' } });
    expect(await run.ended).toEqual({ code: 78, signal: null });
    const { sources, packages } = loadedFrom(run.stderr().split('\n'));
    expect(sources).toContain('component/run-component.ts');
    expect(sources.filter(file => /^(testing|local|dry-run|recipe)\//.test(file))).toEqual([]);
    expect(packages).not.toHaveProperty('yaml');
    expect(packages).not.toHaveProperty('aedes');
  });
});
