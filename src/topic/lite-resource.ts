const STAR = 0x2a;
const NUL = 0;

/**
 * Whether Greengrass Lite lets a resource of a policy allow a topic: by its glob, or else by its own reading of an MQTT filter.
 *
 * Its glob matcher rewrites the policy's bytes in place (`*` becomes NUL, `${x}` becomes `x`, the rest moves up), and then its filter
 * matcher reads the rewritten bytes at their old length. So a resource that mixes `*` with `+` or `#` does not work as a filter. The same
 * is done here.
 *
 * Source: aws-greengrass-lite, `modules/ggipcd/src/ipc_authz.c` and `modules/ggipcd/src/services/mqttproxy/mqttproxy.c`.
 *
 * @example
 * ```ts
 * import { liteResourceAllows } from 'greengrass-rx/topic';
 *
 * console.log(liteResourceAllows('plant/+', 'plant/7')); // true
 * ```
 */
export function liteResourceAllows(resource: string, topic: string): boolean {
  if (resource === '*') return true;
  const bytes = Buffer.from(resource, 'utf8');
  const pattern = bytes.subarray(0, rewriteGlob(bytes));
  const request = Buffer.from(topic, 'utf8');
  return globMatches(pattern, request) || filterAllows(bytes, request);
}

/** The same for policies of local topics, where `*` is the only wildcard, and `+` and `#` are text. */
export function liteGlobAllows(resource: string, topic: string): boolean {
  const bytes = Buffer.from(resource, 'utf8');
  return globMatches(bytes.subarray(0, rewriteGlob(bytes)), Buffer.from(topic, 'utf8'));
}

/** Whether Lite accepts a text as a resource: one with a bare `?`, or a `${…}` other than `${*}`, `${?}` and `${$}`, is refused. */
export function liteResourceIsValid(resource: string): boolean {
  for (let i = 0; i < resource.length; i++) {
    if (resource.charAt(i) === '?') return false;
    if (resource.charAt(i) === '$' && resource.charAt(i + 1) === '{') {
      if (!/^\$\{[*?$]\}/.test(resource.slice(i, i + 4))) return false;
      i += 3;
    }
  }
  return true;
}

/** Turns a glob into segments divided by NUL, in place; returns its new length. */
function rewriteGlob(bytes: Buffer): number {
  let written = 0;
  let inEscape = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (inEscape && byte === 0x7d) {
      inEscape = false;
    } else if (!inEscape && byte === STAR) {
      bytes[written++] = NUL;
    } else if (!inEscape && byte === 0x24 && bytes[i + 1] === 0x7b) {
      inEscape = true;
      i++;
    } else {
      bytes[written++] = byte;
    }
  }
  return written;
}

function globMatches(pattern: Buffer, request: Buffer): boolean {
  let remaining = request;
  let start = 0;
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] !== NUL) continue;
    const segment = pattern.subarray(start, i);
    const at = start === 0 ? (startsWith(remaining, segment) ? 0 : -1) : remaining.indexOf(segment);
    if (at < 0) return false;
    remaining = remaining.subarray(at + segment.length);
    start = i + 1;
  }
  if (start === 0) return remaining.equals(pattern);
  const last = pattern.subarray(start);
  return remaining.length >= last.length && remaining.subarray(remaining.length - last.length).equals(last);
}

function startsWith(bytes: Buffer, prefix: Buffer): boolean {
  return bytes.length >= prefix.length && bytes.subarray(0, prefix.length).equals(prefix);
}

/** `#` anywhere matches all the rest; `+` anywhere matches everything up to the next slash. */
function filterAllows(filter: Buffer, request: Buffer): boolean {
  let at = 0;
  for (const byte of filter) {
    if (byte === 0x23) return true;
    if (byte === 0x2b) {
      while (at < request.length && request[at] !== 0x2f) at++;
    } else if (request[at] === byte) at++;
    else return false;
  }
  return at === request.length;
}
