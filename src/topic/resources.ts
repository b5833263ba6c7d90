/**
 * Whether a resource of an `accessControl` policy allows a topic, as the classic nucleus reads it. `*` is any text, `+` alone in a level is
 * any one level, and `/#` at the end is everything below and the level above. A resource that the nucleus cannot read, with a bare `?` or
 * `${x}`, allows nothing. Wildcards of the topic itself are plain text: subscribing to `a/+` is allowed by `a/+`, `a/*` and `a/#`.
 *
 * Several resources of one operation are read together and may allow what none of them does alone: `ClassicResources`.
 *
 * Source: aws-greengrass-nucleus, `AuthorizationHandler` and `WildcardTrie`.
 *
 * @example
 * ```ts
 * import { classicResourceAllows, liteResourceAllows } from 'greengrass-rx/topic';
 *
 * console.log(classicResourceAllows('plant/#', 'plant'), liteResourceAllows('plant/#', 'plant')); // true false
 * ```
 */
export function classicResourceAllows(resource: string, topic: string): boolean {
  return compileClassicResource(resource)?.(topic) ?? false;
}

/** {@link classicResourceAllows} for many topics. `undefined`: the nucleus skips this resource, with an error in its log. */
export function compileClassicResource(resource: string, style: ResourceStyle = 'mqtt'): ((topic: string) => boolean) | undefined {
  const resources = new ClassicResources();
  return resources.add(resource) ? topic => resources.allow(topic, style) : undefined;
}

/** How the resources of a service are read. `mqtt`: those of the MQTT proxy. `glob`: `*` is the only wildcard, and `+` and `#` are text. */
type ResourceStyle = 'mqtt' | 'glob';

/**
 * The resources that a component's policies give to one operation. The classic nucleus keeps them in one trie, in which resources with a
 * common beginning share nodes, so together they may allow more than each by itself. Where a character is a wildcard in one of them, it is
 * one in all that share its node (`["+", "+ab/"]` allows `bcab/`); and an escape before a later wildcard is read twice, and is not an
 * escape any more.
 */
export class ClassicResources {
  readonly #root = new Node();

  /** `false` for a resource that the nucleus cannot read and skips. */
  add(resource: string): boolean {
    if (!isReadable(resource)) return false;
    if (resource === '*' || resource === '#' || resource === '+') {
      const node = this.#root.child(resource);
      node.ends = true;
      node.takesAll ||= resource !== '+';
      if (resource === '*') node.isStar = true;
      else node.isMqttWildcard = true;
      return true;
    }
    if (resource.startsWith('+/')) this.#root.child('+').isMqttWildcard = true;
    insert(this.#root, resource, true);
    return true;
  }

  /** Whether they allow a topic or filter. */
  allow(topic: string, style: ResourceStyle = 'mqtt'): boolean {
    return matches(this.#root, topic, style === 'mqtt', new Map());
  }
}

/** A piece of text or one wildcard character, with the nodes that may follow it. */
class Node {
  readonly children = new Map<string, Node>();
  /** A resource ends here. */
  ends = false;
  /** A valid `#` follows, so that this level may also end without its slash. */
  isParentLevel = false;
  /** A `*`. */
  isStar = false;
  /** A `+` or `#` in a place where it is a wildcard; elsewhere it is text. */
  isMqttWildcard = false;
  takesAll = false;

  child(key: string): Node {
    let child = this.children.get(key);
    if (child === undefined) {
      child = new Node();
      this.children.set(key, child);
      this.#ordered = undefined;
    }
    return child;
  }

  #ordered: readonly (readonly [string, Node])[] | undefined;

  /** In the order of Java's hash map: of two children that leave the same rest of a topic, only the last one is followed. */
  get inOrder(): readonly (readonly [string, Node])[] {
    this.#ordered ??= [...this.children].sort(([a], [b]) => bin(a, this.children.size) - bin(b, this.children.size));
    return this.#ordered;
  }
}

/** The bin of a key in a hash map of this size. */
function bin(key: string, size: number): number {
  let bins = 16;
  while (size >= bins * 0.75) bins *= 2;
  let hash = 0;
  for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0;
  return (hash ^ (hash >>> 16)) & (bins - 1);
}

/** Adds what is left of a resource below a node. `ends`: whether the resource ends with it. */
function insert(node: Node, text: string, ends: boolean): Node {
  if (text === '') {
    node.ends ||= ends;
    return node;
  }
  let plain = '';
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === '*' || char === '#' || char === '+') {
      // The text before it, whose escapes are undone already, is read once more: `${*}` has become a `*`.
      const before = insert(node, plain, false);
      const wildcard = before.child(char);
      const isLast = i === text.length - 1;
      const isAfterSlash = i > 0 && text.charAt(i - 1) === '/';
      if (char === '*') wildcard.isStar = true;
      else if (char === '#' && isLast && isAfterSlash) {
        wildcard.isMqttWildcard = true;
        wildcard.takesAll = true;
        before.isParentLevel = true;
      } else if (char === '+' && isAfterSlash && (isLast || text.charAt(i + 1) === '/')) wildcard.isMqttWildcard = true;
      if (!isLast) return insert(wildcard, text.slice(i + 1), true);
      // Only a `*` is set back here, even one that ends another resource.
      wildcard.ends = char === '*' ? ends : true;
      return wildcard;
    }
    const escaped = escapedAt(text, i);
    if (escaped === undefined) plain += char;
    else {
      plain += escaped;
      i += 3;
    }
  }
  const last = node.child(plain);
  last.ends ||= ends;
  return last;
}

