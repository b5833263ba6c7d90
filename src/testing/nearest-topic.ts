/** A level more or less counts as much as so many characters: a filter that is a level short is a common mistake. */
const LEVEL = 2;
/** Differences up to which two topics are nearly the same, whatever their length. */
const FEW = 2;

/**
 * The topic or filter among these that is nearly the one that is looked for, as a misspelt one is; `undefined` if none is. Of a filter each wildcard fits
 * every level.
 */
export function nearestTopic(wanted: string, among: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let least = Math.max(FEW, wanted.length / 5);
  for (const topic of new Set(among)) {
    const apart = levelsApart(wanted.split('/'), topic.split('/'));
    if (topic === wanted || apart > least || (apart === least && nearest !== undefined)) continue;
    nearest = topic;
    least = apart;
  }
  return nearest;
}

function levelsApart(one: readonly string[], other: readonly string[]): number {
  return distance(one, other, LEVEL, (a, b) => {
    if (isWildcard(a) || isWildcard(b)) return 0;
    // A level of its own kind is none that is misspelt.
    const apart = distance(Array.from(a), Array.from(b), 1, (x, y) => (x === y ? 0 : 1));
    return apart < Math.max(a.length, b.length) ? apart : Infinity;
  });
}

function isWildcard(level: string): boolean {
  return level === '+' || level === '#' || level === '*';
}

/** The least that is to be put in, left out, replaced or swapped with a neighbour to make one of the other. */
function distance<A>(one: readonly A[], other: readonly A[], cost: number, replaced: (a: A, b: A) => number): number {
  let [before, last]: [readonly number[], readonly number[]] = [[], Array.from({ length: other.length + 1 }, (_, j) => j * cost)];
  one.forEach((a, i) => {
    const row = [(i + 1) * cost];
    other.forEach((b, j) => {
      const [left = 0, above = 0, across = 0, twoBack = Infinity] = [row[j], last[j + 1], last[j], before[j - 1]];
      const [a0, b0] = [one[i - 1], other[j - 1]];
      const isSwapped = i > 0 && j > 0 && a0 === b && a === b0;
      row.push(Math.min(left + cost, above + cost, across + replaced(a, b), isSwapped ? twoBack + cost : Infinity));
    });
    [before, last] = [last, row];
  });
  return last.at(-1) ?? 0;
}
