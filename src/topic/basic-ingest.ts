import { publishTopicProblem, quoted } from './topic-rules.js';

/** What a topic `$aws/rules/<rule>/<topic>` is made of. */
export interface BasicIngest {
  readonly ruleName: string;
  readonly topicName: string;
}

const RULE_NAME = /^[A-Za-z0-9_]{1,128}$/;

/**
 * The topic that brings a message straight to one AWS IoT rule: `$aws/rules/<rule>/<topic>`. It passes the message broker by, so it costs
 * no messaging and reaches no subscriber. In the rule `topic()` gives the name without the prefix, which does not count towards the limits.
 *
 * @throws TypeError for a name that no rule has, and for a topic that cannot be published to.
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
