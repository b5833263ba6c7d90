/** A JSON object, as opposed to a list, a text, a number or null. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Whether a value that was read from JSON or YAML is an object with members. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
