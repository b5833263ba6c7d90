/**
 * The bytes of base64 text with padding, as Java and the C decoder of Greengrass Lite read it, or `undefined` if it is
 * not that. Node's own decoder skips what it does not know, so what it skipped shows in the length; but of a character
 * above U+00FF it takes the low byte, which may be in the alphabet. A regular expression took three times as long as the
 * decoding.
 */
export function decodeBase64(text: string): Buffer | undefined {
  const length = text.length;
  if (length % 4 !== 0 || text.includes('-') || text.includes('_')) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  if (Buffer.byteLength(text, 'utf8') !== length) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === (length / 4) * 3 - padding ? bytes : undefined;
}

/** The base64 text of bytes. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
