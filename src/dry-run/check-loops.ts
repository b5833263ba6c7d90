import { filtersOverlap } from '../topic/filters-overlap.js';
import type { Access } from './access.js';
import type { Finding } from './finding.js';
import type { RecordedSubscription } from './recording-proxy.js';

/** Where the component feeds its own input: what it publishes comes back to it through the cloud. A canary is meant to. */
export const checkLoops = (access: Access, subscriptions: readonly RecordedSubscription[]): readonly Finding[] => {
  const canaries = new Set(subscriptions.flatMap(({ canaryTopicName }) => canaryTopicName ?? []));
  return access.publish
    .filter(topic => !canaries.has(topic))
    .flatMap(topic =>
      access.subscribe
        .filter(filter => filtersOverlap(topic, filter))
        .map(filter => ({
          severity: 'warning',
          about: 'loops',
          message: `It publishes to ${JSON.stringify(topic)} and subscribes to ${JSON.stringify(filter)}: a message it publishes can come back to it, and be the cause of the next. Use topics that do not overlap.`,
        })),
    );
};
