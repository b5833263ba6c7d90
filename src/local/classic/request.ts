import { decodeUnpaddedBase64 } from '../../shared/base64.js';
import { isJsonObject, parsedJson } from '../../shared/check-argument.js';
import type { Members } from '../server/call.js';
import { GsonError, GsonNumber, parseLenient } from './gson.js';

/** A request as Gson reads it. The types of its members are the business of the readers below. */
type GsonRequest = { readonly kind: 'request'; readonly members: Members } | { readonly kind: 'null' } | { readonly kind: 'malformed' };

/** Reads a request. `isExact`: whether it matters that a name in it comes twice. */
export function parseGson(payload: string, isExact: boolean): GsonRequest {
  if (payload === '') return { kind: 'null' };
  const value = (isExact ? undefined : strictly(payload)) ?? leniently(payload);
  if (value === null) return { kind: 'null' };
  if (!isObjectMember(value)) return { kind: 'malformed' };
  return { kind: 'request', members: { ...value } };
}

/** Whether Gson would make a map of a value. */
export function isObjectMember(value: unknown): value is Readonly<Record<string, unknown>> {
  return isJsonObject(value) && !(value instanceof GsonNumber);
}

/** Nearly all requests: plain JSON whose numbers say the same however they are read. */
function strictly(payload: string): unknown {
  // Only the lenient reader keeps 1.0 and 1e0 as they were written.
  if (/[:,[]\s*(?:-?\d+[.eE]|-?\d{16}|-0)/.test(payload)) return undefined;
  return parsedJson(payload) ?? undefined;
}

function leniently(payload: string): unknown {
  try {
    return parseLenient(payload);
  } catch (error) {
    if (error instanceof GsonError) return [];
    throw error;
  }
}

/**
 * The members of a Connect. Another reader than Gson's: strict, but it stops at the object's end and looks at nothing behind it.
 *
 * Source: `IPCEventStreamService` of the nucleus, whose reader is Jackson.
 */
export function parseConnect(payload: string): Members | undefined {
  const text = payload.startsWith('\uFEFF') ? payload.slice(1) : payload;
  const value = parsedJson(text.slice(0, endOfObject(text)));
  return isJsonObject(value) ? { ...value } : undefined;
}

/** Where the object with which a text begins is closed; the text's length if it is not. */
function endOfObject(text: string): number {
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\[^])*"|[{}]/g)) {
    if (token === '{') depth++;
    else if (token === '}' && --depth === 0) return index + 1;
  }
  return text.length;
}

/** Thrown by the readers below where Gson throws; the operation is then answered with `InternalServerError`. */
export class MalformedMember extends Error {}

/** A text; a number or a boolean becomes one, as with Gson. */
export function textMember(members: Members, name: string): string | undefined {
  const value = members[name];
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value instanceof GsonNumber) return value.text;
  throw new MalformedMember(name);
}

export function textListMember(members: Members, name: string): readonly string[] | undefined {
  const value = members[name];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw new MalformedMember(name);
  return value.map((item: unknown) => {
    const text = textMember({ item }, 'item');
    if (text === undefined) throw new MalformedMember(name);
    return text;
  });
}

export function blobMember(members: Members, name: string): Buffer | undefined {
  const text = textMember(members, name);
  if (text === undefined) return undefined;
  // Base64 for URLs is taken, too, as observed.
  const bytes = decodeUnpaddedBase64(text.replace(/-/g, '+').replace(/_/g, '/'));
  if (bytes === undefined) throw new MalformedMember(name);
  return bytes;
}

export function booleanMember(members: Members, name: string): boolean | undefined {
  const value = members[name];
  if (typeof value === 'boolean' || value === undefined) return value;
  if (value === null) return undefined;
  if (typeof value === 'string') return value.toLowerCase() === 'true';
  throw new MalformedMember(name);
}

export function integerMember(members: Members, name: string): number | undefined {
  const text = textMember(members, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value)) throw new MalformedMember(name);
  return value;
}

/** `null` for one of them that is null: the nucleus trips over it only when it copies them. */
export function userPropertiesMember(members: Members): readonly ({ readonly key: string; readonly value: string } | null)[] | undefined {
  const value = members['userProperties'];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw new MalformedMember('userProperties');
  return value.map((item: unknown) => {
    if (item === null) return null;
    if (!isObjectMember(item)) throw new MalformedMember('userProperties');
    return { key: textMember(item, 'key') ?? '', value: textMember(item, 'value') ?? '' };
  });
}
