/**
 * How far two lists are apart, such as a word and one that it may be a misspelling of: the least that is to be put in, left out, replaced
 * or swapped with a neighbour to make one of the other.
 *
 * @param cost of putting in, leaving out and swapping
 * @param replaced what it costs to put one in the place of another
 */
export function editDistance<A>(
  one: readonly A[],
  other: readonly A[],
  cost = 1,
  replaced: (a: A, b: A) => number = (a, b) => (a === b ? 0 : cost),
): number {
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
