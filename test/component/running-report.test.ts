import { firstValueFrom, NEVER } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectNucleus, type Nucleus } from '../../src/client/connect.js';
import { component, type Branch, runComponent, silentLog } from '../../src/component/index.js';
import type { LocalNucleus } from '../../src/local/index.js';
import { QOS } from '../../src/shared/qos.js';
import { allow, allowLocal, COMPONENT, PROFILES, start } from '../kit/nucleus/nuclei.js';
import { VirtualTime } from '../kit/time/virtual-time.js';

interface Running {
  readonly local: LocalNucleus;
  readonly reports: string[];
  /** Lets so many milliseconds pass, and waits until the nucleus has had whatever the component said meanwhile. */
  readonly after: (milliseconds: number) => Promise<void>;
}

async function running(
  profile: 'classic' | 'lite',
  before: (local: LocalNucleus) => void,
  run: (nucleus: Nucleus) => Branch,
): Promise<Running> {
  const local = await start(profile, { components: [{ name: COMPONENT, accessControl: { ...allow('test/#'), ...allowLocal('*') } }] });
  const reports: string[] = [];
  local.observe(event => {
    if (event.kind === 'stateReported') reports.push(event.state);
  });
  before(local);
  const nucleus = connectNucleus({ socketPath: local.socketPath, authToken: local.authToken(COMPONENT), refusalPatience: 0 });
  // A subscription that is there before the connection would hold up what is asked behind it.
  await nucleus.ready()();
  const time = new VirtualTime();
  const stop = new AbortController();
  const ended = runComponent(component({ name: COMPONENT, version: '1.0.0', run: () => run(nucleus) }), {
    nucleus,
    env: {},
    log: silentLog,
    signals: false,
    signal: stop.signal,
    scheduler: time,
    drainDeadline: 100,
  });
  onTestFinished(async () => {
    stop.abort();
    for (let turn = 0; turn < 3; turn++) {
      await nucleus.ready()();
      time.advance(1_000);
    }
    await ended;
    await local.stop();
  });
  return {
    local,
    reports,
    after: async milliseconds => {
      time.advance(milliseconds);
      // Answered behind whatever was said before, on the same connection.
      await firstValueFrom(nucleus.local.publish$({ topic: 'elsewhere', json: {} }));
    },
  };
}

describe.each(PROFILES)('%s', profile => {
  test('RUNNING is reported when each subscription is active, however long that takes, and once', async () => {
    let active: () => void = () => undefined;
    const isActive = new Promise<void>(resolve => (active = resolve));
    let release = (): void => undefined;
    const { reports, after } = await running(
      profile,
      ({ faults }) => {
        const fault = faults.withholdReply({ operation: 'localSubscribe' });
        release = () => fault.undo();
      },
      ({ local }) => local.subscribe({ topic: 'a', onStatus: ({ status }) => (status === 'active' ? active() : undefined) }),
    );
    await after(600_000);
    expect(reports).toEqual([]);
    release();
    await isActive;
    await after(0);
    await after(600_000);
    expect(reports).toEqual(['RUNNING']);
  });

  test('a subscription that waits for the cloud alone holds it up for a second: the start of an offline device fails nothing', async () => {
    const { reports, after } = await running(
      profile,
      ({ faults }) => void faults.withholdReply({ operation: 'subscribe' }),
      ({ mqtt }) => mqtt.subscribe({ topicName: 'test/a', qos: QOS.AT_LEAST_ONCE }),
    );
    await after(999);
    expect(reports).toEqual([]);
    await after(1);
    expect(reports).toEqual(['RUNNING']);
  });

  test('a component without subscriptions reports it once connected; one whose branch fails does not', async () => {
    const well = await running(
      profile,
      () => undefined,
      () => NEVER,
    );
    await well.after(0);
    expect(well.reports).toEqual(['RUNNING']);
    const refused = await running(
      profile,
      () => undefined,
      ({ mqtt }) => mqtt.subscribe({ topicName: 'no/a', qos: QOS.AT_LEAST_ONCE }),
    );
    await refused.after(0);
    await refused.after(1_000);
    expect(refused.reports).not.toContain('RUNNING');
  });
});
