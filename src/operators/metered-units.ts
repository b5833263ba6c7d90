/** A message as far as it is metered: a request to publish, or a message that came. */
export interface Metered {
  readonly topicName: string;
  readonly payload: Uint8Array | string;
  readonly userProperties?: readonly { readonly key: string; readonly value: string }[] | undefined;
  readonly responseTopic?: string | undefined;
  readonly correlationData?: Uint8Array | undefined;
  readonly contentType?: string | undefined;
}

/** Bytes that AWS IoT Core meters as one message: 5 KB. */
export const METERED_BYTES: number = 5 * 1024;

/**
 * Bytes of a message that AWS IoT Core meters: topic, payload, user properties, response topic, correlation data and content type.
 *
 * Source: AWS IoT Core pricing, "Additional metering details", MQTT PUBLISH.
 */
export function meteredBytes({
  topicName,
  payload,
  userProperties = [],
  responseTopic = '',
  correlationData,
  contentType = '',
}: Metered): number {
  let bytes = bytesOf(topicName) + bytesOf(payload) + bytesOf(responseTopic) + bytesOf(contentType);
  for (const { key, value } of userProperties) bytes += bytesOf(key) + bytesOf(value);
  return correlationData === undefined ? bytes : bytes + correlationData.byteLength;
}

/**
 * Messages that AWS IoT Core charges for one message published: one for each 5 KB begun, and none by Basic Ingest, for which only the rule is charged.
 * What the broker sends to subscribers is metered by itself, and not known here.
 *
 * Source: AWS IoT Core pricing, "Additional metering details"; Developer Guide, "Reducing messaging costs with Basic Ingest".
 *
 * @example
 * ```ts
 * import { meteredUnits } from 'greengrass-rx/operators';
 *
 * console.log(meteredUnits({ topicName: 'plant/7', payload: '21.5' })); // 1
 * console.log(meteredUnits({ topicName: 'plant/7', payload: new Uint8Array(8 * 1024) })); // 2
 * console.log(meteredUnits({ topicName: '$aws/rules/StoreReadings/plant/7', payload: '21.5' })); // 0
 * ```
 */
export function meteredUnits(message: Metered): number {
  if (/^\$aws\/rules\/[^/]/.test(message.topicName)) return 0;
  return Math.max(1, Math.ceil(meteredBytes(message) / METERED_BYTES));
}

function bytesOf(data: Uint8Array | string): number {
  return typeof data === 'string' ? Buffer.byteLength(data) : data.byteLength;
}
