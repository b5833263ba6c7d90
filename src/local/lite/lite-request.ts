/** The members of a request. */
export type Members = Readonly<Record<string, unknown>>;

/** What a topic or payload of a wrong type, or none, is answered with. */
export const INVALID_PARAMETERS = 'Received invalid parameters.';

/** A request's members, or `undefined` if it is no JSON object. */
export function parseMembers(payload: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(payload);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** A qos as text or as integer, from 0 to 2, of which 2 is sent as 1; or the text of the error. */
export function readQos(qos: unknown, json: string): { readonly value: 0 | 1 } | { readonly problem: string } {
  if (qos === undefined) return { value: 0 };
  // Lite tells 1.0 from 1, which JavaScript's numbers do not.
  const isFloat = typeof qos === 'number' && /"qos"\s*:\s*-?\d+[.eE]/.test(json);
  if (isFloat || (typeof qos !== 'string' && typeof qos !== 'number')) return { problem: 'Key qos of invalid type.' };
  if (typeof qos === 'string' && !/^[+-]?\d+$/.test(qos)) return { problem: "Failed to parse 'qos' string value." };
  const number = Number(qos);
  if (number < 0 || number > 2) return { problem: "'qos' not a valid value." };
  return { value: number === 0 ? 0 : 1 };
}
