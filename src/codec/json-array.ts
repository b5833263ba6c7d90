import { array, type Type } from 'io-ts';
import { encodeParts, type BatchFormat } from './batch-format.js';
import type { JsonOptions } from './inexact-numbers.js';
import { toJson } from './json-text.js';
import { json } from './json.js';

/**
 * Payloads that are a JSON array, each element of the shape an io-ts codec describes: what `encodeBatches` publishes, and `flattenIterable` takes
 * apart. Decodes and refuses as {@link json} does; the path of a problem begins with the element: `[3].celsius`.
 *
 * @param options what becomes of numbers that JavaScript does not hold: refused, as {@link json} does, unless told otherwise.
 *
 * @example
 * ```ts
 * import { jsonArray } from 'greengrass-rx';
 * import { t } from 'greengrass-rx/fp';
 *
 * const Readings = jsonArray(t.type({ celsius: t.number }));
 * console.log(Readings.encode([{ celsius: 21 }, { celsius: 22 }])); // [{"celsius":21},{"celsius":22}]
 * const payload = new TextEncoder().encode('[{"celsius":21},{"celsius":"warm"}]');
 * console.log(Readings.decode({ topicName: 'readings', payload })); // Left: [1].celsius: expected number, got "warm"
 * ```
 */
export function jsonArray<A, O>(codec: Type<A, O>, options: JsonOptions = {}): BatchFormat<A> {
  const part = (value: A): string => toJson(codec, value);
  const around = { before: '[', between: ',', after: ']' };
  const { decode } = json(array(codec), options);
  return { shape: { format: 'jsonArray', type: codec }, decode, encode: encodeParts(part, around), part, around };
}
