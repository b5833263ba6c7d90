import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { NEVER } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { component, type Component } from '../../src/component/index.js';
import { dryRun, type DryRun } from '../../src/dry-run/index.js';
import { accessControlOf, resourceOf } from '../../src/dry-run/access.js';
import { readRecipe, type Recipe } from '../../src/local/index.js';
import { IS_WINDOWS } from '../kit/process/platform.js';
import { edgeAggregator } from '../kit/component/edge-aggregator.js';

const dryOf = async (component: Component): Promise<DryRun> => {
  const run = await dryRun(component);
  if (run._tag === 'Left') throw run.left;
  return run.right;
};

const read = (text: string): Recipe => {
  const recipe = readRecipe(text);
  if (recipe._tag === 'Left') throw recipe.left;
  return recipe.right;
};

describe('the derived recipe', () => {
  it.each(['yaml', 'json'] as const)('in %s is read by a device as it is meant, without a warning', async format => {
    const recipe = read((await dryOf(edgeAggregator)).recipeText(format));
    expect(recipe.warnings).toEqual([]);
    expect(recipe.liteProblems).toEqual([]);
    expect(recipe.liteManifests).toMatchObject([{ kind: 'taken' }]);
    expect(recipe).toMatchObject({
      componentName: 'com.example.EdgeAggregator',
      componentVersion: '1.2.0',
      defaultConfiguration: { config: { deadband: 0.5 } },
    });
    expect(recipe.manifests[0]?.lifecycle.steps.run?.script).toContain('/EdgeAggregator/component.mjs');
  });

  it('means the same to a reader of YAML 1.1, which GDK and the nucleus are', async () => {
    const dry = await dryOf(
      component({
        name: 'com.example.Yes',
        version: '1.0.0',
        publishes: ['on', 'no', '12e3', '2020-01-01', '1:30', '~'],
        run: () => NEVER,
      }),
    );
    const text = dry.recipeText('yaml');
    expect(parse(text, { version: '1.1' })).toEqual(dry.recipe());
    expect(text).toContain("RecipeFormatVersion: '2020-01-25'");
  });

  it('has its names as Greengrass Lite wants them, which compares them exactly', async () => {
    const { Manifests } = (await dryOf(edgeAggregator)).recipe();
    const [manifest] = Manifests;
    expect(Object.keys(manifest?.Lifecycle ?? {})).toEqual(['Setenv', 'run', 'shutdown']);
    expect(manifest?.Lifecycle?.shutdown).toEqual({ Script: expect.any(String) as string, Timeout: 15 });
    expect(manifest?.Artifacts).toEqual([
      { Uri: 's3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/EdgeAggregator.zip', Unarchive: 'ZIP' },
    ]);
  });

  it('that Greengrass Lite does not read for its size is a finding', async () => {
    const topics = Array.from({ length: 400 }, (_, i) => `sensors/${i}/temperature`);
    const large = await dryOf(component({ name: 'a', version: '1.0.0', publishes: topics, run: () => NEVER }));
    expect(large.findings).toContainEqual({
      severity: 'warning',
      about: 'configuration',
      message: expect.stringMatching(
        /^On Greengrass Lite: it has \d+ bytes, and Greengrass Lite reads no recipe of more than 8196/,
      ) as string,
    });
    expect((await dryOf(edgeAggregator)).findings.filter(({ message }) => message.includes('Greengrass Lite'))).toEqual([]);
  });

  it('sets no variable to the configuration, which the component reads and follows itself', async () => {
    const recipe = read((await dryOf(edgeAggregator)).recipeText('yaml'));
    expect(recipe.defaultConfiguration).toMatchObject({ config: { deadband: 0.5 } });
    expect(Object.keys(recipe.manifests[0]?.lifecycle.setenv ?? {})).toEqual(['GREENGRASS_RX_HEALTH_FILE', 'GREENGRASS_RX_PID_FILE']);
    expect(Object.values(recipe.manifests[0]?.lifecycle.setenv ?? {}).join()).not.toContain('{configuration:');
  });

  it('with a startup step has the nucleus wait for the report that it is RUNNING', async () => {
    const dry = await dryOf(edgeAggregator);
    const recipe = read(dry.recipeText('yaml', { lifecycle: 'startup', startupTimeout: 30 }));
    const { steps, setenv } = recipe.manifests[0]?.lifecycle ?? {};
    expect(recipe.warnings).toEqual([]);
    expect(recipe.liteProblems).toEqual([]);
    expect(steps?.run).toBe(undefined);
    // Without exec Greengrass Lite would take the end of the script for the report.
    expect(steps?.startup).toMatchObject({ script: expect.stringMatching(/^exec node /) as string, timeoutSeconds: 30 });
    expect(setenv).toMatchObject({ GREENGRASS_RX_LIFECYCLE: 'startup' });
    expect(read(dry.recipeText('yaml', { lifecycle: 'startup' })).manifests[0]?.lifecycle.steps.startup?.timeoutSeconds).toBe(120);
  });

  it('gives policies another id when what they allow has changed, so that they take effect on devices that have the old ones', () => {
    const none = { publish: [], subscribe: [] };
    const ids = (publish: readonly string[]) =>
      Object.keys(accessControlOf('c', { publish, subscribe: [], local: none })['aws.greengrass.ipc.mqttproxy'] ?? {});
    expect(ids(['a'])).toEqual(ids(['a']));
    expect(ids(['a'])).not.toEqual(ids(['a', 'b']));
    expect(accessControlOf('c', { publish: [], subscribe: [], local: none })).toEqual({});
  });

  it('allows local topics with the one wildcard they have: * to publish, the text of the filter to subscribe', async () => {
    const local = component({
      name: 'com.example.Local',
      version: '1.0.0',
      localPublishes: ['plc/+/set', 'plc/#', 'what?'],
      localSubscribes: ['plc/+/raw', 'plc/#'],
      run: () => NEVER,
    });
    const policies = (await dryOf(local)).recipe().ComponentConfiguration?.DefaultConfiguration?.accessControl ?? {};
    expect(Object.keys(policies)).toEqual(['aws.greengrass.ipc.pubsub']);
    expect(Object.entries(policies['aws.greengrass.ipc.pubsub'] ?? {})).toEqual([
      [
        expect.stringMatching(/^com\.example\.Local:pubsub:publish-[0-9a-f]{8}$/),
        {
          policyDescription: 'Allows to publish to 2 local topics and filters.',
          operations: ['aws.greengrass#PublishToTopic'],
          resources: ['plc', 'plc/*', 'what${?}'],
        },
      ],
      [
        expect.stringMatching(/^com\.example\.Local:pubsub:subscribe-[0-9a-f]{8}$/),
        {
          policyDescription: 'Allows to subscribe to 2 local topics and filters.',
          operations: ['aws.greengrass#SubscribeToTopic'],
          resources: ['plc/#', 'plc/+/raw'],
        },
      ],
    ]);
  });

  it.each([
    ['a/+/#', 'a/+/#'],
    ['a/*', 'a/${*}'],
    ['what?', 'what${?}'],
    ['${x}', '${$}{x}'],
    ['$aws/things/{x}', '$aws/things/{x}'],
  ])('escapes the topic %s', (topic, resource) => {
    expect(resourceOf(topic)).toBe(resource);
  });

  // Derived recipes are for Linux.
  it.skipIf(IS_WINDOWS)('stops the process whose id is in its work folder and waits for its end, and nobody else', async () => {
    const recipe = read((await dryOf(edgeAggregator)).recipeText('yaml'));
    const script = recipe.manifests[0]?.lifecycle.steps.shutdown?.script ?? '';
    const folder = mkdtempSync(join(tmpdir(), 'ggrx-work-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const slow = "process.on('SIGTERM', () => setTimeout(() => process.exit(7), 300)); setInterval(() => {}, 1e6); console.log('ready')";
    const begin = async (cwd: string) => {
      const child = spawn(process.execPath, ['-e', slow], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
      onTestFinished(() => void child.kill('SIGKILL'));
      await once(child.stdout, 'data');
      writeFileSync(join(folder, 'greengrass-rx.pid'), `${child.pid}\n`);
      return child;
    };
    const sh = promisify(execFile);
    const other = await begin(tmpdir());
    await sh('sh', ['-c', script], { cwd: folder });
    expect(other.exitCode).toBe(null);
    const own = await begin(folder);
    const ended = once(own, 'exit');
    await sh('sh', ['-c', script], { cwd: folder });
    expect(await ended).toEqual([7, null]);
    await sh('sh', ['-c', script], { cwd: folder });
    rmSync(join(folder, 'greengrass-rx.pid'));
    await sh('sh', ['-c', script], { cwd: folder });
  });

  it('brings the files of GDK, which name the component and the place of its archive', async () => {
    const files = (await dryOf(edgeAggregator)).gdkFiles({ bucket: 'my-bucket', region: 'eu-west-1' });
    const [config, build] = files;
    expect(JSON.parse(config?.text ?? '')).toEqual({
      gdk_version: '1.3.0',
      component: {
        'com.example.EdgeAggregator': {
          author: 'Example Corp',
          version: '1.2.0',
          build: { build_system: 'custom', custom_build_command: ['sh', 'gdk-build.sh'] },
          publish: { bucket: 'my-bucket', region: 'eu-west-1' },
        },
      },
    });
    if (!IS_WINDOWS) await promisify(execFile)('sh', ['-n', '-c', build?.text ?? '(']);
    expect(build?.text).toContain('artifacts="$build/artifacts/com.example.EdgeAggregator/$version"');
    expect(build?.text).toContain('npx greengrass-rx build dist/component.js --out');
    expect(build?.text).toContain('/EdgeAggregator.zip');
  });
});

describe('recipeDifference', () => {
  it('is empty for the recipe itself, whatever else is in it', async () => {
    const dry = await dryOf(edgeAggregator);
    expect(dry.recipeDifference(dry.recipeText('json'))).toEqual([]);
    const grown = dry
      .recipeText('yaml')
      .replace('Manifests:\n', 'ComponentDependencies:\n  com.example.Other: { VersionRequirement: ^1.0.0 }\nManifests:\n');
    expect(dry.recipeDifference(grown)).toEqual([]);
  });

  it('says what the code needs now, what it no longer needs, and what differs', async () => {
    const dry = await dryOf(edgeAggregator);
    const old = dry
      .recipeText('yaml')
      .replace('ComponentVersion: 1.2.0', 'ComponentVersion: 1.1.0')
      .replace('- telemetry/mean', '- telemetry/median')
      .replace('deadband: 0.5', 'deadband: 0.4\n      limit: 3')
      .replace(/( {8})(GREENGRASS_RX_PID_FILE.*\n)/, "$1$2$1GREENGRASS_RX_CONFIG: '{configuration:/config}'\n");
    expect(dry.recipeDifference(old, 'recipe.yaml')).toEqual([
      '~ ComponentVersion is 1.1.0; the code says 1.2.0',
      '+ accessControl must allow aws.greengrass#PublishToIoTCore on "telemetry/mean"',
      '- accessControl allows aws.greengrass#PublishToIoTCore on "telemetry/median", which the component does not do',
      '~ DefaultConfiguration/config/deadband is 0.4; the code says 0.5',
      '- DefaultConfiguration/config/limit is 3, and the code has no such default',
      '- Manifests/0/Lifecycle/Setenv has GREENGRASS_RX_CONFIG, which stands in the place of the configuration that the component reads and follows itself',
    ]);
  });

  it('compares what it allows of local topics, too', async () => {
    const dry = await dryOf(component({ name: 'a', version: '1.0.0', localPublishes: ['plc/+/set'], run: () => NEVER }));
    expect(dry.recipeDifference(dry.recipeText('yaml').replace('plc/*/set', 'plc/+/set'))).toEqual([
      '+ accessControl must allow aws.greengrass#PublishToTopic on "plc/*/set"',
      '- accessControl allows aws.greengrass#PublishToTopic on "plc/+/set", which the component does not do',
    ]);
  });

  it('says what makes it no recipe', async () => {
    const [first, second] = (await dryOf(edgeAggregator)).recipeDifference('ComponentName: a', 'recipe.yaml');
    expect(first).toBe('recipe.yaml is not a recipe a nucleus would take.');
    expect(second).toMatch(/^ {2}recipe\.yaml:1:1:/);
  });

  it('takes either step for what it is, unless it is told which it is to be', async () => {
    const dry = await dryOf(edgeAggregator);
    const startup = dry.recipeText('yaml', { lifecycle: 'startup' });
    expect(dry.recipeDifference(startup)).toEqual([]);
    expect(dry.recipeDifference(startup, 'recipe.yaml', { lifecycle: 'startup' })).toEqual([]);
    expect(dry.recipeDifference(startup, 'recipe.yaml', { lifecycle: 'run' })).toEqual([
      '~ Manifests/0/Lifecycle has startup; it is to be run',
    ]);
    expect(dry.recipeDifference(startup.replace(/ +GREENGRASS_RX_LIFECYCLE.*\n/, ''))).toEqual([
      '+ Manifests/0/Lifecycle/Setenv must have GREENGRASS_RX_LIFECYCLE: "startup"',
    ]);
    expect(
      dry.recipeDifference(dry.recipeText('yaml').replace('      Setenv:\n', '      Setenv:\n        GREENGRASS_RX_LIFECYCLE: startup\n')),
    ).toEqual(['- Manifests/0/Lifecycle/Setenv has GREENGRASS_RX_LIFECYCLE, and the component runs in run']);
  });
});
