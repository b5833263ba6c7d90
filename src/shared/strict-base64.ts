/**
 * Strict base64, as the servers read it. Node's own decoder skips whatever it does not know, so that its result is checked by
 * length: a skipped character makes it shorter. `-` and `_`, which Node takes for the URL alphabet, are refused by name.
 */
export function decodePaddedBase64(text: string): Buffer | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return decode(text, (text.length / 4) * 3 - padding);
}

/** As `java.util.Base64.getDecoder()` reads it: the padding may be left out. */
export function decodeJavaBase64(text: string): Buffer | undefined {
  if (text.endsWith('=')) return decodePaddedBase64(text);
  const rest = text.length % 4;
  return rest === 1 ? undefined : decode(text, ((text.length - rest) / 4) * 3 + Math.max(0, rest - 1));
}

function decode(text: string, length: number): Buffer | undefined {
  if (text.includes('-') || text.includes('_')) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === length ? bytes : undefined;
}
