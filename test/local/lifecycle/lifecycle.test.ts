import { describe, expect, test } from 'vitest';
import { startLocalNucleus, type LocalNucleus, type NucleusEvent, type Profile } from '../../../src/local/index.js';
import {
  DEFER_COMPONENT_UPDATE,
  SEND_CONFIGURATION_VALIDITY_REPORT,
  SUBSCRIBE_TO_COMPONENT_UPDATES,
  SUBSCRIBE_TO_VALIDATE_CONFIGURATION_UPDATES,
  UPDATE_STATE,
} from '../../../src/shared/operations.js';
import { COMPONENT, OTHER, PROFILES, allowLocal } from '../../kit/nucleus/nuclei.js';
import { RawClient, body } from '../../kit/nucleus/raw-client.js';
import { HandClock } from '../../kit/time/hand-clock.js';

const begin = (profile: Profile, clock = new HandClock()): Promise<LocalNucleus> =>
  startLocalNucleus({
    profile,
    clock,
    components: [
      { name: COMPONENT, accessControl: {} },
      { name: OTHER, accessControl: {} },
    ],
  });

/** The same component with another configuration. */
const changed = { name: COMPONENT, accessControl: allowLocal('a') };

async function answer(client: RawClient, streamId: number, operation: string, request: unknown): Promise<string> {
  client.request(streamId, operation, request);
  const reply = await client.next();
  const { _message: message = '', _errorCode: code } = body(reply);
  return reply.type === 0 ? 'taken' : `${String(code)} ${String(message)}`;
}

/** A component that validates, with the id of the deployment that it has been asked about. */
async function asked(nucleus: LocalNucleus): Promise<{ readonly client: RawClient; readonly id: () => Promise<string> }> {
  const client = await RawClient.accepted(nucleus, COMPONENT);
  expect(await answer(client, 1, SUBSCRIBE_TO_VALIDATE_CONFIGURATION_UPDATES, {})).toBe('taken');
  return {
    client,
    id: async () => {
      const { configuration, deploymentId } = body(await client.next())['validateConfigurationUpdateEvent'] as Record<string, unknown>;
      expect(configuration).toEqual({ accessControl: changed.accessControl });
      return String(deploymentId);
    },
  };
}

const report = (deploymentId: string, status: string, message?: string): object => ({
  configurationValidityReport: { status, deploymentId, message },
});

test.each(PROFILES)('%s: a reported state is told', async profile => {
  await using nucleus = await begin(profile);
  const told: NucleusEvent[] = [];
  nucleus.observe(event => {
    if (event.kind === 'stateReported') told.push(event);
  });
  const client = await RawClient.accepted(nucleus, COMPONENT);
  expect(await answer(client, 1, UPDATE_STATE, { state: 'RUNNING' })).toBe('taken');
  expect(await answer(client, 2, UPDATE_STATE, {})).toMatch(
    profile === 'lite' ? /Received invalid parameters/ : /^ServiceError Cannot invoke/,
  );
  expect(await answer(client, 3, UPDATE_STATE, { state: 'NEW' })).toMatch(profile === 'lite' ? /taken/ : /^ServiceError Cannot invoke/);
  expect(told).toMatchObject([{ component: COMPONENT, state: 'RUNNING' }, ...(profile === 'lite' ? [{ state: 'NEW' }] : [])]);
  client.close();
});

test.each([
  SUBSCRIBE_TO_VALIDATE_CONFIGURATION_UPDATES,
  SEND_CONFIGURATION_VALIDITY_REPORT,
  SUBSCRIBE_TO_COMPONENT_UPDATES,
  DEFER_COMPONENT_UPDATE,
])('lite: has no %s', async operation => {
  await using nucleus = await begin('lite');
  const client = await RawClient.accepted(nucleus, COMPONENT);
  expect(await answer(client, 1, operation, {})).toBe('ServiceError ');
  expect(await nucleus.rollOut([changed], { notifyComponents: true })).toMatchObject({ status: 'SUCCEEDED' });
  client.close();
});

