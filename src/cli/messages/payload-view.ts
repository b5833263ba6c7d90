/** What a payload is, as far as its bytes tell. */
export type PayloadView =
  /** The text is valid JSON, with the payload's own digits and order. */
  | { readonly kind: 'json'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'binary'; readonly bytes: Uint8Array };

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function viewPayload(payload: Uint8Array): PayloadView {
  let text: string;
  try {
    text = UTF8.decode(payload);
  } catch {
    return { kind: 'binary', bytes: payload };
  }
  if (isJson(text)) return { kind: 'json', text };
  // Text has no control characters but those that lay it out.
  return /(?!\s)\p{Cc}/u.test(text) ? { kind: 'binary', bytes: payload } : { kind: 'text', text };
}

function isJson(text: string): boolean {
  if (!/^\s*[[{"\-\dtfn]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
