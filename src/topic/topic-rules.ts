/**
 * The limits of AWS IoT Core for topics. `$aws/rules/<rule>/` and, in a subscription, `$share/<group>/` do not count.
 *
 * Source: AWS General Reference, "AWS IoT Core message broker and protocol limits and quotas", topic size and slashes.
 */
export const TOPIC_LIMITS: { readonly bytes: number; readonly slashes: number; readonly reservedBytes: number } = {
  /** Bytes of UTF-8. */
  bytes: 256,
  /** Forward slashes, so one level more than this. */
  slashes: 7,
  /** Bytes of a topic that begins with `$` and is neither Basic Ingest nor a shared subscription: the limit of the nucleus. */
  reservedBytes: 512,
};

const BASIC_INGEST_PREFIX = /^\$aws\/rules\/[^/]+\//;

/**
 * Which limit of IoT Core `topic`, given without `$share/<group>/`, goes over. `undefined`: none.
 *
 * IoT Core counts bytes and the nucleus UTF-16 units. So the nucleus accepts a publish that IoT Core refuses, and then drops the message,
 * which only its own log tells.
 */
function topicLimitProblem(topic: string): string | undefined {
  const isSpecial = topic.startsWith('$');
  const counted = isSpecial ? topic.replace(BASIC_INGEST_PREFIX, '') : topic;
  const isReserved = isSpecial && counted === topic;
  const bytes = Buffer.byteLength(counted);
  if (isReserved) {
    return bytes > TOPIC_LIMITS.reservedBytes
      ? `has ${bytes} bytes of UTF-8; the nucleus takes at most ${TOPIC_LIMITS.reservedBytes} for a topic that begins with $`
      : undefined;
  }
  if (bytes > TOPIC_LIMITS.bytes) {
    return `has ${bytes} bytes of UTF-8; AWS IoT Core takes at most ${TOPIC_LIMITS.bytes}, not counting $aws/rules/<rule>/ or $share/<group>/`;
  }
  let slashes = 0;
  for (let at = counted.indexOf('/'); at >= 0; at = counted.indexOf('/', at + 1)) slashes++;
  if (slashes > TOPIC_LIMITS.slashes) {
    return `has ${slashes} slashes; AWS IoT Core takes at most ${TOPIC_LIMITS.slashes}, not counting $aws/rules/<rule>/ or $share/<group>/`;
  }
  return undefined;
}

/** Whether a text has a lone half of a surrogate pair; with the `u` flag a whole pair is one code point and does not match. */
export function hasLoneSurrogate(text: string): boolean {
  return /[\uD800-\uDFFF]/u.test(text);
}

/**
 * Why `text` cannot be an MQTT string, or `undefined`. A lone surrogate has no UTF-8 form: JSON carries it to the nucleus, which sends `?`
 * or something else in its place. Control characters other than NUL are permitted.
 *
 * Source: MQTT 3.1.1 section 1.5.3, MQTT-1.5.3-1 and MQTT-1.5.3-2.
 */
export function mqttStringProblem(text: string): string | undefined {
  if (text === '') return 'is empty';
  if (text.includes('\u0000')) return 'contains the character U+0000, which MQTT forbids';
  if (hasLoneSurrogate(text))
    return 'contains half of a surrogate pair, which has no UTF-8 form: a string was cut in the middle of a character';
  return undefined;
}

const QUOTED_CHARACTERS = 80;

/** `text` as it may stand in a sentence: quoted, with invisible characters escaped, and cut if it is long. */
export function quoted(text: string): string {
  return text.length <= QUOTED_CHARACTERS ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, QUOTED_CHARACTERS))}…`;
}

/** What a filter `$share/<group>/<filter>` is made of. */
export interface SharedSubscription {
  readonly group: string;
  readonly filter: string;
}

/**
 * What a shared subscription is made of, or `undefined` for any other filter.
 *
 * @example
 * ```ts
 * import { parseSharedSubscription } from 'greengrass-rx/topic';
 *
 * console.log(parseSharedSubscription('$share/workers/jobs/+')); // { group: 'workers', filter: 'jobs/+' }
 * ```
 */
export function parseSharedSubscription(topicFilter: string): SharedSubscription | undefined {
  const [, group, filter] = /^\$share\/([^/+#]+)\/(.+)$/s.exec(topicFilter) ?? [];
  return group === undefined || filter === undefined ? undefined : { group, filter };
}

const WILDCARD = /[+#]/;

/**
 * Why `topicName` cannot be published to, in a sentence that says what to do, or `undefined` if it can. To be asked before anything is
 * sent: Greengrass Lite accepts such a publish, and the broker then drops the connection of the whole device.
 *
 * Empty levels (`a//b`) and spaces are permitted, as in MQTT. The limits are those of {@link TOPIC_LIMITS}.
 *
 * Source: MQTT 3.1.1 sections 1.5.3, 3.3.2.1 and 4.7; AWS IoT Core message broker limits.
 *
 * @example
 * ```ts
 * import { publishTopicProblem } from 'greengrass-rx/topic';
 *
 * console.log(publishTopicProblem('plant/7/temperature')); // undefined
 * console.log(publishTopicProblem('plant/+/temperature')); // The topic name "plant/+/temperature" contains a wildcard …
 * ```
 */
export function publishTopicProblem(topicName: string): string | undefined {
  const malformed = mqttStringProblem(topicName);
  if (malformed !== undefined)
    return `The topic name ${quoted(topicName)} ${malformed}. Publish to a name of one or more characters of valid Unicode.`;
  if (WILDCARD.test(topicName)) {
    return `The topic name ${quoted(topicName)} contains a wildcard, + or #. Publish to one topic at a time; wildcards are for subscriptions.`;
  }
  const tooLarge = topicLimitProblem(topicName);
  if (tooLarge !== undefined) return `The topic name ${quoted(topicName)} ${tooLarge}. Use a shorter name.`;
  return undefined;
}

const SHARE = '$share/';

/** The filter that decides which topics match: without `$share/<group>/`. */
export function effectiveFilter(topicFilter: string): string {
  return parseSharedSubscription(topicFilter)?.filter ?? topicFilter;
}

/** The first level of a filter whose wildcard no broker takes: it is only part of the level, or a `#` that is not the last level. */
export function misplacedWildcard(filter: string): string | undefined {
  const levels = filter.split('/');
  return levels.find((level, at) => (level.length > 1 && /[+#]/.test(level)) || (level === '#' && at < levels.length - 1));
}

function wildcardProblem(filter: string): string | undefined {
  const level = misplacedWildcard(filter);
  if (level === undefined) return undefined;
  return level === '#'
    ? 'has # before its end. # stands for all that follows, so it can only be the last level; + stands for one level'
    : `has the level ${quoted(level)}, where a wildcard is only part of the level. Let + or # stand alone between slashes`;
}

/**
 * Why `topicFilter` cannot be subscribed to, in a sentence that says what to do, or `undefined` if it can. To be asked before anything is
 * sent: a malformed filter that Greengrass Lite accepts makes the broker drop the connection of the device, and again at every reconnect.
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
