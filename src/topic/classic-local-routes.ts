import { javaLevels } from './classic-routes.js';

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

/** Whether the classic nucleus takes a local filter for one with a wildcard, and so leaves out a component's own messages where it does not say. */
export function isClassicLocalWildcard(filter: string): boolean {
  const levels = javaLevels(filter);
  return levels.includes('+') || levels[levels.length - 1] === '#';
}
