import { defaultMode } from '../client/local-topics.js';
import { filtersOverlap } from '../topic/topic-matches.js';
import type { Access } from './access.js';
import type { Finding } from './finding.js';
import type { DryRecord } from './record.js';

/**
 * Where the component feeds its own input: what it publishes comes back to it, through the cloud or, where it asks for its own messages too, on a local
 * topic. A canary is meant to.
 */
export function checkLoops(
  access: Access,
  { subscriptions, localSubscriptions }: Pick<DryRecord, 'subscriptions' | 'localSubscriptions'>,
): readonly Finding[] {
  return [
    ...loops(
      access.publish,
      access.subscribe,
      subscriptions.flatMap(({ canaryTopicName }) => canaryTopicName ?? []),
      'Use topics that do not overlap.',
    ),
    ...loops(
      access.local.publish,
      localSubscriptions
        .filter(({ filter, receiveMode = defaultMode(filter) }) => receiveMode === 'RECEIVE_ALL_MESSAGES')
        .map(({ filter }) => filter),
      localSubscriptions.flatMap(({ canaryTopicName }) => canaryTopicName ?? []),
      "Use local topics that do not overlap, or receiveMode: 'RECEIVE_MESSAGES_FROM_OTHERS'.",
    ),
  ];
}

function loops(topics: readonly string[], filters: readonly string[], canaries: readonly string[], remedy: string): readonly Finding[] {
  return topics
    .filter(topic => !canaries.includes(topic))
    .flatMap(topic =>
      [...new Set(filters)]
        .filter(filter => filtersOverlap(topic, filter))
        .map(filter => ({
          severity: 'warning',
          about: 'loops',
          message: `It publishes to ${JSON.stringify(topic)} and subscribes to ${JSON.stringify(filter)}: a message it publishes can come back to it, and be the cause of the next. ${remedy}`,
        })),
    );
}
