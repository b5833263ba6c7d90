/**
 * The bytes of base64 text with padding, as Java and the C decoder of Greengrass Lite read it, or `undefined` if it is not that. Node's own
 * decoder skips characters it does not know, so the length of the result shows whether it skipped any. Two cases have to be looked for: of
 * a character above U+00FF it takes the low byte, which may be in the alphabet, and it also takes `-` and `_`, the alphabet of URLs. A
 * regular expression took three times as long as the decoding.
 */
export function decodeBase64(text: string): Buffer | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return decode(text, (text.length / 4) * 3 - padding);
}

/** As `java.util.Base64.getDecoder()` reads it: the padding may be left out. */
export function decodeUnpaddedBase64(text: string): Buffer | undefined {
  if (text.endsWith('=')) return decodeBase64(text);
  const rest = text.length % 4;
  return rest === 1 ? undefined : decode(text, ((text.length - rest) / 4) * 3 + Math.max(0, rest - 1));
}

/** The base64 text of bytes. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function decode(text: string, length: number): Buffer | undefined {
  if (text.includes('-') || text.includes('_') || Buffer.byteLength(text, 'utf8') !== text.length) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === length ? bytes : undefined;
}
