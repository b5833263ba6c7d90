import { inspect } from 'node:util';

/** One line of JSON that says what can be said of `value`; `free` is the member that may hold anything. */
export function jsonLine<V extends object>(value: V, free: keyof V): string {
  try {
    return `${JSON.stringify(value, writable)}\n`;
  } catch {
    // A cycle is nothing that JSON knows, and no reason to lose the rest.
    return `${JSON.stringify({ ...value, [free]: inspect(value[free]) })}\n`;
  }
}

function writable(this: unknown, key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  // A Buffer has become an object of its numbers by the time it gets here, so the holder is asked.
  const raw = (this as Record<string, unknown>)[key];
  return raw instanceof Uint8Array ? Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('base64') : value;
}
