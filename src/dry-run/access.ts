import { createHash } from 'node:crypto';
import type { AccessControl, AccessControlPolicy } from '../recipe/policy/access-control.js';
import { filterCovers } from '../topic/filter-covers.js';
import type { Component } from '../component/component.js';
import type { DryRecord } from './record.js';
import { PUBLISH, SUBSCRIBE } from '../shared/operations.js';

/** The topics and filters a component needs, without those that another of them covers, sorted. */
export interface Access {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** The service of the policies. */
export const MQTT_PROXY = 'aws.greengrass.ipc.mqttproxy';

/** The operations, by what they are for. */
export const OPERATION: { readonly publish: typeof PUBLISH; readonly subscribe: typeof SUBSCRIBE } = {
  publish: PUBLISH,
  subscribe: SUBSCRIBE,
};

/** What a component was seen to need, and says that it needs. */
export const accessOf = (component: Pick<Component, 'publishes' | 'subscribes'>, record: DryRecord): Access => ({
  publish: least([
    ...component.publishes,
    ...record.stages.flatMap(({ declaration }) => declaration.topics ?? []),
    ...record.publishes.map(({ topicName }) => topicName),
    ...record.subscriptions.flatMap(({ canaryTopicName }) => canaryTopicName ?? []),
  ]),
  subscribe: least([...component.subscribes, ...record.subscriptions.map(({ filter }) => filter)]),
});

const least = (filters: readonly string[]): readonly string[] => {
  const all = [...new Set(filters)].sort();
  return all.filter(filter => !all.some(other => other !== filter && filterCovers(other, filter)));
};

/**
 * A topic or filter as a resource of a policy: `+` and `#` mean the same there, and what else would mean something is escaped.
 *
 * Source: AWS IoT Greengrass developer guide, "Authorize components to perform IPC operations", wildcards in authorization policies.
 */
export const resourceOf = (filter: string): string => filter.replace(/\$(?=\{)|[*?]/g, '${$&}');

/**
 * The least `accessControl` for it: one policy to publish, one to subscribe.
 *
 * A policy's id has a digest of what it allows. Configuration that is on a device wins over the defaults of a new recipe, so a policy that was changed
 * under its old id would not be in force; one under a new id is. The old one stays until a deployment resets `/accessControl`.
 */
export const accessControlOf = (componentName: string, access: Access): AccessControl => {
  const policies: Record<string, AccessControlPolicy> = {};
  for (const action of ['publish', 'subscribe'] as const) {
    const resources = access[action].map(resourceOf);
    if (resources.length === 0) continue;
    const digest = createHash('sha256').update(resources.join('\n')).digest('hex').slice(0, 8);
    policies[`${componentName}:mqttproxy:${action}-${digest}`] = {
      policyDescription: `Allows to ${action === 'publish' ? 'publish to' : 'subscribe to'} ${resources.length === 1 ? 'one topic or filter' : `${resources.length} topics and filters`}.`,
      operations: [OPERATION[action]],
      resources,
    };
  }
  return Object.keys(policies).length === 0 ? {} : { [MQTT_PROXY]: policies };
};
