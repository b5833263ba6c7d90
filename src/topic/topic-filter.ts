import { topicLimitProblem } from './iot-core-limits.js';
import { mqttStringProblem, quoted } from './mqtt-string.js';
import { parseSharedSubscription } from './parse-shared-subscription.js';

const SHARE = '$share/';

/** The filter that decides which topics match: without `$share/<group>/`. */
export function effectiveFilter(topicFilter: string): string {
  return parseSharedSubscription(topicFilter)?.filter ?? topicFilter;
}

function wildcardProblem(filter: string): string | undefined {
  const levels = filter.split('/');
  const broken = levels.find(level => level.length > 1 && (level.includes('+') || level.includes('#')));
  if (broken !== undefined)
    return `has the level ${quoted(broken)}, where a wildcard is only part of the level. Let + or # stand alone between slashes`;
  const hash = levels.indexOf('#');
  if (hash !== -1 && hash < levels.length - 1)
    return 'has # before its end. # stands for all that follows, so it can only be the last level; + stands for one level';
  return undefined;
}

/**
 * What is wrong with `topicFilter` as something to subscribe to, as a sentence that says what to do, or `undefined`
 * where nothing is. To be asked before anything is sent: a malformed filter that Greengrass Lite accepts makes the
 * broker drop the device, again at every reconnect.
 *
 * A topic name without wildcards is a filter too. Empty levels are permitted. The limits are those of {@link TOPIC_LIMITS};
 * Greengrass Lite also refuses filters that are longer than 256 bytes with their `$share/<group>/`.
 *
 * Source: MQTT 3.1.1 sections 1.5.3 and 4.7; MQTT 5 section 4.8.2 for `$share`; AWS IoT Core message broker limits.
 *
 * @example
 * ```ts
 * import { topicFilterProblem } from 'greengrass-rx/topic';
 *
 * console.log(topicFilterProblem('plant/+/temperature')); // undefined
 * console.log(topicFilterProblem('plant/#/temperature')); // The topic filter "plant/#/temperature" has # before its end …
 * ```
 */
export function topicFilterProblem(topicFilter: string): string | undefined {
  const malformed = mqttStringProblem(topicFilter);
  if (malformed !== undefined)
    return `The topic filter ${quoted(topicFilter)} ${malformed}. Subscribe to a name or filter of one or more characters of valid Unicode.`;
  if (topicFilter.startsWith(SHARE) && parseSharedSubscription(topicFilter) === undefined) {
    return `The topic filter ${quoted(topicFilter)} is no shared subscription. Write $share/<group>/<filter>, with a group that has no wildcard.`;
  }
  const filter = effectiveFilter(topicFilter);
  const wildcard = wildcardProblem(filter);
  if (wildcard !== undefined) return `The topic filter ${quoted(topicFilter)} ${wildcard}.`;
  const tooLarge = topicLimitProblem(filter);
  if (tooLarge !== undefined)
    return `The topic filter ${quoted(topicFilter)} ${tooLarge}. Use a shorter filter, such as one that ends in # sooner.`;
  return undefined;
}
