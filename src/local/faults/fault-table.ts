import type { Link, ProfileServer } from '../server/protocol.js';
import { type ArmedFault, type FaultScope, type FaultSwitches, ReplyGate } from './fault-switches.js';
import type { Undo } from './faults-on.js';

/** What faults act on: a nucleus on this machine, where some take a moment, or one in memory. */
export interface FaultSubject {
  readonly switches: FaultSwitches;
  /** Whose requests are struck by what strikes the next one. Left out: anyone's. */
  readonly component?: string | undefined;
  readonly profile: () => ProfileServer;
  readonly link: Link;
  /** Destroys the connections there are, of one component or of all. */
  readonly dropConnections: (component?: string) => void;
  /** Connections look again at what waits. */
  readonly resumeConnections: () => void;
  readonly restart: () => void | Promise<void>;
  /** Neither reads nor writes. */
  readonly freeze: () => () => void;
  readonly nucleusDown: () => Undo | Promise<Undo>;
  readonly removeSocketFile: () => Undo | Promise<Undo>;
  readonly fullBacklog: () => Undo | Promise<Undo>;
  readonly brokerDown: () => Undo | Promise<Undo>;
}

/** A fault in the table. */
export type FaultEntry =
  /** Strikes the next time, once; and goes on to strike with `lasts`. */
  | { readonly arms: (subject: FaultSubject, scope: FaultScope) => ArmedFault; readonly lasts?: true }
  /** Lasts until the word that ends it. Said twice it goes on as it was, or with `adds` takes hold of what has come since. */
  | { readonly until: string; readonly begin: (subject: FaultSubject) => Undo | Promise<Undo>; readonly adds?: true }
  /** Is over as soon as it is done; first what lasts until it, or until another word, is ended. */
  | { readonly does: (subject: FaultSubject) => void | Promise<void>; readonly ends?: string }
  /** Ends what lasts until it. */
  | 'ends';

