import { connect, QOS, type MqttProxy } from '../../src/index.js';
import type { TransportName } from '../../src/client/index.js';
import { startLocalNucleus, type LocalNucleus, type Profile } from '../../src/local/index.js';
import { capped, exponential, fullJitter } from '../../src/schedule/index.js';
import { DownwardLoad, type MessageAccount } from './downward-load.js';
import { Killer, type KillName } from './kills.js';
import { seeded } from './random.js';
import { UpwardLoad, type PublishAccount } from './upward-load.js';

export interface SoakOptions {
  readonly transport: TransportName;
  readonly profile: Profile;
  readonly kills: number;
  readonly seed: number;
  /** How many turns of the event loop a connection may live at most. Default 300. */
  readonly turns?: number | undefined;
}

/** What came of a soak. Whatever must not be is in `problems`. */
export interface SoakReport {
  readonly kills: Readonly<Partial<Record<KillName, number>>>;
  readonly connections: number;
  readonly publishes: PublishAccount;
  readonly messages: MessageAccount;
  readonly problems: readonly string[];
}

const COMPONENT = 'com.example.Soak';
const SUBSCRIPTIONS = 5;
/** Kills between two moments in which everything is let come to rest and looked at. */
const ROUND = 25;

/** Kills connections at random moments under load in both directions, and accounts for everything. */
export async function soak({ transport, profile, kills, seed, turns = 300 }: SoakOptions): Promise<SoakReport> {
  const nucleus = await startNucleus(profile);
  const proxy = connect({
    socketPath: nucleus.socketPath,
    authToken: nucleus.authToken(COMPONENT),
    transport,
    profile,
    reconnect: fullJitter(capped(20)(exponential(1))),
  });
  const problems: string[] = [];
  const killed: Partial<Record<KillName, number>> = {};
  let connections = 0;
  nucleus.observe(({ kind }) => {
    if (kind === 'connected') connections++;
  });
  const killer = new Killer(nucleus, COMPONENT, seeded(seed), turns);
  const upward = new UpwardLoad(proxy, nucleus, problems);
  const downward = new DownwardLoad(proxy, nucleus, SUBSCRIPTIONS, problems);
  await downward.allAlive();

  for (let done = 0; done < kills;) {
    upward.begin();
    downward.begin();
    for (const end = Math.min(kills, done + ROUND); done < end; done++) {
      const kind = await killer.kill();
      killed[kind] = (killed[kind] ?? 0) + 1;
    }
    downward.end();
    await upward.end();
    await reconnected(proxy);
    await downward.allAlive();
  }

  await proxy.close();
  downward.check();
  await gone(nucleus);
  if (nucleus.subscriptions > 0) problems.push(`${nucleus.subscriptions} subscriptions are left at the nucleus`);
  if (nucleus.queuedBytes > 0) problems.push(`${nucleus.queuedBytes} bytes are left for clients that are gone`);
  await nucleus.stop();
  return { kills: killed, connections, publishes: upward.account, messages: downward.account, problems };
}

function startNucleus(profile: Profile): Promise<LocalNucleus> {
  const accessControl = { 'aws.greengrass.ipc.mqttproxy': { 'soak:1': { operations: ['*'], resources: ['*'] } } };
  return startLocalNucleus({ profile, components: [{ name: COMPONENT, accessControl }] });
}

/** Resolves when the proxy has noticed the last kill: then its connection is a new one, and its subscriptions come first on that. */
async function reconnected(proxy: MqttProxy): Promise<void> {
  const fence = proxy.publish({ topicName: 'fence', payload: '', qos: QOS.AT_LEAST_ONCE });
  while ((await fence())._tag === 'Left');
}

/** Resolves when the nucleus has no connection any more. */
async function gone(nucleus: LocalNucleus): Promise<void> {
  if (nucleus.connections === 0) return;
  await new Promise<void>(resolve => {
    const stop = nucleus.observe(({ kind }) => {
      if (kind !== 'disconnected') return;
      setImmediate(() => {
        if (nucleus.connections > 0) return;
        stop();
        resolve();
      });
    });
  });
}
