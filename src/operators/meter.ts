import { tap, type MonoTypeOperatorFunction } from 'rxjs';
import { meteredBytes, meteredUnits, type Metered } from './metered-units.js';
import { atOnce } from '../shared/at-once.js';

/** What was counted: messages, what of them is metered, and what is charged. */
export interface MeterReading {
  readonly messages: number;
  /** Topics, payloads and MQTT 5 properties. */
  readonly bytes: number;
  /** Messages charged, by 5 KB each. */
  readonly units: number;
}

/**
 * Counts what AWS IoT Core would charge for at one place of a pipeline. Put one in front of what makes less of a stream and one behind it, and
 * {@link savings} says what it is worth.
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
 * console.log(savings(before.reading, after.reading).text); // 1 message instead of 1 000 (1 000 times fewer), charged as 1 instead of 1 000 …
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
