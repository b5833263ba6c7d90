import type { BrokerMessage } from '../broker/broker.js';
import type { Link, ProfileServer } from '../server/protocol.js';
import { type ArmedFault, type FaultOperation, type FaultScope, type FaultSwitches, ReplyGate, type Undo } from './fault-switches.js';
import type { BeginningWord, DetailedWord, EndingWord, FaultMessage, FaultName, FaultWithDetails } from './fault-words.js';

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

/** What a fault is about, as the documentation puts them together. */
type FaultGroup =
  'the connection' | 'the device' | 'operations' | 'subscriptions' | 'local topics' | 'configuration and lifecycle' | 'Greengrass Lite';

/** What an armed fault strikes, the next time it comes: a connect, a frame to a client, a terminate from one, or an operation. */
type FaultEvent = 'connect' | 'frame' | 'terminate' | FaultOperation;

/** A fault that a word is enough for. */
export type FaultEntry = { readonly about: FaultGroup } & (
  | StrikingFault
  /** Lasts until the word that ends it, its opposite. Said twice it goes on as it was, or with `adds` takes hold of what has come since. */
  | { readonly until: EndingWord; readonly begin: (subject: FaultSubject) => Undo | Promise<Undo>; readonly adds?: true }
  /** Is over as soon as it is done; first what lasts until a word is ended. */
  | { readonly does: (subject: FaultSubject) => void | Promise<void>; readonly ends?: EndingWord }
);

/** Its switch is armed: it strikes the next of these, once; and with `lasts` each, until all is well. */
interface StrikingFault {
  readonly strikes: FaultEvent;
  readonly arms: (subject: FaultSubject, scope: FaultScope) => ArmedFault;
  readonly lasts?: true;
}

const OPERATIONS = {
  publish: 'operations',
  subscribe: 'operations',
  localPublish: 'local topics',
  localSubscribe: 'local topics',
  configuration: 'configuration and lifecycle',
  lifecycle: 'configuration and lifecycle',
} as const satisfies Record<FaultOperation, FaultGroup>;

/** The next such operation is done, and never answered. */
function hang(strikes: FaultOperation): FaultEntry {
  return { about: OPERATIONS[strikes], strikes, arms: ({ switches }, scope) => switches.noReply[strikes].arm(undefined, scope) };
}

/** The next such operation is done, and the connection breaks instead of an answer. */
function drop(strikes: FaultOperation): FaultEntry {
  return { about: OPERATIONS[strikes], strikes, arms: ({ switches }, scope) => switches.dropBeforeReply[strikes].arm(undefined, scope) };
}

/** Answers to such operations wait. */
function withhold(operation: FaultOperation, until: EndingWord): FaultEntry {
  return { about: OPERATIONS[operation], until, begin: ({ switches }) => withGate(gate => switches.withholdReply[operation].arm(gate)) };
}

/**
 * The one table of faults: by the word of each what it is about, its switch, what it strikes and whether once, or its opposite. The local
 * nucleus, the nucleus in memory and scripts of `dev --chaos` read it, and docs/cli.md lists it. What each does stands at the methods of
 * `Faults` and at `FaultName`.
 */