/** The rests of the topic, by their lengths, that a node has not matched. */
type Tried = Map<Node, Set<number>>;

/** `isMqtt`: whether `+` and `#` can be wildcards. */
function matches(node: Node, topic: string, isMqtt: boolean, tried: Tried): boolean {
  if (node.ends && (node.isStar || topic === '')) return true;
  if (isMqtt && node.isMqttWildcard && (node.takesAll || (node.ends && !topic.includes('/')))) return true;
  if (node.children.size === 0) return false;
  const before = tried.get(node);
  if (before?.has(topic.length) === true) return false;
  if (before === undefined) tried.set(node, new Set([topic.length]));
  else before.add(topic.length);
  /** What a wildcard leaves, with the child that goes on from there. */
  const rests = new Map<string, Node>();
  for (const [key, child] of node.inOrder) {
    const isWildcard = (child.isStar && key === '*') || (isMqtt && child.isMqttWildcard && (key === '+' || key === '#'));
    if (isWildcard) {
      if (matches(child, topic, isMqtt, tried)) return true;
      continue;
    }
    if (topic.startsWith(key) && matches(child, topic.slice(key.length), isMqtt, tried)) return true;
    let text = key;
    if (isMqtt && child.isParentLevel) {
      const parent = key.slice(0, -1);
      if (topic === parent) return true;
      if (topic.endsWith(parent)) text = parent;
    }
    if (node.isStar || (isMqtt && node.isMqttWildcard)) leaveRests(node, child, text, topic, rests);
  }
  for (const [rest, child] of rests) if (matches(child, rest, isMqtt, tried)) return true;
  return false;
}

/** A wildcard takes everything up to any place where the child's text occurs; a `+` takes no slash. */
function leaveRests(node: Node, child: Node, text: string, topic: string, rests: Map<string, Node>): void {
  for (let at = topic.indexOf(text); at >= 0 && at < topic.length; at = topic.indexOf(text, at + 1)) {
    if (!node.isStar && topic.slice(0, at).includes('/')) return;
    rests.set(topic.slice(at + text.length), child);
  }
}

function escapedAt(text: string, at: number): string | undefined {
  return text.startsWith('${', at) && text.charAt(at + 3) === '}' ? text.charAt(at + 2) : undefined;
}

/** Neither empty, nor with a bare `?`, nor with an escape other than `${*}`, `${?}` and `${$}`. */
function isReadable(resource: string): boolean {
  return resource !== '' && !/\?|\$\{/.test(resource.replace(/\$\{[*?$]\}/g, '_'));
}

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
