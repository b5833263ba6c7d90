import { defaultMode } from '../client/local-topics.js';
import type { AccessControl } from '../recipe/policy/access-control.js';
import { lintPolicies } from '../recipe/policy/lint/lint-policies.js';
import { byKind, type PolicyFinding } from '../recipe/policy/lint/policy-finding.js';
import { readPolicies } from '../recipe/policy/read-policies.js';
import type { Profile } from '../shared/profile.js';
import { filtersOverlap } from '../topic/topic-matches.js';
import { parseSharedSubscription, topicFilterProblem } from '../topic/topic-rules.js';
import { type Access, accessControlOf, TOPIC_SERVICES, type TopicService } from './access.js';
import type { DryRecord, Finding } from './record.js';

/** Bytes of a filter on Greengrass Lite, its `$share/<group>/` included. */
const LITE_FILTER_BYTES = 256;
/**
 * Subscriptions of all components of a device on Greengrass Lite, and of one MQTT connection to AWS IoT Core, of which classic makes more.
 */
const LITE_SUBSCRIPTIONS = 100;

/** Topics that MQTT, AWS IoT Core or a nucleus does not take, and policies that do not allow what they are to allow. */
export function checkTopics(componentName: string, access: Access, { news }: Pick<DryRecord, 'news'>): readonly Finding[] {
  return [
    ...[...access.subscribe, ...access.publish].flatMap(malformed),
    ...[...access.local.subscribe, ...access.local.publish]
      .filter(topic => Buffer.byteLength(topic) > LITE_FILTER_BYTES)
      .map(localTooLongForLite),
    ...access.subscribe.filter(filter => Buffer.byteLength(filter) > LITE_FILTER_BYTES).map(tooLongForLite),
    ...access.subscribe.filter(filter => parseSharedSubscription(filter) !== undefined).map(sharedInVain),
    ...tooMany(access, news.filter(({ kind }) => kind === 'configuration').length),
    ...policies(componentName, access),
  ];
}

function malformed(filter: string): readonly Finding[] {
  const problem = topicFilterProblem(filter);
  return problem === undefined ? [] : [{ severity: 'error', about: 'topics', message: problem }];
}

function tooLongForLite(filter: string): Finding {
  return {
    severity: 'warning',
    about: 'topics',
    message: `The filter ${JSON.stringify(filter)} has ${Buffer.byteLength(filter)} bytes; Greengrass Lite takes at most ${LITE_FILTER_BYTES}, the $share/<group>/ included.`,
  };
}

function localTooLongForLite(topic: string): Finding {
  return {
    severity: 'warning',
    about: 'topics',
    message: `The local topic ${JSON.stringify(topic)} has ${Buffer.byteLength(topic)} bytes; Greengrass Lite takes at most ${LITE_FILTER_BYTES}.`,
  };
}

function sharedInVain(filter: string): Finding {
  return {
    severity: 'warning',
    about: 'topics',
    message: `The shared subscription ${JSON.stringify(filter)} gets no messages: the nucleus compares their topics with the filter, $share and all, and drops what the broker has dealt to the device. Give each core a topic of its own.`,
  };
}

/** On Lite a configuration that is followed takes up one of the subscriptions. Updates and validation take none: Lite knows neither. */
function tooMany({ subscribe, local }: Access, configurations: number): readonly Finding[] {
  const subscriptions = subscribe.length + local.subscribe.length + configurations;
  return subscriptions <= LITE_SUBSCRIPTIONS
    ? []
    : [
        {
          severity: 'warning',
          about: 'quotas',
          message: `It has ${subscriptions} subscriptions, those to local topics and configurations among them; Greengrass Lite has room for ${LITE_SUBSCRIPTIONS} of all components of a device. Use wider filters, and tell the topics apart with a template.`,
        },
      ];
}

/** What each profile's own reading of the policies makes of the topics they were made for, and what the linter has to say of them. */
function policies(name: string, access: Access): readonly Finding[] {
  const accessControl = accessControlOf(name, access);
  return [
    ...(['classic', 'lite'] as const).flatMap(profile =>
      TOPIC_SERVICES.flatMap(topics => unenforceable(profile, name, topics, access, accessControl)),
    ),
    // Of local topics a wildcard is meant as text here: it is the filter that the component asks for.
    ...linted(lintPolicies([{ name, accessControl }]).filter(({ rule }) => rule !== 'plain-wildcard')),
  ];
}

function unenforceable(
  profile: Profile,
  name: string,
  { service, operations, of: accessOf }: TopicService,
  access: Access,
  accessControl: AccessControl,
): readonly Finding[] {
  const device = { componentName: name, componentVersion: '1.0.0', configuration: {}, thingName: '', rootPath: '' };
  const { authorize } = readPolicies(profile, accessControl, device, service);
  const needed = accessOf(access);
  return (['publish', 'subscribe'] as const).flatMap(action =>
    needed[action]
      .filter(filter => !authorize(operations[action], filter))
      .map(filter => ({
        severity: 'warning',
        about: 'policies',
        message: `No policy can allow to ${action === 'publish' ? 'publish to' : 'subscribe to'} ${JSON.stringify(filter)} on ${profile}. Use a topic without "?", "*", "{" and "}".`,
      })),
  );
}

function linted(findings: readonly PolicyFinding[]): readonly Finding[] {
  return byKind(findings).map(({ first, others }) => {
    const more = others.length === 0 ? '' : ` (And ${others.length} more of this kind.)`;
    return { severity: first.severity, about: 'policies', message: `${sentence(first.message)} ${sentence(first.remedy)}${more}` };
  });
}

function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}

/**
 * Where the component feeds its own input: what it publishes comes back to it, through the cloud or, where it asks for its own messages
 * too, on a local topic. A canary is meant to.
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
