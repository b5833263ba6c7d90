import { type MonoTypeOperatorFunction, tap } from 'rxjs';
import { atOnce } from '../shared/check-argument.js';

/**
 * What AWS IoT Core takes from one connection, and so from one device: all components of a device share the one MQTT connection of its
 * nucleus. Publishes over the first limit are discarded, by the cloud and without a word to the component; bytes over the second are
 * delayed.
 *
 * Source: AWS General Reference, "AWS IoT Core message broker and protocol limits and quotas": publish requests per second per connection,
 * throughput per second per connection.
 */
export const IOT_CORE_LIMITS: { readonly publishesPerConnection: number; readonly bytesPerConnection: number } = {
  /** Publishes a second. */
  publishesPerConnection: 100,
  /** Bytes a second, sent and received: 512 KiB. */
  bytesPerConnection: 512 * 1024,
};

/** The parts of a message that are metered, be it a request to publish or a message that came. */
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
 * Messages that AWS IoT Core charges for one message published: one for each 5 KB begun, and none by Basic Ingest, for which only the rule
 * is charged. What the broker sends to subscribers is metered by itself, and not known here.
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

/** What came of two {@link MeterReading}s. */
export interface Savings {
  readonly before: MeterReading;
  readonly after: MeterReading;
  /** How many times fewer, `before / after`. `Infinity` if nothing is left; 1 if there was nothing. */
  readonly factor: MeterReading;
  /** For a log: one sentence. */
  readonly text: string;
}

/** What is saved between two places of a pipeline. See {@link Meter}. */
export function savings(before: MeterReading, after: MeterReading): Savings {
  const factor = {
    messages: ratio(before.messages, after.messages),
    bytes: ratio(before.bytes, after.bytes),
    units: ratio(before.units, after.units),
  };
  const text =
    `${whole(after.messages)} message${after.messages === 1 ? '' : 's'} instead of ${whole(before.messages)} (${times(factor.messages)}), ` +
    `charged as ${whole(after.units)} instead of ${whole(before.units)} (${times(factor.units)}), ` +
    `${whole(after.bytes)} bytes instead of ${whole(before.bytes)}`;
  return { before, after, factor, text };
}

function ratio(before: number, after: number): number {
  return before === after ? 1 : before / after;
}

function whole(value: number): string {
  return value.toLocaleString('en-US').replaceAll(',', ' ');
}

function times(factor: number): string {
  if (factor === Infinity) return 'none left';
  if (factor < 1) return `${(1 / factor).toFixed(1)} times more`;
  return `${factor >= 10 ? whole(Math.round(factor)) : factor.toFixed(1)} times fewer`;
}

/** What was counted: messages, what of them is metered, and what is charged. */
export interface MeterReading {
  readonly messages: number;
  /** Topics, payloads and MQTT 5 properties. */
  readonly bytes: number;
  /** Messages charged, by 5 KB each. */
  readonly units: number;
}

/**
 * Counts what AWS IoT Core would charge for at one place of a pipeline. Put one in front of what makes less of a stream and one behind it,
 * and {@link savings} says what it is worth.
 *
 * Memory: three numbers.
 *
 * @example
 * ```ts
 * import { jsonArray, onRights } from 'greengrass-rx';
 * import { t } from 'greengrass-rx/fp';
 * import { encodeBatches, Meter, savings } from 'greengrass-rx/operators';
 * import { range } from 'rxjs';
 *
 * const [before, after] = [new Meter(), new Meter()];
 * const topicName = 'plant/7/readings';
 * range(1, 1_000)
 *   .pipe(
 *     before.count(n => ({ topicName, payload: JSON.stringify(n) })),
 *     encodeBatches({ format: jsonArray(t.number), bytes: 5_000, messages: 10_000 }),
 *     onRights(batches$ => batches$.pipe(after.count(({ payload }) => ({ topicName, payload })))),
 *   )
 *   .subscribe();
 * const { text } = savings(before.reading, after.reading);
 * console.log(text); // 1 message instead of 1 000 (1 000 times fewer), charged as 1 instead of 1 000 …
 * ```
 */
export class Meter {
  #messages = 0;
  #bytes = 0;
  #units = 0;

  /** What was counted so far, by all streams together. */
  get reading(): MeterReading {
    return { messages: this.#messages, bytes: this.#bytes, units: this.#units };
  }

  /** Counts one message. */
  add(message: Metered): void {
    this.#messages++;
    this.#bytes += meteredBytes(message);
    this.#units += meteredUnits(message);
  }

  /**
   * Counts what passes and changes nothing. What `message` throws goes to the error channel.
   *
   * @param message The message that a value is, or would be if it were published by itself.
   */
  count<A>(message: (value: A) => Metered): MonoTypeOperatorFunction<A> {
    return tap(value => {
      this.add(atOnce(message(value), 'message'));
    });
  }
}
