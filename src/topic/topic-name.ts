import { topicLimitProblem } from './iot-core-limits.js';
import { mqttStringProblem, quoted } from './mqtt-string.js';

const WILDCARD = /[+#]/;

/**
 * What is wrong with `topicName` as a topic to publish to, as a sentence that says what to do, or `undefined` where
 * nothing is. To be asked before anything is sent: Greengrass Lite accepts such a publish, and the broker then drops
 * the connection of the whole device.
 *
 * Empty levels (`a//b`) and spaces are permitted, as in MQTT. The limits are those of {@link TOPIC_LIMITS}.
 *
 * Source: MQTT 3.1.1 sections 1.5.3, 3.3.2.1 and 4.7; AWS IoT Core message broker limits.
 *
 * @example
 * ```ts
 * import { publishTopicProblem } from 'greengrass-rx/topic';
 *
 * console.log(publishTopicProblem('plant/7/temperature')); // undefined
 * console.log(publishTopicProblem('plant/+/temperature')); // The topic name "plant/+/temperature" contains a wildcard …
 * ```
 */
export function publishTopicProblem(topicName: string): string | undefined {
  const malformed = mqttStringProblem(topicName);
  if (malformed !== undefined)
    return `The topic name ${quoted(topicName)} ${malformed}. Publish to a name of one or more characters of valid Unicode.`;
  if (WILDCARD.test(topicName)) {
    return `The topic name ${quoted(topicName)} contains a wildcard, + or #. Publish to one topic at a time; wildcards are for subscriptions.`;
  }
  const tooLarge = topicLimitProblem(topicName);
  if (tooLarge !== undefined) return `The topic name ${quoted(topicName)} ${tooLarge}. Use a shorter name.`;
  return undefined;
}
