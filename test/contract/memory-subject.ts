import { asyncScheduler, filter, map } from 'rxjs';
import type { Profile } from '../../src/ports/mqtt-proxy.js';
import { MemoryNucleus, type FaultName } from '../../src/testing/index.js';
import { topicMatches } from '../../src/topic/index.js';
import { record } from '../kit/streams/recorded.js';
import { ACCESS_CONTROL, type BreakingPoint, holds, type SubjectKind } from './subject.js';

const POINTS: Readonly<Record<BreakingPoint, FaultName>> = {
  'before the connection is accepted': 'drop before connect reply',
  'instead of the answer to a publish': 'drop before publish reply',
  'within the answer to a publish': 'cut frame',
  'instead of the answer to a subscribe': 'drop before subscribe reply',
  'within the answer to a subscribe': 'cut frame',
};

/** The proxy of the testing kit on its nucleus in memory, in real time. */
export function memorySubject(profile: Profile): SubjectKind {
  return {
    name: `a ${profile} nucleus in memory`,
    profile,
    start: () => {
      const nucleus = new MemoryNucleus({ scheduler: asyncScheduler, profile, accessControl: ACCESS_CONTROL });
      const proxy = nucleus.connect();
      return Promise.resolve({
        proxy,
        outside: {
          publish: (topicName, payload) => {
            nucleus.publish({ topicName, payload });
            return Promise.resolve();
          },
          subscribe: topicFilter =>
            Promise.resolve(
              record(
                nucleus.arrived$.pipe(
                  filter(({ topicName }) => topicMatches(topicFilter, topicName)),
                  map(({ topicName, payload }) => ({ topicName, payload })),
                ),
              ),
            ),
        },
        faults: {
          breakOnceAt: point => nucleus.inflict(POINTS[point]),
          breakNow: () => nucleus.inflict('drop connection'),
          breakWithinNext: () => nucleus.inflict('cut frame'),
          withhold: operation => {
            nucleus.inflict(`withhold ${operation}`);
            return () => nucleus.inflict(`release ${operation}`);
          },
          messageBeforeReply: (topicName, payload) => nucleus.inflict({ messageBeforeReply: { topicName, payload } }),
        },
        open: () => ({ connections: nucleus.connections, subscriptions: nucleus.subscriptions }),
        seen: () => ({
          disconnections: nucleus.events.filter(({ kind }) => kind === 'disconnected').length,
          publishes: nucleus.published.length,
        }),
        settled: fits => holds(fits, nucleus.event$),
        stop: () => proxy.close(),
      });
    },
  };
}
