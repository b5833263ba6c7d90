/**
 * Whether the classic nucleus hands a message that has reached it to a subscription. It asks `MqttTopic.isSupersetOf`, which is not MQTT's
 * rule ({@link topicMatches}): `a/#` does not take `a`, a trailing slash is ignored, and wildcards take topics that begin with `$`. A
 * message must match by both rules: the broker's on its way to the device, and this one inside it. Greengrass Lite keeps to MQTT's rule.
 *
 * Source: aws-greengrass-nucleus, `com.aws.greengrass.mqttclient.MqttTopic` and `MqttClient`.
 *
 * @example
 * ```ts
 * import { topicMatches } from 'greengrass-rx';
 * import { classicRoutes } from 'greengrass-rx/topic';
 *
 * console.log(topicMatches('plant/#', 'plant'), classicRoutes('plant/#', 'plant')); // true false
 * console.log(topicMatches('plant/+', 'plant/7/'), classicRoutes('plant/+', 'plant/7/')); // false true
 * ```
 */
export function classicRoutes(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  const wanted = javaLevels(filter);
  const levels = javaLevels(topic);
  const common = Math.min(wanted.length, levels.length);
  for (let i = 0; i < common; i++) {
    const level = wanted[i];
    if (level === '#') return true;
    if (level !== '+' && level !== levels[i]) return false;
  }
  return wanted.length === levels.length;
}

/** Levels as Java's `String.split` gives them: without the empty ones at the end. */
export function javaLevels(topic: string): string[] {
  const levels = topic.split('/');
  if (levels.length === 1) return levels;
  while (levels.length > 0 && levels[levels.length - 1] === '') levels.pop();
  return levels;
}

/**
 * Whether the classic nucleus hands a local message to a subscription of a local topic. Unlike MQTT: `a/#` does not take `a`, empty levels at the
 * end do not count, wildcards take topics that begin with `$`, and a `#` that is not last is one level.
 *
 * Source: aws-greengrass-nucleus, `SubscriptionTrie`.
 */
export function classicLocalRoutes(filter: string, topic: string): boolean {
  const wanted = javaLevels(filter);
  const levels = javaLevels(topic);
  if (wanted.length > levels.length || wanted.length === 0) return false;
  if (wanted.length < levels.length && wanted[wanted.length - 1] !== '#') return false;
  return wanted.every((level, i) => level === '+' || level === '#' || level === levels[i]);
}

/**
 * Whether a local filter has a wildcard for the classic nucleus, which then leaves out the component's own messages where the request does
 * not say.
 */
export function isClassicLocalWildcard(filter: string): boolean {
  const levels = javaLevels(filter);
  return levels.includes('+') || levels[levels.length - 1] === '#';
}
