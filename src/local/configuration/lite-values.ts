import { isJsonObject } from '../../shared/json-object.js';
import { liteJson } from '../pubsub/lite-json.js';

/** A value of a request as a configuration keeps it, which is plain JSON. */
export function liteStored(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(liteStored);
  return isJsonObject(value) ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, liteStored(item)])) : value;
}

/** A value of a configuration as Lite writes it. */
export function liteStoredJson(value: unknown): string {
  return liteJson(withIntegers(value));
}

function withIntegers(value: unknown): unknown {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (Array.isArray(value)) return value.map(withIntegers);
  return isJsonObject(value) ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, withIntegers(item)])) : value;
}
