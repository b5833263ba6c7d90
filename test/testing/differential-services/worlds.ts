import { asyncScheduler } from 'rxjs';
import { connectNucleus } from '../../../src/client/connect.js';
import { startLocalNucleus, type NucleusEvent } from '../../../src/local/index.js';
import type { Profile } from '../../../src/ports/mqtt-proxy.js';
import { schedulerClock } from '../../../src/schedule/clock.js';
import { recipeOf } from '../../kit/component/recipe-of.js';
import { MemoryNucleus } from '../../../src/testing/index.js';
import { quietSockets } from '../../kit/nucleus/quiet-sockets.js';
import { VirtualTime } from '../../kit/time/virtual-time.js';
import { ACCESS_CONTROL, COMPONENT, CONFIG, RECONNECT, type ScriptFault, type World } from './services.js';

/** A real nucleus keeps the time of day at which a configuration was written: what the client writes has to be later than a deployment. */
const LATER = 24 * 60 * 60 * 1000;

/** The nucleus in memory, in virtual time. */
export function twin(profile: Profile): World {
  const scheduler = new VirtualTime();
  const memory = new MemoryNucleus({ scheduler, profile, accessControl: ACCESS_CONTROL, configuration: { config: CONFIG } });
  const nucleus = memory.connectNucleus({ reconnect: RECONNECT });
  let seen = 0;
  let announced = 0;
  return {
    nucleus,
    events: () => {
      const { events } = memory;
      const news = events.slice(seen);
      seen = events.length;
      return news;
    },
    neighbour: request => memory.publishLocal(request),
    deploy: config => memory.configure({ config }),
    announce: () => memory.announceUpdate(`deployment ${++announced}`),
    inflict: fault => memory.inflict(fault),
    pass: milliseconds => pass(scheduler, milliseconds, promises),
    end: async () => {
      const closed = nucleus.close();
      scheduler.advance(100);
      await closed;
    },
  };
}

/** The local nucleus, over its socket. Only the timers are virtual, of both sides. */
export async function overASocket(profile: Profile): Promise<World> {
  const time = new VirtualTime();
  const begun = asyncScheduler.now() + LATER;
  time.now = () => begun + time.frame;
  const recipe = recipeOf(COMPONENT, { accessControl: ACCESS_CONTROL, config: CONFIG });
  const local = await startLocalNucleus({
    profile,
    components: [{ recipe }],
    clock: schedulerClock(time),
  });
  const nucleus = connectNucleus({
    refusalPatience: 0,
    socketPath: local.socketPath,
    authToken: local.authToken(COMPONENT),
    profile,
    transport: 'socket',
    reconnect: RECONNECT,
    scheduler: time,
  });
  const { faults } = local;
  let news: NucleusEvent[] = [];
  local.observe(event => {
    news.push(event);
  });
  /** What the neighbour publishes is not to be struck in the place of what the component does. */
  const scope = { times: 1, component: COMPONENT };
  const scoped: Partial<Record<ScriptFault, () => unknown>> = {
    'hang local publish': () => faults.noReply({ operation: 'localPublish', ...scope }),
    'drop before local publish reply': () => faults.dropBeforeReply({ operation: 'localPublish', ...scope }),
  };
  return {
    nucleus,
    events: () => {
      const all = news;
      news = [];
      return all;
    },
    neighbour: async request => {
      local.publishLocal(request);
      await quietSockets();
    },
    deploy: config => void local.deploy({ recipe, configurationUpdate: { reset: ['/config'], merge: { config } } }),
    // What it comes to is not waited for: one that was deferred waits until the end.
    announce: () => void local.rollOut([], { notifyComponents: true }),
    inflict: async fault => {
      const strike = scoped[fault];
      if (strike === undefined) await faults.inflict(fault);
      else strike();
    },
    pass: milliseconds => pass(time, milliseconds, quietSockets),
    end: async () => {
      await nucleus.close();
      await local.stop();
    },
  };
}

/** Goes from timer to timer, and lets all happen that each of them sets off. */
async function pass(time: VirtualTime, milliseconds: number, settle: () => Promise<void>): Promise<void> {
  const end = time.frame + milliseconds;
  await settle();
  while (time.next !== undefined && time.next <= end) {
    time.advanceToNextTimer();
    await settle();
  }
  time.advance(end - time.frame);
  await settle();
}

/** What promises bring. */
function promises(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}
