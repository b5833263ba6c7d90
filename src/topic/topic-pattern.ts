/**
 * Something to subscribe to that knows what its topics mean: a {@link topicTemplate}, or a `sharedSubscription` to one.
 *
 * @typeParam P What a topic name says, such as `{ readonly line: string }`.
 */
export interface TopicPattern<out P> {
  /** What the nucleus is asked for: the filter, with `+` and `#`. */
  readonly filter: string;
  /** What a topic name says, or `undefined` where it is not one of these topics. By MQTT's rule, as {@link topicMatches}. */
  readonly match: (topicName: string) => P | undefined;
}

/**
 * The filter of a topic name, a filter or a pattern: what goes to the nucleus, and into a policy.
 *
 * @example
 * ```ts
 * import { topicFilterOf, topicTemplate } from 'greengrass-rx';
 *
 * console.log(topicFilterOf(topicTemplate('plant/{line}/temperature'))); // plant/+/temperature
 * console.log(topicFilterOf('plant/7/temperature')); // plant/7/temperature
 * ```
 */
export function topicFilterOf(topic: string | TopicPattern<unknown>): string {
  return isTopicPattern(topic) ? topic.filter : topic;
}

/** Anything that is no object is left to be refused as a topic: callers in JavaScript have no compiler to tell them. */
export function isTopicPattern(topic: string | TopicPattern<unknown>): topic is TopicPattern<unknown> {
  return typeof topic === 'object' && (topic as unknown) !== null;
}
