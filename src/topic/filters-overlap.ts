import { effectiveFilter } from './topic-filter.js';

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
