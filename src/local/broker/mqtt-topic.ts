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
