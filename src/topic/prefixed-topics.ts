import { publishTopicProblem, quoted, topicFilterProblem } from './topic-rules.js';
import type { TopicPattern } from './topic-template.js';

/** What a topic `$aws/rules/<rule>/<topic>` is made of. */
export interface BasicIngest {
  readonly ruleName: string;
  readonly topicName: string;
}

const RULE_NAME = /^[A-Za-z0-9_]{1,128}$/;

/**
 * The topic that brings a message straight to one AWS IoT rule: `$aws/rules/<rule>/<topic>`. The message bypasses the message broker, so it
 * costs no messaging and reaches no subscriber. In the rule, `topic()` gives the name without the prefix, and the prefix does not count
 * towards the limits.
 *
 * @throws TypeError for a name that no rule can have, and for a topic that cannot be published to.
 *
 * Source: AWS IoT Core Developer Guide, "Reducing messaging costs with Basic Ingest"; API reference, `CreateTopicRule`.
 *
 * @example
 * ```ts
 * import { basicIngest, topicTemplate } from 'greengrass-rx';
 *
 * const temperature = topicTemplate('plant/{line}/temperature');
 * console.log(basicIngest('StoreReadings', temperature.build({ line: 7 }))); // $aws/rules/StoreReadings/plant/7/temperature
 * ```
 */
export function basicIngest(ruleName: string, topicName: string): string {
  if (!RULE_NAME.test(ruleName)) throw new TypeError(`The rule name ${quoted(ruleName)} must be 1 to 128 letters, digits and _.`);
  if (topicName.startsWith('$'))
    throw new TypeError(`The topic name ${quoted(topicName)} begins with $. Give the topic that the rule is to see, such as plant/7.`);
  const topic = `$aws/rules/${ruleName}/${topicName}`;
  const problem = publishTopicProblem(topicName) ?? publishTopicProblem(topic);
  if (problem !== undefined) throw new TypeError(problem);
  return topic;
}

/**
 * What a Basic Ingest topic is made of, or `undefined` for any other topic.
 *
 * @example
 * ```ts
 * import { parseBasicIngest } from 'greengrass-rx/topic';
 *
 * console.log(parseBasicIngest('$aws/rules/StoreReadings/plant/7')); // { ruleName: 'StoreReadings', topicName: 'plant/7' }
 * ```
 */
export function parseBasicIngest(topic: string): BasicIngest | undefined {
  const [, ruleName, topicName] = /^\$aws\/rules\/([A-Za-z0-9_]{1,128})\/(.+)$/s.exec(topic) ?? [];
  return ruleName === undefined || topicName === undefined ? undefined : { ruleName, topicName };
}

/**
 * A filter whose messages the broker deals out among all subscriptions of the same group, on this device and on others: `$share/<group>/…`.
 * A {@link topicTemplate} becomes a pattern with the same parameters.
 *
 * For programs that connect to the broker themselves. A component gets no messages this way: both nuclei pass the subscription on, but
 * compare the topics of arriving messages with the whole filter, prefix included, find no match, and drop what the broker has dealt to the
 * device.
 *
 * @throws TypeError for a group that is empty or contains `/`, `+` or `#`, and for a filter that is malformed or is shared already.
 *
 * Source: MQTT 5 section 4.8.2; AWS IoT Core Developer Guide, "Shared subscriptions"; aws-greengrass-nucleus,
 * `MqttClient.getMessageHandlerForClient`; aws-greengrass-lite, `iotcored_mqtt_receive`.
 *
 * @example
 * ```ts
 * import { topicTemplate } from 'greengrass-rx';
 * import { sharedSubscription } from 'greengrass-rx/topic';
 *
 * console.log(sharedSubscription('workers', 'jobs/+')); // $share/workers/jobs/+
 * const jobs = sharedSubscription('workers', topicTemplate('jobs/{id}'));
 * console.log(jobs.filter, jobs.match('jobs/17')); // $share/workers/jobs/+ { id: '17' }
 * ```
 */
export function sharedSubscription(group: string, topicFilter: string): string;
export function sharedSubscription<P>(group: string, pattern: TopicPattern<P>): TopicPattern<P>;
export function sharedSubscription<P>(group: string, topic: string | TopicPattern<P>): string | TopicPattern<P> {
  if (typeof topic !== 'string') return { filter: sharedSubscription(group, topic.filter), match: topic.match };
  if (group === '' || /[/+#\0]/.test(group))
    throw new TypeError(`The group ${quoted(group)} of a shared subscription must be one level without a wildcard.`);
  if (topic.startsWith('$share/')) throw new TypeError(`The topic filter ${quoted(topic)} is a shared subscription already.`);
  const shared = `$share/${group}/${topic}`;
  const problem = topicFilterProblem(shared);
  if (problem !== undefined) throw new TypeError(problem);
  return shared;
}
