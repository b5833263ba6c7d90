/**
 * Whether the classic nucleus lets a resource of an `accessControl` policy allow a topic: `*` is any text, `+` alone in a level is that level,
 * a last `/#` is all below and the level above. A resource it cannot read, with a bare `?` or `${x}`, allows nothing. The topic's own
 * wildcards are plain text: subscribing to `a/+` is allowed by `a/+`, `a/*` and `a/#`.
 *
 * Source: aws-greengrass-nucleus, `AuthorizationHandler` and `WildcardTrie`.
 *
 * @example
 * ```ts
 * import { classicResourceAllows, liteResourceAllows } from 'greengrass-rx';
 *
 * console.log(classicResourceAllows('plant/#', 'plant'), liteResourceAllows('plant/#', 'plant')); // true false
 * ```
 */
export function classicResourceAllows(resource: string, topic: string): boolean {
  return compileClassicResource(resource)?.(topic) ?? false;
}

/** {@link classicResourceAllows} for many topics; `undefined` where the nucleus skips the resource with an error in its log. */
export function compileClassicResource(resource: string): ((topic: string) => boolean) | undefined {
  const pieces: string[] = [];
  let i = 0;
  while (i < resource.length) {
    const char = resource.charAt(i);
    if (char === '$' && resource.charAt(i + 1) === '{') {
      const escaped = resource.charAt(i + 2);
      if (resource.charAt(i + 3) !== '}' || !'*?$'.includes(escaped) || escaped === '') return undefined;
      pieces.push(literal(escaped));
      i += 4;
      continue;
    }
    if (char === '?') return undefined;
    if (char === '*') pieces.push('[^]*');
    else if (char === '+' && isWholeLevel(resource, i)) pieces.push('[^/]*');
    else if (char === '#' && i === resource.length - 1 && (i === 0 || resource.charAt(i - 1) === '/')) {
      // `x/#` is also `x`; and `#` alone is everything.
      if (i === 0) pieces.push('[^]*');
      else {
        pieces.pop();
        pieces.push('(?:/[^]*)?');
      }
    } else pieces.push(literal(char));
    i++;
  }
  const pattern = new RegExp(`^${pieces.join('')}$`);
  return topic => pattern.test(topic);
}

function isWholeLevel(resource: string, i: number): boolean {
  const before = i === 0 || resource.charAt(i - 1) === '/';
  const after = i === resource.length - 1 || resource.charAt(i + 1) === '/';
  return before && after;
}

function literal(char: string): string {
  return /[\\^$.*+?()[\]{}|/#]/.test(char) ? `\\${char}` : char;
}
