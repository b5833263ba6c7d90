import { effectiveFilter } from './topic-filter.js';

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
 * Both nuclei deviate from this in what they route and allow; this is not their rule. Whether the arguments are well
 * formed is for `topicFilterProblem` and `publishTopicProblem` to say.
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

/** {@link topicMatches} of a filter that is taken as it stands, `$share` or not. */
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
