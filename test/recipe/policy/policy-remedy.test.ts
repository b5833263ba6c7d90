import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AccessControl, NucleusEvent, Profile } from '../../../src/local/index.js';
import { Policies } from '../../../src/recipe/policy/policies.js';
import { COMPONENT, PROFILES, allow, start } from '../../kit/nucleus/nuclei.js';
import { PUBLISH, RawClient, SUBSCRIBE } from '../../kit/nucleus/raw-client.js';

const VARIABLES = {
  componentName: COMPONENT,
  componentVersion: '1.0.0',
  configuration: {},
  thingName: 'thing',
  rootPath: '/greengrass/v2',
};

function policies(profile: Profile, accessControl: unknown): Policies {
  const all = new Policies(profile);
  all.set(COMPONENT, accessControl, VARIABLES);
  return all;
}

describe.each(PROFILES)('%s: a refusal says what would have allowed it', profile => {
  test.each<[string, AccessControl | undefined, string, string, string]>([
    [
      'one resource more, where a policy has the operation',
      allow('a'),
      PUBLISH,
      'b/c',
      "add 'b/c' to the resources of the policy 'policy:1'",
    ],
    [
      'a policy of its own, where none has',
      { 'aws.greengrass.ipc.mqttproxy': { [`${COMPONENT}:mqttproxy:1`]: { operations: [PUBLISH], resources: ['a'] } } },
      SUBSCRIBE,
      'b/#',
      `add the policy '${COMPONENT}:mqttproxy:2': { operations: ['${SUBSCRIBE}'], resources: ['b/#'] }`,
    ],
    [
      'a first policy, where there is none at all',
      undefined,
      PUBLISH,
      "it's",
      `add the policy '${COMPONENT}:mqttproxy:1': { operations: ['${PUBLISH}'], resources: ['it''s'] }`,
    ],
    ['stars as themselves', allow('a'), PUBLISH, 'b/*', "add 'b/${*}' to the resources of the policy 'policy:1'"],
  ])('%s', (_, accessControl, operation, topic, line) => {
    expect(policies(profile, accessControl).remedy(COMPONENT, operation, topic).line).toBe(line);
  });

  test('and the reason, where the policies there are do not count', () => {
    const { line, policy } = policies(profile, 5).remedy(COMPONENT, PUBLISH, 'a');
    expect([line, policy]).toEqual([expect.stringContaining("mend the component's policies: accessControl is"), undefined]);
  });

  test('and it does: whatever the topic', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-b/+#*?${}]{1,8}$/)), topic => {
        const before = policies(profile, undefined);
        const { policy } = before.remedy(COMPONENT, PUBLISH, topic);
        if (policy === undefined) return;
        const document = {
          'aws.greengrass.ipc.mqttproxy': { [policy.id]: { operations: [policy.operation], resources: [policy.resource] } },
        };
        expect(policies(profile, document).may(COMPONENT, PUBLISH, topic)).toBe(true);
      }),
    );
  });

  test('in the event of the refusal', async () => {
    await using nucleus = await start(profile);
    const failures: NucleusEvent[] = [];
    nucleus.observe(event => {
      if (event.kind === 'failed') failures.push(event);
    });
    const client = await RawClient.accepted(nucleus, COMPONENT);
    client.publish(1, 'other', 'x');
    client.publish(2, 'test/x', 'x');
    await client.next();
    await client.next();
    expect(failures).toMatchObject([
      {
        resource: 'other',
        remedy: {
          line: "add 'other' to the resources of the policy 'policy:1'",
          policy: { id: 'policy:1', exists: true, operation: PUBLISH, resource: 'other' },
        },
      },
    ]);
  });
});

test('what no policy can allow is said to be so: an empty topic on classic, one with ? on lite', () => {
  expect(policies('classic', allow('#')).remedy(COMPONENT, PUBLISH, '').line).toBe('no policy can allow this topic');
  expect(policies('lite', allow('#')).remedy(COMPONENT, PUBLISH, 'a?').line).toBe('no policy can allow this topic');
  expect(policies('classic', allow('a')).remedy(COMPONENT, PUBLISH, 'a?').line).toBe(
    "add 'a${?}' to the resources of the policy 'policy:1'",
  );
});

test('a brace begins a recipe variable on lite, so that only a wildcard can allow it there', () => {
  expect(policies('lite', allow('a')).remedy(COMPONENT, PUBLISH, 'b{c').line).toContain('only a resource with a wildcard');
  expect(policies('classic', allow('a')).remedy(COMPONENT, PUBLISH, 'b{c').policy?.resource).toBe('b{c');
});
