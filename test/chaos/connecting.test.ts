import { describe, expect, it } from 'vitest';
import { fixed, limited } from '../../src/index.js';
import { begin, COMBINATIONS, CONNECT_TIMEOUT, RECONNECT, strikes } from './chaos.js';

const SILENT_REFUSAL_DELAY = 100;

describe.each(COMBINATIONS)('connecting, $transport, $profile', combination => {
  const { transport, profile } = combination;
  // Lite only closes the connection, as a nucleus that is dying does: only three times in a row are taken for a refusal. To the native
  // client a nucleus that is full looks the same, so the library looks over the socket to decide.
  const triesToBeRefused = profile === 'classic' ? 1 : transport === 'crt' ? 4 : 3;

  it('that is never acknowledged, at the start', async () => {
    const { nucleus, time, reaches, subscribe, publish, flows } = await begin(combination);
    const struck = strikes(scope => nucleus.faults.noConnectAck(scope));
    const subscription = subscribe();
    const queued = publish();
    await struck;
    time.advance(CONNECT_TIMEOUT);
    expect(await subscription.messages.all()).toMatchObject([
      { left: { _tag: 'TimedOut', kind: 'terminal', operation: 'connect', timeout: CONNECT_TIMEOUT, retryable: true } },
    ]);
    expect(await queued.all()).toMatchObject([{ left: { _tag: 'TimedOut', kind: 'message', operation: 'connect', sent: false } }]);
    expect(subscription.statuses.values.map(({ status }) => status)).toEqual(['subscribing', 'ended']);
    await reaches('failed');
    // Whoever subscribes again, as retryWith does, begins anew.
    const again = subscribe();
    await again.active();
    await flows(again);
  });

  it('that is never acknowledged, after a break', async () => {
    const { nucleus, time, reaches, recovers, subscribed, publish, accepted, flows } = await begin(combination);
    const subscription = await subscribed();
    await reaches('connected');
    const struck = strikes(scope => nucleus.faults.noConnectAck(scope));
    nucleus.faults.killConnections();
    await reaches('interrupted');
    const queued = publish();
    time.advance(RECONNECT);
    await struck;
    time.advance(CONNECT_TIMEOUT);
    await recovers();
    expect(await subscription.active(2)).toEqual({ status: 'active', resumedAfter: 2 * RECONNECT + CONNECT_TIMEOUT });
    expect(await queued.all()).toMatchObject([accepted]);
    await flows(subscription);
    expect(subscription.brought().filter(word => word === 'Interrupted')).toHaveLength(1);
  });

  it('that is refused at the start', async () => {
    const { nucleus, time, reaches, states, subscribe, publish } = await begin(combination);
    const struck = strikes(scope => nucleus.faults.refuseConnect(scope), triesToBeRefused);
    const subscription = subscribe();
    const queued = publish();
    for (let tries = 1; tries < triesToBeRefused; tries++) {
      expect(await reaches('interrupted')).toMatchObject({ retryIn: SILENT_REFUSAL_DELAY });
      time.advance(SILENT_REFUSAL_DELAY);
    }
    await struck;
    const refused = { _tag: 'TokenRefused', kind: 'terminal', afterSuccess: false, retryable: false };
    expect(await subscription.messages.all()).toMatchObject([{ left: refused }]);
    expect(await queued.all()).toMatchObject([{ left: refused }]);
    // It stays so: nothing is tried any more.
    expect(await publish().all()).toMatchObject([{ left: refused }]);
    expect(states.values.at(-1)).toMatchObject({ status: 'failed', error: refused });
    expect(time.timers).toBe(0);
  });

  it.runIf(profile === 'lite')('that a dying nucleus closes once', async () => {
    const { nucleus, time, reaches, subscribe, flows } = await begin(combination);
    nucleus.faults.refuseConnect({ times: 1 });
    const subscription = subscribe();
    await reaches('interrupted');
    time.advance(SILENT_REFUSAL_DELAY);
    await subscription.active();
    await flows(subscription);
    expect(subscription.brought()).toEqual(['flow 1']);
  });

  it('with the token of before a restart', async () => {
    const { nucleus, time, reaches, subscribed, publish, flows, events } = await begin(combination);
    const subscription = await subscribed();
    await flows(subscription);
    await nucleus.restart();
    await reaches('interrupted');
    const queued = publish();
    time.advance(RECONNECT);
    for (let tries = 1; tries < triesToBeRefused; tries++) {
      await reaches('interrupted');
      time.advance(SILENT_REFUSAL_DELAY);
    }
    const refused = { _tag: 'TokenRefused', kind: 'terminal', afterSuccess: true, retryable: false };
    expect(await subscription.messages.all()).toMatchObject([{ _tag: 'Right' }, { left: { _tag: 'Interrupted' } }, { left: refused }]);
    expect(subscription.statuses.values.at(-1)).toEqual({ status: 'ended' });
    expect(await queued.all()).toMatchObject([{ left: refused }]);
    expect(events.filter(({ kind }) => kind === 'refused')).toHaveLength(triesToBeRefused);
  });

  it('after a restart that kept the tokens', async () => {
    const { nucleus, reaches, recovers, subscribed, flows } = await begin(combination);
    const subscription = await subscribed();
    await reaches('connected');
    await nucleus.restart({ keepTokens: true });
    await recovers();
    expect(await subscription.active(2)).toEqual({ status: 'active', resumedAfter: RECONNECT });
    await flows(subscription);
    expect(subscription.brought()).toEqual(['Interrupted', 'flow 1']);
  });

  it('while the listen backlog is full, at the start', async () => {
    const { nucleus, subscribe, publish, flows } = await begin(combination);
    const fault = await nucleus.faults.fullBacklog();
    const busy = { _tag: 'SocketUnavailable', kind: 'terminal', reason: 'busy', retryable: true };
    expect(await subscribe().messages.all()).toMatchObject([{ left: busy }]);
    expect(await publish().all()).toMatchObject([{ left: busy }]);
    await fault.undo();
    const again = subscribe();
    await again.active();
    await flows(again);
  });

  it('while the listen backlog is full, after a break', async () => {
    const { nucleus, time, reaches, subscribed, publish, accepted, flows } = await begin(combination);
    const subscription = await subscribed();
    await reaches('connected');
    const fault = await nucleus.faults.fullBacklog();
    nucleus.faults.killConnections();
    await reaches('interrupted');
    const queued = publish();
    time.advance(RECONNECT);
    expect(await reaches('interrupted')).toMatchObject({ error: { _tag: 'SocketUnavailable', reason: 'busy' } });
    await fault.undo();
    time.advance(RECONNECT);
    await reaches('connected');
    expect(await queued.all()).toMatchObject([accepted]);
    await flows(subscription);
    expect(subscription.brought().filter(word => word === 'Interrupted')).toHaveLength(1);
  });

  it('while the socket file has vanished, until it is back', async () => {
    const { nucleus, time, reaches, subscribed, publish, accepted, flows } = await begin(combination);
    const subscription = await subscribed();
    await reaches('connected');
    const fault = await nucleus.faults.removeSocketFile();
    // Who is connected notices nothing.
    await flows(subscription);
    nucleus.faults.killConnections();
    await reaches('interrupted');
    const queued = publish();
    for (let attempt = 1; attempt <= 3; attempt++) {
      time.advance(RECONNECT);
      expect(await reaches('interrupted')).toMatchObject({ error: { _tag: 'SocketUnavailable', reason: 'missing', retryable: true } });
    }
    await fault.undo();
    time.advance(RECONNECT);
    await reaches('connected');
    expect(await subscription.active(2)).toEqual({ status: 'active', resumedAfter: 4 * RECONNECT });
    expect(await queued.all()).toMatchObject([accepted]);
    await flows(subscription);
    expect(subscription.brought()).toEqual(['flow 1', 'Interrupted', '', 'flow 2']);
  });

  it('until the schedule gives up', async () => {
    const { nucleus, time, reaches, subscribed, publish } = await begin(combination, {
      proxy: { reconnect: limited(2)(fixed(RECONNECT)) },
    });
    const subscription = await subscribed();
    await reaches('connected');
    await nucleus.faults.removeSocketFile();
    nucleus.faults.killConnections();
    await reaches('interrupted');
    const queued = publish();
    time.advance(RECONNECT);
    await reaches('interrupted');
    time.advance(RECONNECT);
    const gone = { _tag: 'SocketUnavailable', kind: 'terminal', reason: 'missing' };
    expect(await subscription.messages.all()).toMatchObject([{ left: { _tag: 'Interrupted' } }, { left: gone }]);
    expect(await queued.all()).toMatchObject([{ left: gone }]);
    expect(time.timers).toBe(0);
  });
});
