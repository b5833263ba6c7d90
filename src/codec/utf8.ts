import { isUtf8 } from 'node:buffer';

/** The text of bytes that are UTF-8 from the first to the last, or nothing: no U+FFFD stands in for what could not be read. */
export const decodeUtf8 = (payload: Uint8Array): string | undefined =>
  isUtf8(payload) ? Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8') : undefined;
