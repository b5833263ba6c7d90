/** How the classic nucleus reads one resource of a policy; `undefined` where it skips it with an error in its log. */
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
