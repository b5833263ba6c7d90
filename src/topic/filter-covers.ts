/**
 * Whether `wide` lets through every topic that `narrow` does, as MQTT matches them: `a/#` covers `a`, `a/+` and `a/b/#`. A shared
 * subscription is covered by itself alone, since a policy names it as it stands.
 *
 * Source: MQTT 3.1.1 section 4.7.
 */
export function filterCovers(wide: string, narrow: string): boolean {
  if (wide === narrow) return true;
  if (isApart(wide) || isApart(narrow)) return false;
  const [wides, narrows] = [wide.split('/'), narrow.split('/')];
  for (const [i, level] of wides.entries()) {
    if (level === '#') return true;
    const other = narrows[i];
    // `a/#` is also `a`: where the narrow one has ended, only a last # may be left.
    if (other === undefined || other === '#' || (level !== '+' && level !== other)) return false;
    if (i === narrows.length - 1 && wides.length === narrows.length + 1 && wides[i + 1] === '#') return true;
  }
  return wides.length === narrows.length;
}

/** Topics that begin with `$` are matched by no wildcard at their beginning, and a shared subscription is a thing of its own. */
function isApart(filter: string): boolean {
  return filter.startsWith('$');
}