describe('classic: validation', () => {
  test.each([
    ['ACCEPTED', 'SUCCEEDED'],
    ['MAYBE', 'SUCCEEDED'],
    ['REJECTED', 'FAILED_NO_STATE_CHANGE'],
  ])('a report of %s: the deployment has %s', async (status, outcome) => {
    await using nucleus = await begin('classic');
    const { client, id } = await asked(nucleus);
    const rollingOut = nucleus.rollOut([changed]);
    const deploymentId = await id();
    expect(await answer(client, 2, SEND_CONFIGURATION_VALIDITY_REPORT, report(deploymentId, status, 'too hot'))).toBe('taken');
    const result = await rollingOut;
    expect(result).toMatchObject({ status: outcome, deploymentId });
    if (result.status !== 'SUCCEEDED')
      expect(result.reason).toBe(
        `Components reported that their to-be-deployed configuration is invalid { name = ${COMPONENT}, message = too hot }`,
      );
    expect(await answer(client, 3, SEND_CONFIGURATION_VALIDITY_REPORT, report(deploymentId, status))).toBe(
      'InvalidArgumentsError Validation request either timed out or was never made',
    );
    client.close();
  });

  test('no answer fails the deployment, and so does a changed component that does not validate', async () => {
    const clock = new HandClock();
    await using nucleus = await begin('classic', clock);
    const { client, id } = await asked(nucleus);
    let isOver = false;
    const late = nucleus.rollOut([changed]).finally(() => (isOver = true));
    await id();
    clock.advance(19_999);
    // A round trip: whatever follows at once has followed.
    expect(await answer(client, 2, UPDATE_STATE, { state: 'RUNNING' })).toBe('taken');
    expect(isOver).toBe(false);
    clock.advance(1);
    const reason = 'Error while waiting for validation report for one or more components:null';
    expect(await late).toMatchObject({ status: 'FAILED_NO_STATE_CHANGE', reason });
    const both = nucleus.rollOut([changed, { name: OTHER, accessControl: allowLocal('b') }]);
    expect(await answer(client, 3, SEND_CONFIGURATION_VALIDITY_REPORT, report(await id(), 'ACCEPTED'))).toBe('taken');
    clock.advance(20_000);
    expect(await both).toMatchObject({ status: 'FAILED_NO_STATE_CHANGE', reason });
    client.close();
  });

  test('the end of a second subscription takes the first along, and nobody is asked', async () => {
    await using nucleus = await begin('classic');
    const { client } = await asked(nucleus);
    expect(await answer(client, 2, SUBSCRIBE_TO_VALIDATE_CONFIGURATION_UPDATES, {})).toBe('taken');
    client.terminate(2);
    expect(await answer(client, 3, UPDATE_STATE, { state: 'RUNNING' })).toBe('taken');
    expect(await nucleus.rollOut([changed])).toMatchObject({ status: 'SUCCEEDED' });
    client.close();
  });

  test('a report without an id, or none at all, is refused', async () => {
    await using nucleus = await begin('classic');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    expect(await answer(client, 1, SEND_CONFIGURATION_VALIDITY_REPORT, { configurationValidityReport: {} })).toBe(
      'InvalidArgumentsError Cannot accept configuration validity report, the deployment ID provided was null',
    );
    expect(await answer(client, 2, SEND_CONFIGURATION_VALIDITY_REPORT, {})).toMatch(/^ServiceError Cannot invoke/);
    client.close();
  });

  test('a deployment under way fails when the nucleus stops', async () => {
    const nucleus = await begin('classic');
    const { id } = await asked(nucleus);
    const rollingOut = nucleus.rollOut([changed]);
    await id();
    await nucleus.stop();
    expect(await rollingOut).toMatchObject({ status: 'FAILED_NO_STATE_CHANGE', reason: 'the local nucleus has been stopped' });
  });
});