/** The faults that a word is enough for. What each does stands at the methods of `Faults` and at `FaultName`. */
export const FAULTS: Readonly<Record<Exclude<FaultName, 'all well'>, FaultEntry>> = {
  'drop connection': { does: ({ dropConnections }) => dropConnections() },
  'kill nucleus': { until: 'start nucleus', begin: ({ nucleusDown }) => nucleusDown() },
  'remove socket': { until: 'start nucleus', begin: ({ removeSocketFile }) => removeSocketFile() },
  'fill backlog': { until: 'start nucleus', begin: ({ fullBacklog }) => fullBacklog() },
  'start nucleus': 'ends',
  'restart nucleus': { does: ({ restart }) => restart(), ends: 'start nucleus' },
  'hang connect': { arms: ({ switches }, scope) => switches.noConnectAck.arm('silence', scope) },
  'drop before connect reply': { arms: ({ switches }, scope) => switches.noConnectAck.arm('drop', scope) },
  'refuse connect': { arms: ({ switches }, scope) => switches.refuseConnect.arm(undefined, scope) },
  'corrupt frame': { arms: ({ switches }, scope) => switches.corrupt.arm(undefined, scope) },
  'cut frame': { arms: ({ switches }, scope) => switches.cutMidFrame.arm(undefined, scope) },
  'freeze nucleus': { until: 'thaw nucleus', begin: ({ freeze }) => freeze() },
  'thaw nucleus': 'ends',
  offline: { until: 'online', begin: ({ link }) => holdDown(link) },
  // Also where the device has been offline from the beginning.
  online: { does: ({ link }) => link.set('offline', false) },
  'broker down': { until: 'broker up', begin: ({ brokerDown }) => brokerDown() },
  'broker up': 'ends',
  'spool full': { until: 'spool free', begin: ({ switches }) => switches.spoolFull.arm(undefined).undo },
  'spool free': 'ends',
  'withhold pubacks': { until: 'release pubacks', begin: ({ switches }) => withGate(gate => switches.withholdPubacks.arm(gate)) },
  'release pubacks': 'ends',
  'hang publish': { arms: ({ switches }, scope) => switches.noReply.publish.arm(undefined, scope) },
  'hang subscribe': { arms: ({ switches }, scope) => switches.noReply.subscribe.arm(undefined, scope) },
  'drop before publish reply': { arms: ({ switches }, scope) => switches.dropBeforeReply.publish.arm(undefined, scope) },
  'drop before subscribe reply': { arms: ({ switches }, scope) => switches.dropBeforeReply.subscribe.arm(undefined, scope) },
  'withhold publish': { until: 'release publish', begin: ({ switches }) => withGate(gate => switches.withholdReply.publish.arm(gate)) },
  'release publish': 'ends',
  'withhold subscribe': {
    until: 'release subscribe',
    begin: ({ switches }) => withGate(gate => switches.withholdReply.subscribe.arm(gate)),
  },
  'release subscribe': 'ends',
  'hang local publish': { arms: ({ switches }, scope) => switches.noReply.localPublish.arm(undefined, scope) },
  'hang local subscribe': { arms: ({ switches }, scope) => switches.noReply.localSubscribe.arm(undefined, scope) },
  'hang configuration': { arms: ({ switches }, scope) => switches.noReply.configuration.arm(undefined, scope) },
  'hang lifecycle': { arms: ({ switches }, scope) => switches.noReply.lifecycle.arm(undefined, scope) },
  'drop before local publish reply': { arms: ({ switches }, scope) => switches.dropBeforeReply.localPublish.arm(undefined, scope) },
  'drop before local subscribe reply': { arms: ({ switches }, scope) => switches.dropBeforeReply.localSubscribe.arm(undefined, scope) },
  'drop before configuration reply': { arms: ({ switches }, scope) => switches.dropBeforeReply.configuration.arm(undefined, scope) },
  'drop before lifecycle reply': { arms: ({ switches }, scope) => switches.dropBeforeReply.lifecycle.arm(undefined, scope) },
  'withhold local publish': {
    until: 'release local publish',
    begin: ({ switches }) => withGate(gate => switches.withholdReply.localPublish.arm(gate)),
  },
  'release local publish': 'ends',
  'withhold local subscribe': {
    until: 'release local subscribe',
    begin: ({ switches }) => withGate(gate => switches.withholdReply.localSubscribe.arm(gate)),
  },
  'release local subscribe': 'ends',
  'withhold configuration': {
    until: 'release configuration',
    begin: ({ switches }) => withGate(gate => switches.withholdReply.configuration.arm(gate)),
  },
  'release configuration': 'ends',
  'deny subscription': { arms: ({ switches }, scope) => switches.denySubscription.arm(undefined, scope) },
  unauthorized: { until: 'authorized', begin: ({ switches }) => switches.unauthorized.arm(undefined).undo },
  authorized: 'ends',
  'stop configuration daemon': {
    until: 'start configuration daemon',
    begin: ({ switches, profile }) => switches.configurationDown.arm(undefined, {}, () => profile().forgetWatches?.()).undo,
  },
  'start configuration daemon': 'ends',
  'hang mqtt daemon': { until: 'restart mqtt daemon', begin: ({ profile }) => hangMqttDaemon(profile()) },
  'restart mqtt daemon': 'ends',
  'stop pubsub daemon': { until: 'start pubsub daemon', begin: ({ profile }) => stopPubsubDaemon(profile()) },
  'start pubsub daemon': 'ends',
  'lose local subscriptions': {
    until: 'find local subscriptions',
    adds: true,
    begin: ({ profile }) => profile().loseLocalSubscriptions(),
  },
  'find local subscriptions': 'ends',
  'lose subscriptions': { until: 'find subscriptions', adds: true, begin: ({ profile }) => profile().loseSubscriptions() },
  'find subscriptions': 'ends',
  'end subscriptions': { does: ({ profile }) => void profile().terminateSubscriptions([]) },
  'message before reply': { arms: ({ switches }, scope) => switches.messageBeforeReply.subscribe.arm(undefined, scope) },
  'local message before reply': { arms: ({ switches }, scope) => switches.messageBeforeReply.localSubscribe.arm(undefined, scope) },
  'old nucleus': { arms: ({ switches }) => switches.oldNucleus.arm(undefined), lasts: true },
};