export const FAULTS: Readonly<Record<BeginningWord, FaultEntry>> = {
  'drop connection': { about: 'the connection', does: ({ dropConnections }) => dropConnections() },
  'kill nucleus': { about: 'the connection', until: 'start nucleus', begin: ({ nucleusDown }) => nucleusDown() },
  'restart nucleus': { about: 'the connection', does: ({ restart }) => restart(), ends: 'start nucleus' },
  'remove socket': { about: 'the connection', until: 'start nucleus', begin: ({ removeSocketFile }) => removeSocketFile() },
  'fill backlog': { about: 'the connection', until: 'start nucleus', begin: ({ fullBacklog }) => fullBacklog() },
  'hang connect': {
    about: 'the connection',
    strikes: 'connect',
    arms: ({ switches }, scope) => switches.noConnectAck.arm('silence', scope),
  },
  'drop before connect reply': {
    about: 'the connection',
    strikes: 'connect',
    arms: ({ switches }, scope) => switches.noConnectAck.arm('drop', scope),
  },
  'refuse connect': {
    about: 'the connection',
    strikes: 'connect',
    arms: ({ switches }, scope) => switches.refuseConnect.arm(undefined, scope),
  },
  'corrupt frame': { about: 'the connection', strikes: 'frame', arms: ({ switches }, scope) => switches.corrupt.arm(undefined, scope) },
  'cut frame': { about: 'the connection', strikes: 'frame', arms: ({ switches }, scope) => switches.cutMidFrame.arm(undefined, scope) },
  'freeze nucleus': { about: 'the connection', until: 'thaw nucleus', begin: ({ freeze }) => freeze() },
  'old nucleus': {
    about: 'the connection',
    strikes: 'terminate',
    arms: ({ switches }) => switches.oldNucleus.arm(undefined),
    lasts: true,
  },
  offline: { about: 'the device', until: 'online', begin: ({ link }) => holdDown(link) },
  'broker down': { about: 'the device', until: 'broker up', begin: ({ brokerDown }) => brokerDown() },
  'spool full': { about: 'the device', until: 'spool free', begin: ({ switches }) => switches.spoolFull.arm(undefined).undo },
  'withhold pubacks': {
    about: 'the device',
    until: 'release pubacks',
    begin: ({ switches }) => withGate(gate => switches.withholdPubacks.arm(gate)),
  },
  'hang publish': hang('publish'),
  'hang subscribe': hang('subscribe'),
  'drop before publish reply': drop('publish'),
  'drop before subscribe reply': drop('subscribe'),
  'withhold publish': withhold('publish', 'release publish'),
  'withhold subscribe': withhold('subscribe', 'release subscribe'),
  'deny subscription': {
    about: 'operations',
    strikes: 'subscribe',
    arms: ({ switches }, scope) => switches.denySubscription.arm(undefined, scope),
  },
  unauthorized: { about: 'operations', until: 'authorized', begin: ({ switches }) => switches.unauthorized.arm(undefined).undo },
  'lose subscriptions': {
    about: 'subscriptions',
    until: 'find subscriptions',
    adds: true,
    begin: ({ profile }) => profile().loseSubscriptions(),
  },
  'end subscriptions': { about: 'subscriptions', does: ({ profile }) => void profile().terminateSubscriptions([]) },
  'message before reply': {
    about: 'subscriptions',
    strikes: 'subscribe',
    arms: ({ switches }, scope) => switches.messageBeforeReply.subscribe.arm(undefined, scope),
  },
  'hang local publish': hang('localPublish'),
  'hang local subscribe': hang('localSubscribe'),
  'drop before local publish reply': drop('localPublish'),
  'drop before local subscribe reply': drop('localSubscribe'),
  'withhold local publish': withhold('localPublish', 'release local publish'),
  'withhold local subscribe': withhold('localSubscribe', 'release local subscribe'),
  'lose local subscriptions': {
    about: 'local topics',
    until: 'find local subscriptions',
    adds: true,
    begin: ({ profile }) => profile().loseLocalSubscriptions(),
  },
  'local message before reply': {
    about: 'local topics',
    strikes: 'localSubscribe',
    arms: ({ switches }, scope) => switches.messageBeforeReply.localSubscribe.arm(undefined, scope),
  },
  'hang configuration': hang('configuration'),
  'hang lifecycle': hang('lifecycle'),
  'drop before configuration reply': drop('configuration'),
  'drop before lifecycle reply': drop('lifecycle'),
  'withhold configuration': withhold('configuration', 'release configuration'),
  'stop configuration daemon': {
    about: 'Greengrass Lite',
    until: 'start configuration daemon',
    begin: ({ switches, profile }) => switches.configurationDown.arm(undefined, {}, () => profile().loseConfigurationWatchers?.()).undo,
  },
  'stop pubsub daemon': { about: 'Greengrass Lite', until: 'start pubsub daemon', begin: ({ profile }) => stopPubsubDaemon(profile()) },
  'hang mqtt daemon': { about: 'Greengrass Lite', until: 'restart mqtt daemon', begin: ({ profile }) => hangMqttDaemon(profile()) },
};

/** The faults with something to it, and what that is: how many, a message, or several. `strikes` as in {@link FAULTS}, or at once. */
export const DETAILED_FAULTS: Readonly<Record<DetailedWord, { readonly takes: string; readonly strikes: FaultEvent | undefined }>> = {
  dropAfterMessages: { takes: 'a number', strikes: 'frame' },
  splitFrames: { takes: 'a number', strikes: 'frame' },
  glueFrames: { takes: 'a number', strikes: 'frame' },
  messageBeforeReply: { takes: 'a message', strikes: 'subscribe' },
  burstThenEnd: { takes: 'a list of messages', strikes: 'subscribe' },
  endSubscriptions: { takes: 'a list of messages', strikes: undefined },
};

/** Arms a fault with details; one that is over at once is done. */
export function armDetailed(
  { switches, profile, resumeConnections }: FaultSubject,
  fault: FaultWithDetails,
  once: FaultScope,
): ArmedFault | undefined {
  if ('messageBeforeReply' in fault) return switches.messageBeforeReply.subscribe.arm(brokerMessage(fault.messageBeforeReply), once);
  if ('burstThenEnd' in fault) return switches.burstThenTerminate.subscribe.arm(fault.burstThenEnd.map(brokerMessage), once);
  if ('dropAfterMessages' in fault) {
    const { dropAfterMessages: left } = fault;
    return switches.cutAfterMessages.arm({ left }, { times: left });
  }
  if ('splitFrames' in fault) return switches.splitWrites.arm(fault.splitFrames);
  if ('glueFrames' in fault) return switches.glueFrames.arm(fault.glueFrames, {}, resumeConnections);
  profile().terminateSubscriptions(fault.endSubscriptions.map(brokerMessage));
  return undefined;
}

/** Every word there is. */
export const FAULT_NAMES: readonly FaultName[] = [
  ...new Set<FaultName>([
    ...(Object.keys(FAULTS) as BeginningWord[]),
    ...Object.values(FAULTS).flatMap(fault => ('until' in fault ? [fault.until] : [])),
    'all well',
  ]),
];

export function brokerMessage(message: FaultMessage): BrokerMessage {
  const { payload } = message;
  return { ...message, payload: typeof payload === 'string' ? Buffer.from(payload) : payload, qos: 0 };
}

export function isBeginning(word: FaultName): word is BeginningWord {
  return Object.hasOwn(FAULTS, word);
}

let held = 0;

/** Holds the device's connection to the broker down, beside whatever else does. */
export function holdDown(link: Link): () => void {
  const reason = `fault ${++held}`;
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
