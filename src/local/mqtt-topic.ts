/**
 * Whether an MQTT broker delivers a topic to a filter (MQTT 3.1.1, 4.7): `+` is one level, a last `#` is the parent and all
 * below it, and a wildcard in the first level does not reach topics that begin with `$`.
 */
export function filterMatches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && (filter.startsWith('#') || filter.startsWith('+'))) return false;
  const levels = topic.split('/');
  const wanted = filter.split('/');
  for (let i = 0; i < wanted.length; i++) {
    const level = wanted[i];
    if (level === '#') return true;
    if (i >= levels.length) return false;
    if (level !== '+' && level !== levels[i]) return false;
  }
  return levels.length === wanted.length;
}

/**
 * Whether the classic nucleus hands a message that reached it to a subscription. It asks `MqttTopic.isSupersetOf`, which is not
 * MQTT's rule: `a/#` does not take `a`, a trailing slash is ignored, and wildcards take topics that begin with `$`.
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
function javaLevels(topic: string): string[] {
  const levels = topic.split('/');
  if (levels.length === 1) return levels;
  while (levels.length > 0 && levels[levels.length - 1] === '') levels.pop();
  return levels;
}

/** Whether a broker accepts a filter: `#` only as the last level, wildcards only as whole levels, no NUL. */
export function filterIsValid(filter: string): boolean {
  if (filter === '' || filter.includes('\0')) return false;
  const levels = filter.split('/');
  return levels.every((level, i) => {
    if (level === '#') return i === levels.length - 1;
    return level === '+' || !(level.includes('#') || level.includes('+'));
  });
}

/** Whether a broker accepts a topic to publish on. */
export function topicIsValid(topic: string): boolean {
  return topic !== '' && !/[#+\0]/.test(topic);
}
