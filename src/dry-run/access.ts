import { createHash } from 'node:crypto';
import type { Component } from '../component/component.js';
import {
  type AccessControl,
  type AccessControlPolicy,
  MQTT_PROXY_SERVICE,
  POLICY_SERVICE,
  type PolicyService,
  PUBSUB_SERVICE,
} from '../recipe/policy/access-control.js';
import { PUBLISH_TO_TOPIC } from '../shared/operations.js';
import { filterCovers } from '../topic/topic-matches.js';
import { coreThingName } from '../client/shadow.js';
import type { DryRecord } from './record.js';
import type { RecordedStage } from './recording-nucleus.js';

/** Topics and filters, without those that another of them covers, sorted. */
export interface TopicAccess {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** What a component needs: topics of AWS IoT Core, and topics between the components of its device. */
export interface Access extends TopicAccess {
  readonly local: TopicAccess;
}

/** One service of the nucleus that has policies: what it calls them, and how they say what may be done. */
export interface TopicService {
  readonly service: PolicyService;
  /** In the ids of policies. */
  readonly shortName: string;
  /** What it calls a topic or filter, and several. */
  readonly words: readonly [one: string, several: string];
  readonly operations: Readonly<Record<keyof TopicAccess, string>>;
  /** A topic or filter as the resources that allow it. */
  readonly resources: Readonly<Record<keyof TopicAccess, (filter: string) => readonly string[]>>;
  readonly of: (access: Access) => TopicAccess;
}

/**
 * A topic or filter as a resource of a policy of the MQTT proxy: `+` and `#` mean the same there, and other characters with a meaning are
 * escaped.
 *
 * Source: AWS IoT Greengrass developer guide, "Authorize components to perform IPC operations", wildcards in authorization policies.
 */
export function resourceOf(filter: string): string {
  return filter.replace(/\$(?=\{)|[*?]/g, '${$&}');
}

/**
 * The topics of a filter as resources of a policy for local topics, where `*` is the only wildcard and takes slashes, too: `+` becomes `*`,
 * and `a/#` becomes `a/*` and `a` itself.
 */
export function localTopicsOf(filter: string): readonly string[] {
  const levels = filter.split('/');
  const written = levels.map(level => (level === '+' || level === '#' ? '*' : resourceOf(level))).join('/');
  return levels.length > 1 && levels.at(-1) === '#' ? [written.slice(0, -2), written] : [written];
}

/** The services of topics. To subscribe to local topics a policy has the filter as it stands: its wildcards are text there. */
export const TOPIC_SERVICES: readonly TopicService[] = [
  {
    service: MQTT_PROXY_SERVICE,
    ...POLICY_SERVICE[MQTT_PROXY_SERVICE],
    words: ['topic or filter', 'topics and filters'],
    resources: { publish: filter => [resourceOf(filter)], subscribe: filter => [resourceOf(filter)] },
    of: access => access,
  },
  {
    service: PUBSUB_SERVICE,
    ...POLICY_SERVICE[PUBSUB_SERVICE],
    words: ['local topic or filter', 'local topics and filters'],
    resources: { publish: localTopicsOf, subscribe: filter => [resourceOf(filter)] },
    of: ({ local }) => local,
  },
];

/** Whether a stage publishes to other components of the device, and not to AWS IoT Core. */
export function isLocalStage({ declaration }: RecordedStage): boolean {
  return declaration.operation === PUBLISH_TO_TOPIC;
}

/** Where these stages declare that they publish. What is stored is published by a forwarder. */
export function topicsOf(stages: readonly RecordedStage[]): readonly string[] {
  return stages.flatMap(({ kind, declaration }) => (kind === 'storeIn' ? [] : (declaration.topics ?? [])));
}

/** What a component needs: what it was seen to use, and what it declares. */
export function accessOf(
  component: Pick<Component, 'publishes' | 'subscribes' | 'localPublishes' | 'localSubscribes'>,
  record: DryRecord,
): Access {
  const { stages } = record;
  return {
    publish: least(
      onAnyDevice([
        ...component.publishes,
        ...topicsOf(stages.filter(stage => !isLocalStage(stage))),
        ...record.publishes.map(({ topicName }) => topicName),
        ...record.subscriptions.flatMap(({ canaryTopicName }) => canaryTopicName ?? []),
      ]),
    ),
    subscribe: least(
      onAnyDevice([
        ...component.subscribes,
        ...record.subscriptions.map(({ filter }) => filter),
        ...stages.flatMap(({ declaration }) => declaration.subscribes ?? []),
      ]),
    ),
    local: {
      publish: least([
        ...component.localPublishes,
        ...topicsOf(stages.filter(isLocalStage)),
        ...record.localPublishes.map(({ topic }) => topic),
        ...record.localSubscriptions.flatMap(({ canaryTopicName }) => canaryTopicName ?? []),
      ]),
      // A policy allows the filter that is asked for, and no narrower one.
      subscribe: sorted([...component.localSubscribes, ...record.localSubscriptions.map(({ filter }) => filter)]),
    },
  };
}

/**
 * Topics with those of the core device's thing as they are on any device: one recipe is for many. The nucleus takes `{iot:thingName}` in a
 * policy only where it is told to, so the level is open; the IoT policy of the device says which thing it may speak for.
 */
function onAnyDevice(filters: readonly string[]): readonly string[] {
  const own = `$aws/things/${coreThingName()}/`;
  return filters.map(filter => (filter.startsWith(own) ? `$aws/things/+/${filter.slice(own.length)}` : filter));
}

function sorted(filters: readonly string[]): readonly string[] {
  return [...new Set(filters)].sort();
}

function least(filters: readonly string[]): readonly string[] {
  const all = sorted(filters);
  return all.filter(filter => !all.some(other => other !== filter && filterCovers(other, filter)));
}

/**
 * The least `accessControl` for it: of each service one policy to publish, one to subscribe.
 *
 * A policy's id has a digest of what it allows. Configuration that is on a device wins over the defaults of a new recipe, so a policy that
 * was changed under its old id would not be in force; one under a new id is. The old one stays until a deployment resets `/accessControl`.
 */
export function accessControlOf(componentName: string, access: Access): AccessControl {
  return Object.fromEntries(
    TOPIC_SERVICES.flatMap(topics => {
      const policies = policiesOf(componentName, topics, topics.of(access));
      return Object.keys(policies).length === 0 ? [] : [[topics.service, policies] as const];
    }),
  );
}

function policiesOf(
  componentName: string,
  { shortName, words: [one, several], operations, resources: resourcesOf }: TopicService,
  access: TopicAccess,
): Readonly<Record<string, AccessControlPolicy>> {
  const policies: Record<string, AccessControlPolicy> = {};
  for (const action of ['publish', 'subscribe'] as const) {
    const resources = [...new Set(access[action].flatMap(resourcesOf[action]))];
    if (resources.length === 0) continue;
    const digest = createHash('sha256').update(resources.join('\n')).digest('hex').slice(0, 8);
    const { length } = access[action];
    const what = length === 1 ? `one ${one}` : `${length} ${several}`;
    policies[`${componentName}:${shortName}:${action}-${digest}`] = {
      policyDescription: `Allows to ${action === 'publish' ? 'publish to' : 'subscribe to'} ${what}.`,
      operations: [operations[action]],
      resources,
    };
  }
  return policies;
}
