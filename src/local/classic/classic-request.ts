import { decodeUnpaddedBase64 } from '../../shared/base64.js';

/** A request as Gson reads it: numbers and booleans become texts where texts are wanted, unknown members are ignored. */
export type GsonRequest =
  | { readonly kind: 'request'; readonly members: Readonly<Record<string, unknown>> }
  | { readonly kind: 'null' }
  | { readonly kind: 'malformed' };

export function parseGson(payload: string): GsonRequest {
  if (payload === '') return { kind: 'null' };
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    return { kind: 'malformed' };
  }
  if (value === null) return { kind: 'null' };
  if (typeof value !== 'object' || Array.isArray(value)) return { kind: 'malformed' };
  return { kind: 'request', members: { ...value } };
}

/** Thrown by the readers below where Gson throws; the operation is then answered with `InternalServerError`. */
export class MalformedMember extends Error {}

export function textMember(members: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = members[name];
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new MalformedMember(name);
}

export function blobMember(members: Readonly<Record<string, unknown>>, name: string): Buffer | undefined {
  const text = textMember(members, name);
  if (text === undefined) return undefined;
  const bytes = decodeUnpaddedBase64(text);
  if (bytes === undefined) throw new MalformedMember(name);
  return bytes;
}

export function booleanMember(members: Readonly<Record<string, unknown>>, name: string): boolean | undefined {
  const value = members[name];
  if (typeof value === 'boolean' || value === undefined) return value;
  if (value === null) return undefined;
  if (typeof value === 'string') return value.toLowerCase() === 'true';
  throw new MalformedMember(name);
}

export function integerMember(members: Readonly<Record<string, unknown>>, name: string): number | undefined {
  const text = textMember(members, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isSafeInteger(value)) throw new MalformedMember(name);
  return value;
}

export function userPropertiesMember(
  members: Readonly<Record<string, unknown>>,
): readonly { readonly key: string; readonly value: string }[] | undefined {
  const value = members['userProperties'];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw new MalformedMember('userProperties');
  return value.map((item: unknown) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) throw new MalformedMember('userProperties');
    const pair: Readonly<Record<string, unknown>> = { ...item };
    return { key: textMember(pair, 'key') ?? '', value: textMember(pair, 'value') ?? '' };
  });
}
