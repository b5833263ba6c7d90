/**
 * The first line of a stack that belongs neither to this kit nor to a dependency.
 *
 * @param kit the folder of the kit. A stack names files by path or by URL, and on Windows with slashes or backslashes.
 */
export function placeOf(stack: string, kit: string): string | undefined {
  const lines = stack
    .split('\n')
    .slice(1)
    .map(line => line.trim().replace(/^at /, ''));
  const ofKit = slashed(kit);
  return lines.find(line => !/node_modules|node:/.test(line) && !slashed(line).includes(ofKit) && line.includes(':'));
}

function slashed(path: string): string {
  return path.replaceAll('\\', '/');
}
