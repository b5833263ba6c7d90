// Half the time of isUtf8() and Buffer.toString() for payloads of a hundred bytes. A byte order mark is the reader's to judge.
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of bytes that are UTF-8 from the first to the last, or nothing: no U+FFFD stands in for what could not be read. */
export function decodeUtf8(payload: Uint8Array): string | undefined {
  try {
    return strict.decode(payload);
  } catch {
    return undefined;
  }
}
