/**
 * What AWS IoT Core takes as a topic. `$aws/rules/<rule>/` and, in a subscription, `$share/<group>/` do not count.
 *
 * Source: AWS General Reference, "AWS IoT Core message broker and protocol limits and quotas", topic size and slashes.
 */
export const TOPIC_LIMITS: { readonly bytes: number; readonly slashes: number; readonly reservedBytes: number } = {
  /** Bytes of UTF-8. */
  bytes: 256,
  /** Forward slashes, so one level more than this. */
  slashes: 7,
  /** Bytes of a topic that begins with `$` and is neither Basic Ingest nor a shared subscription: what the nucleus lets through. */
  reservedBytes: 512,
};

const BASIC_INGEST_PREFIX = /^\$aws\/rules\/[^/]+\//;

/**
 * How `topic`, without a `$share/<group>/`, goes over a limit of IoT Core, or `undefined`.
 *
 * Bytes are counted. The nucleus counts UTF-16 units, so it takes a topic that IoT Core refuses, and then only its own
 * log tells: the message is dropped after the publish was accepted.
 */
export function topicLimitProblem(topic: string): string | undefined {
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
