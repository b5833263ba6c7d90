import { quoted, topicFilterProblem } from './topic-rules.js';
import type { TopicPattern } from './topic-template.js';

/**
 * A filter whose messages the broker deals out among all subscriptions of the same group, on this device and on others: `$share/<group>/…`.
 * Of a {@link topicTemplate} it makes a pattern with the same parameters.
 *
 * For programs that connect to the broker themselves. A component gets no messages by it: both nuclei pass the subscription on, compare the topics
 * that arrive with the filter, prefix and all, find none that match, and drop what the broker has dealt to the device.
 *
 * @throws TypeError for a group that is empty or has `/`, `+` or `#`, and for a filter that is malformed or shared already.
 *
 * Source: MQTT 5 section 4.8.2; AWS IoT Core Developer Guide, "Shared subscriptions"; aws-greengrass-nucleus, `MqttClient.getMessageHandlerForClient`;
 * aws-greengrass-lite, `iotcored_mqtt_receive`.
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