describe('classic: component updates', () => {
  const notify = { notifyComponents: true };

  /** The id in the next event, which is of this kind. */
  async function event(client: RawClient, kind: 'preUpdateEvent' | 'postUpdateEvent'): Promise<string> {
    const { [kind]: update } = body(await client.next()) as Record<string, { readonly deploymentId: string } | undefined>;
    return update?.deploymentId ?? `no ${kind}`;
  }

  test('are put off, asked for again, and go on after a 0; a second answer is too late', async () => {
    const clock = new HandClock();
    await using nucleus = await begin('classic', clock);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    expect(await answer(client, 1, DEFER_COMPONENT_UPDATE, { deploymentId: 'x', recheckAfterMs: 0 })).toBe(
      'InvalidArgumentsError Component is not subscribed to component update events',
    );
    expect(await answer(client, 2, SUBSCRIBE_TO_COMPONENT_UPDATES, {})).toBe('taken');
    expect(await answer(client, 3, DEFER_COMPONENT_UPDATE, { recheckAfterMs: 0 })).toBe(
      'InvalidArgumentsError Cannot defer the update, the deployment ID provided was null',
    );
    const rollingOut = nucleus.rollOut([changed], notify);
    const deploymentId = await event(client, 'preUpdateEvent');
    expect(await answer(client, 4, DEFER_COMPONENT_UPDATE, { deploymentId, recheckAfterMs: 3000 })).toBe('taken');
    expect(await answer(client, 5, DEFER_COMPONENT_UPDATE, { deploymentId, recheckAfterMs: 0 })).toBe(
      'ServiceError Time limit to respond to PreComponentUpdateEvent exceeded',
    );
    clock.advance(3000);
    expect(await event(client, 'preUpdateEvent')).toBe(deploymentId);
    client.request(6, DEFER_COMPONENT_UPDATE, { deploymentId, recheckAfterMs: 0 });
    expect(await rollingOut).toMatchObject({ status: 'SUCCEEDED', deploymentId });
    expect((await client.next()).streamId).toBe(6);
    expect(await event(client, 'postUpdateEvent')).toBe(deploymentId);
    client.close();
  });

  test('come before the question whether the configuration fits, and their end is told also where that is refused', async () => {
    await using nucleus = await begin('classic');
    const { client, id } = await asked(nucleus);
    const told: string[] = [];
    nucleus.observe(event => told.push(event.kind));
    expect(await answer(client, 2, SUBSCRIBE_TO_COMPONENT_UPDATES, {})).toBe('taken');
    const rollingOut = nucleus.rollOut([changed], notify);
    const deploymentId = await event(client, 'preUpdateEvent');
    client.request(3, DEFER_COMPONENT_UPDATE, { deploymentId, recheckAfterMs: 0 });
    expect((await client.next()).streamId).toBe(3);
    expect(await id()).toBe(deploymentId);
    client.request(4, SEND_CONFIGURATION_VALIDITY_REPORT, report(deploymentId, 'REJECTED'));
    expect(await rollingOut).toMatchObject({ status: 'FAILED_NO_STATE_CHANGE' });
    expect((await client.next()).streamId).toBe(4);
    expect(await event(client, 'postUpdateEvent')).toBe(deploymentId);
    expect(told).toEqual(['updateAnnounced', 'updateAnswered', 'configurationValidated', 'deployed']);
    client.close();
  });

  test.each([
    ['is not answered', 1, undefined],
    ['is answered without a time', 1, {}],
    ['goes to two subscriptions of one component', 2, { recheckAfterMs: 0 }],
  ])('wait for the whole timeout where one %s', async (_, subscriptions, reply) => {
    const clock = new HandClock();
    await using nucleus = await begin('classic', clock);
    const client = await RawClient.accepted(nucleus, COMPONENT);
    for (let i = 1; i <= subscriptions; i++) await answer(client, i, SUBSCRIBE_TO_COMPONENT_UPDATES, {});
    let isOver = false;
    const rollingOut = nucleus.rollOut([changed], notify).finally(() => (isOver = true));
    let deploymentId = '';
    for (let i = 1; i <= subscriptions; i++) deploymentId = await event(client, 'preUpdateEvent');
    let streamId = subscriptions;
    if (reply !== undefined) expect(await answer(client, ++streamId, DEFER_COMPONENT_UPDATE, { deploymentId, ...reply })).toBe('taken');
    clock.advance(59_999);
    // A round trip: whatever follows at once has followed.
    expect(await answer(client, streamId + 1, UPDATE_STATE, { state: 'RUNNING' })).toBe('taken');
    expect(isOver).toBe(false);
    clock.advance(1);
    expect(await rollingOut).toMatchObject({ status: 'SUCCEEDED' });
    client.close();
  });

  test('are not told where the deployment does not say so, as with a local one', async () => {
    await using nucleus = await begin('classic');
    const client = await RawClient.accepted(nucleus, COMPONENT);
    await answer(client, 1, SUBSCRIBE_TO_COMPONENT_UPDATES, {});
    expect(await nucleus.rollOut([changed])).toMatchObject({ status: 'SUCCEEDED' });
    client.close();
  });
});
