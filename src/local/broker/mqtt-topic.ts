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
