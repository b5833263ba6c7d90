import { expect, describe, it } from 'vitest';
import type { AccessControl, NucleusEvent, Profile } from '../../src/local/index.js';
import { component, runComponent } from '../../src/component/index.js';
import { dryRun, type DryRun } from '../../src/dry-run/index.js';
import { endWith, filter, firstValueFrom, ignoreElements, merge } from 'rxjs';
import { connect, connectNucleus } from '../../src/client/connect.js';
import { publishTo } from '../../src/flow/index.js';
import { onRights } from '../../src/stream/index.js';
import { topicTemplate } from '../../src/topic/index.js';
import { QOS } from '../../src/shared/qos.js';
import { PROFILES, start } from '../kit/nucleus/nuclei.js';
import { edgeAggregator, STIMULI } from '../kit/component/edge-aggregator.js';
import { logLines } from '../kit/component/log-lines.js';

const dry = async (): Promise<DryRun> => {
  const run = await dryRun(edgeAggregator);
  if (run._tag === 'Left') throw run.left;
  return run.right;
};

const accessControlOf = (run: DryRun): AccessControl => run.recipe().ComponentConfiguration?.DefaultConfiguration?.accessControl ?? {};

/**
 * Runs the component on a nucleus with these policies, gives it its messages, and gathers what the nucleus says until all is published or
 * something refused.
 */
const events = async (profile: Profile, accessControl: AccessControl): Promise<readonly NucleusEvent[]> => {
  await using nucleus = await start(profile, { components: [{ name: edgeAggregator.name, accessControl }] });
  const seen: NucleusEvent[] = [];
  const stop = new AbortController();
  const expected = new Set(STIMULI.map(({ published }) => published));
  let subscribed = 0;
  nucleus.observe(event => {
    seen.push(event);
    if (event.kind === 'failed') stop.abort();
    // Once the last of the answers is on its way.
    if (event.kind === 'subscribed' && ++subscribed === 3) STIMULI.forEach(message => nucleus.publish(message));
    if (event.kind === 'published' && expected.delete(event.topicName) && expected.size === 0) stop.abort();
  });
  // Said by the variable, so that nobody asks the nucleus for a configuration it was not given.
  const env = { GREENGRASS_RX_CONFIG: '{}' };
  // Greengrass Lite might mean it differently the next time: here it does not.
  const connectOptions = { socketPath: nucleus.socketPath, authToken: nucleus.authToken(edgeAggregator.name), refusalPatience: 0 };
  await runComponent(edgeAggregator, { connect: connectOptions, env, signals: false, signal: stop.signal, log: logLines([]) });
  return seen;
};

const refusals = (seen: readonly NucleusEvent[]): readonly string[] =>
  seen.flatMap(event => (event.kind === 'failed' ? [`${event.operation} on ${String(event.resource)}`] : []));

/** The policies without one resource. */
const without = (accessControl: AccessControl, resource: string): AccessControl =>
  Object.fromEntries(
    Object.entries(accessControl).map(([service, policies]) => [
      service,
      Object.fromEntries(
        Object.entries(policies).map(([id, policy]) => [
          id,
          { ...policy, resources: (policy.resources ?? []).filter(each => each !== resource) },
        ]),
      ),
    ]),
  );

describe.each(PROFILES)('the derived policies, enforced by the %s nucleus', profile => {
  it('allow all that the component does', async () => {
    const seen = await events(profile, accessControlOf(await dry()));
    expect(refusals(seen)).toEqual([]);
    expect(new Set(seen.flatMap(event => (event.kind === 'published' ? [event.topicName] : [])))).toEqual(
      new Set(STIMULI.map(({ published }) => published)),
    );
  });

  it.each([
    ['alarms/+', 'aws.greengrass#PublishToIoTCore on alarms/s1'],
    ['cmd/+/result', 'aws.greengrass#PublishToIoTCore on cmd/c1/result'],
    ['telemetry/mean', 'aws.greengrass#PublishToIoTCore on telemetry/mean'],
    ['cmd/+', 'aws.greengrass#SubscribeToIoTCore on cmd/+'],
    ['sensors/+/alarm', 'aws.greengrass#SubscribeToIoTCore on sensors/+/alarm'],
    ['sensors/+/temperature', 'aws.greengrass#SubscribeToIoTCore on sensors/+/temperature'],
  ])('refuse without %s', async (resource, refusal) => {
    const run = await dry();
    expect([...run.access.publish, ...run.access.subscribe]).toContain(resource);
    expect(refusals(await events(profile, without(accessControlOf(run), resource)))).toContain(refusal);
  });

  it('have no resource but those', async () => {
    const run = await dry();
    expect(run.access).toMatchObject({
      publish: ['alarms/+', 'cmd/+/result', 'telemetry/mean'],
      subscribe: ['cmd/+', 'sensors/+/alarm', 'sensors/+/temperature'],
    });
  });

  it.each(['telemetry/median', 'alarms', 'alarms/s1/x', 'cmd/c1', 'sensors/s1/temperature'])(
    'do not allow to publish to %s',
    async topicName => {
      const accessControl = accessControlOf(await dry());
      await using nucleus = await start(profile, { components: [{ name: edgeAggregator.name, accessControl }] });
      await using proxy = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(edgeAggregator.name) });
      expect(await proxy.publish({ topicName, payload: '', qos: QOS.AT_LEAST_ONCE })()).toMatchObject({ left: { _tag: 'Unauthorized' } });
    },
  );

  it('allow of local topics what the component does and nothing else', async () => {
    const bridge = component({
      name: 'com.example.Bridge',
      version: '1.0.0',
      run: (_, __, { local }) =>
        local
          .subscribe({ topic: topicTemplate('plc/{line}/raw') })
          .pipe(onRights(publishTo(local, () => ({ topic: 'plc/1/set', payload: 'x' }), { topics: ['plc/+/set'] }))),
    });
    const run = await dryRun(bridge);
    if (run._tag === 'Left') throw run.left;
    await using device = await start(profile, { components: [{ name: bridge.name, accessControl: accessControlOf(run.right) }] });
    await using nucleus = connectNucleus({
      socketPath: device.socketPath,
      authToken: device.authToken(bridge.name),
      refusalPatience: 0,
    });
    const publish = (topic: string) => nucleus.local.publish({ topic, payload: 'x' })();
    const subscribe = (topic: string): Promise<unknown> =>
      firstValueFrom(
        merge(
          nucleus.local.subscribe({ topic }),
          nucleus.local.publish$({ topic: 'plc/1/set', payload: 'x' }).pipe(ignoreElements(), endWith('allowed')),
        ).pipe(filter(value => value === 'allowed' || (value as { readonly _tag?: string })._tag === 'Left')),
      );
    expect(await publish('plc/1/set')).toMatchObject({ right: { by: 'local-topics' } });
    expect(await publish('plc/1/raw')).toMatchObject({ left: { _tag: 'Unauthorized' } });
    expect(await publish('plc')).toMatchObject({ left: { _tag: 'Unauthorized' } });
    expect(await subscribe('plc/+/raw')).toBe('allowed');
    expect(await subscribe('plc/1/raw')).toMatchObject({ left: { _tag: 'Unauthorized' } });
  });
});
