import { effectiveFilter } from './topic-rules.js';

function endOfLevel(text: string, start: number): number {
  const slash = text.indexOf('/', start);
  return slash === -1 ? text.length : slash;
}

/** Whether the level that begins at `f` in the filter and the one at `t` in the topic name allow the same text. */
function levelMatches(filter: string, f: number, fEnd: number, topicName: string, t: number, tEnd: number): boolean {
  if (fEnd - f === 1 && filter[f] === '+') return true;
  return fEnd - f === tEnd - t && filter.startsWith(topicName.slice(t, tEnd), f);
}

/**
 * Whether a message on `topicName` belongs to a subscription to `topicFilter`, as MQTT brokers decide it: `a/#` includes
 * `a`, empty levels count, and a filter that begins with a wildcard leaves out the topics that begin with `$`. Of a shared
 * subscription the part after `$share/<group>/` counts.
 *
 * Both nuclei deviate from this in what they route and allow. It does not check whether the arguments are well formed: see
 * `topicFilterProblem` and `publishTopicProblem`.
 *
 * Source: MQTT 3.1.1 section 4.7.
 *
 * @example
 * ```ts
 * import { topicMatches } from 'greengrass-rx';
 *
 * console.log(topicMatches('plant/+/temperature', 'plant/7/temperature')); // true
 * console.log(topicMatches('#', '$aws/things/gauge/shadow/update')); // false
 * ```
 */
export function topicMatches(topicFilter: string, topicName: string): boolean {
  return filterMatches(effectiveFilter(topicFilter), topicName);
}

/** {@link topicMatches}, but a `$share/…` is not taken off the filter. */
export function filterMatches(filter: string, topicName: string): boolean {
  if (topicName.startsWith('$') && (filter.startsWith('+') || filter.startsWith('#'))) return false;
  let f = 0;
  let t = 0;
  for (;;) {
    if (filter[f] === '#' && f === filter.length - 1) return true;
    const fEnd = endOfLevel(filter, f);
    const tEnd = endOfLevel(topicName, t);
    if (!levelMatches(filter, f, fEnd, topicName, t, tEnd)) return false;
    if (tEnd === topicName.length) return fEnd === filter.length || (fEnd === filter.length - 2 && filter.endsWith('/#'));
    if (fEnd === filter.length) return false;
    f = fEnd + 1;
    t = tEnd + 1;
  }
}

/**
 * Whether `wide` matches every topic that `narrow` matches, by MQTT's rule: `a/#` covers `a`, `a/+` and `a/b/#`. A shared subscription is
 * covered only by itself, since a policy names it as it is written.
 *
 * Source: MQTT 3.1.1 section 4.7.
 */
export function filterCovers(wide: string, narrow: string): boolean {
  if (wide === narrow) return true;
  if (isApart(wide) || isApart(narrow)) return false;
  const [wides, narrows] = [wide.split('/'), narrow.split('/')];
  for (const [i, level] of wides.entries()) {
    if (level === '#') return true;
    const other = narrows[i];
    // `a/#` is also `a`: where the narrow one has ended, only a last # may be left.
    if (other === undefined || other === '#' || (level !== '+' && level !== other)) return false;
    if (i === narrows.length - 1 && wides.length === narrows.length + 1 && wides[i + 1] === '#') return true;
  }
  return wides.length === narrows.length;
}

/** A wildcard at the beginning matches no topic that begins with `$`, and a shared subscription is covered only by itself. */
function isApart(filter: string): boolean {
  return filter.startsWith('$');
}

/**
 * Whether there is a topic that both filters match. Of a shared subscription the part after `$share/<group>/` counts.
 *
 * Source: MQTT 3.1.1 section 4.7.
 */
export function filtersOverlap(one: string, other: string): boolean {
  const [ones, others] = [effectiveFilter(one).split('/'), effectiveFilter(other).split('/')];
  // A wildcard at the beginning matches no topic that begins with $.
  if (startsApart(ones, others) || startsApart(others, ones)) return false;
  return overlap(ones, others);
}

function startsApart([first = '']: readonly string[], [other = '']: readonly string[]): boolean {
  return first.startsWith('$') && isWildcard(other);
}

function overlap(ones: readonly string[], others: readonly string[]): boolean {
  for (let i = 0; ; i++) {
    const [one, other] = [ones[i], others[i]];
    // `a/#` is also `a`, so # matches where the other has ended.
    if (one === '#' || other === '#') return true;
    if (one === undefined || other === undefined) return one === other;
    if (one !== other && one !== '+' && other !== '+') return false;
  }
}

function isWildcard(level: string): boolean {
  return level === '+' || level === '#';
}

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
 * Whether the classic nucleus hands a local message to a subscription of a local topic. Unlike MQTT: `a/#` does not take `a`, empty levels
 * at the end do not count, wildcards take topics that begin with `$`, and a `#` that is not last is one level.
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
