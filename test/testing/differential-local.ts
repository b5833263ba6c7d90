import { startLocalNucleus, type ArmedFault, type LastingFault } from '../../src/local/index.js';
import { connect } from '../../src/client/connect.js';
import type { Profile } from '../../src/ports/mqtt-proxy.js';
import { VirtualTime } from '../kit/time/virtual-time.js';
import {
  ACCESS_CONTROL,
  BURST,
  COMPONENT,
  EARLY,
  RECONNECT,
  RECONNECT_AFTER,
  type Arming,
  type ScriptFault,
  type World,
} from './differential.js';
import { quietSockets } from '../kit/nucleus/quiet-sockets.js';

const ONCE = { times: 1 };

/** The local nucleus, over its socket. Of the proxy only the timers are virtual. */
export async function localNucleus(profile: Profile): Promise<World> {
  const nucleus = await startLocalNucleus({ profile, components: [{ name: COMPONENT, accessControl: ACCESS_CONTROL }] });
  const { faults } = nucleus;
  const time = new VirtualTime();
  const proxy = connect({
    refusalPatience: 0,
    socketPath: nucleus.socketPath,
    authToken: nucleus.authToken(COMPONENT),
    profile,
    transport: 'socket',
    reconnect: RECONNECT,
    scheduler: time,
  });

  let brokerDown: LastingFault | undefined;
  const lost: ArmedFault[] = [];
  const lasting = new Map<string, ArmedFault>();
  const undo = (what: string): void => lasting.get(what)?.undo();
  const keep = (what: string, fault: () => ArmedFault): void => {
    undo(what);
    lasting.set(what, fault());
  };
  const unreachable = async (fault: LastingFault): Promise<void> => {
    faults.killConnections();
    for (let i = 0; i < 3; i++) {
      await quietSockets();
      time.advance(RECONNECT_AFTER);
    }
    await quietSockets();
    await fault.undo();
  };
  const reconnectWith = (_fault: ArmedFault): void => faults.killConnections();

  const inflicting: Readonly<Record<ScriptFault, () => void | Promise<void>>> = {
    'drop connection': () => faults.killConnections(),
    restart: () => nucleus.restart({ keepTokens: true }),
    'restart with other tokens': () => nucleus.restart(),
    offline: () => nucleus.setOnline(false),
    online: () => nucleus.setOnline(true),
    'broker down': async () => {
      brokerDown ??= await faults.brokerDown();
    },
    'broker up': async () => {
      await brokerDown?.undo();
      brokerDown = undefined;
    },
    'lose subscriptions': () => {
      lost.push(faults.loseSubscriptions());
    },
    'find subscriptions': () => {
      for (const fault of lost.splice(0)) fault.undo();
    },
    'end subscriptions': () => {
      faults.terminateSubscriptions();
    },
    'end subscriptions after a message': () => {
      faults.terminateSubscriptions([EARLY]);
    },
    'spool full': () => keep('spool', () => faults.spoolFull()),
    'spool free': () => undo('spool'),
    'withhold publish': () => keep('publish', () => faults.withholdReply({ operation: 'publish' })),
    'release publish': () => undo('publish'),
    'withhold pubacks': () => keep('pubacks', () => faults.withholdPubacks()),
    'release pubacks': () => undo('pubacks'),
    'cut the next frame': () => {
      faults.killMidFrame();
    },
    'corrupt the next frame': () => {
      faults.corruptFrames(ONCE);
    },
    'frames in pieces': () => keep('split', () => faults.splitFrames(3)),
    'whole frames': () => undo('split'),
    'old nucleus': () => keep('old', () => faults.oldNucleus()),
    'no socket for a while': async () => unreachable(await faults.removeSocketFile()),
    'full backlog for a while': async () => unreachable(await faults.fullBacklog()),
    'drop while connecting': () => reconnectWith(faults.noConnectAck({ ...ONCE, onStrike: () => faults.killConnections() })),
    'hang while connecting': () => reconnectWith(faults.noConnectAck(ONCE)),
    'refuse to connect': () => reconnectWith(faults.refuseConnect(ONCE)),
    'drop after two messages': () => {
      faults.killAfterMessages(2);
    },
  };
  const armed: Readonly<Record<Arming, () => ArmedFault>> = {
    message: () => faults.messageBeforeReply(EARLY, ONCE),
    burst: () => faults.burstThenTerminate(BURST, ONCE),
    deny: () => faults.denySubscriptions(ONCE),
    'lose publish': () => faults.dropBeforeReply({ operation: 'publish', ...ONCE }),
    'hang publish': () => faults.noReply({ operation: 'publish', ...ONCE }),
    'lose subscribe': () => faults.dropBeforeReply({ operation: 'subscribe', ...ONCE }),
    'hang subscribe': () => faults.noReply({ operation: 'subscribe', ...ONCE }),
  };
  return {
    proxy,
    message: (topicName, payload) => nucleus.publish({ topicName, payload, qos: 1 }),
    inflict: what => inflicting[what](),
    arm: arming => {
      armed[arming]();
    },
    settle: quietSockets,
    advanceToNextTimer: () => time.advanceToNextTimer(),
    end: async () => {
      await proxy.close();
      await nucleus.stop();
    },
  };
}