/**
 * What can go wrong, by the words that stand in a diagram's table of faults and in scripts of `dev --chaos`. `a` … `b`: from the first word to
 * the second. What strikes the next of something strikes once.
 *
 * The connection:
 * - `drop connection`: the connections there are break, and the nucleus takes the next.
 * - `kill nucleus` … `start nucleus`: nobody listens; the tokens stay.
 * - `remove socket` … `start nucleus`, `fill backlog` … `start nucleus`: nobody can connect; who is connected stays.
 * - `restart nucleus`: with other tokens, as a device does, so that the component is refused for ever. It listens, whatever was before.
 * - `hang connect`, `drop before connect reply`, `refuse connect`: the next connect.
 * - `corrupt frame`, `cut frame`: the next frame from the nucleus.
 * - `freeze nucleus` … `thaw nucleus`: it neither reads nor writes, which is what Lite does while another component does not read.
 * - `old nucleus` … `all well`: a server of before mid-2025, or a Lite of before 2.3.0, on which a late terminate costs the connection.
 *
 * The device: `offline` … `online`, `broker down` … `broker up`, `spool full` … `spool free`, `withhold pubacks` … `release pubacks`.
 *
 * Operations. `publish` and `subscribe` are the MQTT proxy's:
 * - `hang publish`, `hang subscribe`, `hang local publish`, `hang local subscribe`, `hang configuration`, `hang lifecycle`: the next one is done
 *   and never answered.
 * - `drop before publish reply` and so on for the same six: the next one is done, and the connection breaks instead of an answer.
 * - `withhold publish` … `release publish` and so on, but for `lifecycle`: answers wait.
 * - `deny subscription`: the cloud's own policy denies the next one.
 * - `unauthorized` … `authorized`: every new operation is refused.
 *
 * Greengrass Lite:
 * - `stop configuration daemon` … `start configuration daemon`: it has no configuration, and refuses as unauthorized what its policies allow;
 *   afterwards nobody who followed a configuration is told of changes.
 * - `stop pubsub daemon` … `start pubsub daemon`: local topics fail; afterwards the subscriptions of before are dead.
 * - `hang mqtt daemon` … `restart mqtt daemon`, which is what churn on a busy topic does: nothing arrives, publishes and subscribes fail after
 *   ten seconds; afterwards the subscriptions of before are dead.
 *
 * Subscriptions to the MQTT proxy, and to local topics with `local` in the word:
 * - `lose subscriptions` … `find subscriptions`, `lose local subscriptions` … `find local subscriptions`: those there are get nothing, without a
 *   word; those made later do.
 * - `end subscriptions`: the nucleus ends them.
 * - `message before reply`, `local message before reply`: the answer to the next subscribe waits for its first message.
 *
 * `all well` undoes whatever is still armed.
 */
export type FaultName =
  | 'drop connection'
  | 'kill nucleus'
  | 'remove socket'
  | 'fill backlog'
  | 'start nucleus'
  | 'restart nucleus'
  | 'hang connect'
  | 'drop before connect reply'
  | 'refuse connect'
  | 'corrupt frame'
  | 'cut frame'
  | 'freeze nucleus'
  | 'thaw nucleus'
  | 'offline'
  | 'online'
  | 'broker down'
  | 'broker up'
  | 'spool full'
  | 'spool free'
  | 'withhold pubacks'
  | 'release pubacks'
  | 'hang publish'
  | 'hang subscribe'
  | 'drop before publish reply'
  | 'drop before subscribe reply'
  | 'withhold publish'
  | 'release publish'
  | 'withhold subscribe'
  | 'release subscribe'
  | 'hang local publish'
  | 'hang local subscribe'
  | 'hang configuration'
  | 'hang lifecycle'
  | 'drop before local publish reply'
  | 'drop before local subscribe reply'
  | 'drop before configuration reply'
  | 'drop before lifecycle reply'
  | 'withhold local publish'
  | 'release local publish'
  | 'withhold local subscribe'
  | 'release local subscribe'
  | 'withhold configuration'
  | 'release configuration'
  | 'deny subscription'
  | 'unauthorized'
  | 'authorized'
  | 'stop configuration daemon'
  | 'start configuration daemon'
  | 'hang mqtt daemon'
  | 'restart mqtt daemon'
  | 'stop pubsub daemon'
  | 'start pubsub daemon'
  | 'lose local subscriptions'
  | 'find local subscriptions'
  | 'lose subscriptions'
  | 'find subscriptions'
  | 'end subscriptions'
  | 'message before reply'
  | 'local message before reply'
  | 'old nucleus'
  | 'all well';

export const FAULT_NAMES: readonly FaultName[] = [...(Object.keys(FAULTS) as (keyof typeof FAULTS)[]), 'all well'];

let held = 0;

/** Holds the device's connection to the broker down, beside whatever else does. */
export function holdDown(link: Link): () => void {
  const reason = `fault ${String(++held)}`;
  link.set(reason, true);
  return () => {
    link.set(reason, false);
  };
}

export function hangMqttDaemon(profile: ProfileServer): () => void {
  return profile.hangMqttDaemon?.() ?? (() => undefined);
}

export function stopPubsubDaemon(profile: ProfileServer): () => void {
  return profile.stopPubsubDaemon?.() ?? (() => undefined);
}

/** What is held back while the fault is armed is let go with it. */
function withGate(arm: (gate: ReplyGate) => ArmedFault): Undo {
  const gate = new ReplyGate();
  const { undo } = arm(gate);
  return () => {
    undo();
    gate.open();
  };
}
