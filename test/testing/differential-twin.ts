import type { Profile } from '../../src/ports/mqtt-proxy.js';
import { MemoryNucleus, type Fault } from '../../src/testing/index.js';
import { VirtualTime } from '../kit/time/virtual-time.js';
import { ACCESS_CONTROL, BURST, EARLY, RECONNECT, RECONNECT_AFTER, type Arming, type ScriptFault, type World } from './differential.js';

type Unreachable = 'no socket for a while' | 'full backlog for a while';

/** What has another name in the kit, or is more than one fault there. */
const FAULTS: Readonly<Record<Exclude<ScriptFault, Fault | Unreachable>, readonly Fault[]>> = {
  restart: ['kill nucleus', 'start nucleus'],
  'restart with other tokens': ['restart nucleus'],
  'end subscriptions after a message': [{ endSubscriptions: [EARLY] }],
  'cut the next frame': ['cut frame'],
  'corrupt the next frame': ['corrupt frame'],
  'frames in pieces': [{ splitFrames: 3 }],
  'whole frames': [{ splitFrames: Infinity }],
  'drop while connecting': ['drop before connect reply', 'drop connection'],
  'hang while connecting': ['hang connect', 'drop connection'],
  'refuse to connect': ['refuse connect', 'drop connection'],
  'drop after two messages': [{ dropAfterMessages: 2 }],
};
const UNREACHABLE: Readonly<Record<Unreachable, Fault>> = {
  'no socket for a while': 'remove socket',
  'full backlog for a while': 'fill backlog',
};
const ARMED: Readonly<Record<Arming, Fault>> = {
  message: { messageBeforeReply: EARLY },
  burst: { burstThenEnd: BURST },
  deny: 'deny subscription',
  'lose publish': 'drop before publish reply',
  'hang publish': 'hang publish',
  'lose subscribe': 'drop before subscribe reply',
  'hang subscribe': 'hang subscribe',
};

/** The nucleus in memory, in virtual time. */
export function twin(profile: Profile): World {
  const scheduler = new VirtualTime();
  const nucleus = new MemoryNucleus({ scheduler, profile, accessControl: ACCESS_CONTROL });
  const proxy = nucleus.connect({ reconnect: RECONNECT });
  return {
    proxy,
    message: (topicName, payload) => nucleus.publish({ topicName, payload }),
    inflict: word => {
      if (word === 'no socket for a while' || word === 'full backlog for a while') {
        nucleus.inflict(UNREACHABLE[word]);
        nucleus.inflict('drop connection');
        scheduler.advance(3 * RECONNECT_AFTER);
        nucleus.inflict('start nucleus');
      } else for (const fault of word in FAULTS ? FAULTS[word as keyof typeof FAULTS] : [word as Fault]) nucleus.inflict(fault);
    },
    arm: arming => nucleus.inflict(ARMED[arming]),
    settle: () => scheduler.advance(0),
    advanceToNextTimer: () => scheduler.advanceToNextTimer(),
    end: async () => {
      const closed = proxy.close();
      scheduler.advance(100);
      await closed;
    },
  };
}
