import { effectiveFilter, topicFilterProblem } from './topic-rules.js';

interface Node<V> {
  readonly levels: Map<string, Node<V>>;
  /** Under `+`. */
  any: Node<V> | undefined;
  /** Values of the filter that ends here. */
  readonly here: V[];
  /** Values of the filter that ends here with `#`. */
  readonly below: V[];
}

function node<V>(): Node<V> {
  return { levels: new Map(), any: undefined, here: [], below: [] };
}

/**
 * Values filed under topic filters, found by topic name. Finding takes one walk down the levels of the name, however many filters there
 * are: at each level it looks up the level's own text, `+` and `#`, and nothing else.
 *
 * Matches as {@link topicMatches} does. Memory: what was added; nothing is kept of the names looked up.
 *
 * @example
 * ```ts
 * import { TopicTrie } from 'greengrass-rx/topic';
 *
 * const owners = new TopicTrie<string>();
 * owners.add('plant/#', 'plant');
 * owners.add('plant/+/temperature', 'heating');
 * owners.add('plant/7/temperature', 'line 7');
 * console.log(owners.match('plant/7/temperature')); // [ 'line 7', 'heating', 'plant' ]
 * console.log(owners.mostSpecific('plant/8/temperature')); // heating
 * ```
 */
export class TopicTrie<V> {
  readonly #root: Node<V> = node();
  #size = 0;

  /** Values added. */
  get size(): number {
    return this.#size;
  }

  /**
   * Files a value under a filter. Several may be under the same one. Of a shared subscription the part after `$share/<group>/` counts.
   *
   * @throws TypeError for a filter that {@link topicFilterProblem} finds fault with.
   */
  add(topicFilter: string, value: V): void {
    const problem = topicFilterProblem(topicFilter);
    if (problem !== undefined) throw new TypeError(problem);
    const levels = effectiveFilter(topicFilter).split('/');
    const toTheEnd = levels.at(-1) === '#';
    if (toTheEnd) levels.pop();
    let at = this.#root;
    for (const level of levels) at = level === '+' ? (at.any ??= node()) : childOf(at, level);
    (toTheEnd ? at.below : at.here).push(value);
    this.#size++;
  }

  /**
   * The values of all filters that match, the most specific filter first: at the first level where two differ, text comes before `+`, and
   * `+` before `#`. Values of the same filter are in the order they were added.
   */
  match(topicName: string): V[] {
    const found: V[] = [];
    walk(this.#root, topicName, 0, values => {
      found.push(...values);
      return false;
    });
    return found;
  }

  /** The first of {@link match}, found without looking for the others. */
  mostSpecific(topicName: string): V | undefined {
    let found: V | undefined;
    walk(this.#root, topicName, 0, ([first]) => {
      found = first;
      return true;
    });
    return found;
  }
}

function childOf<V>(parent: Node<V>, level: string): Node<V> {
  const known = parent.levels.get(level);
  if (known !== undefined) return known;
  const made: Node<V> = node();
  parent.levels.set(level, made);
  return made;
}

/**
 * Visits the values of what matches from `start` on, until `visit` returns `true`; says whether it did. It goes as deep as the filters are:
 * at most 8 levels.
 */
function walk<V>(at: Node<V>, topicName: string, start: number, visit: (values: readonly V[]) => boolean): boolean {
  // MQTT 3.1.1, 4.7.2: a wildcard in the first level leaves out the topics of the server.
  const wild = start > 0 || !topicName.startsWith('$');
  if (start > topicName.length) return (at.here.length > 0 && visit(at.here)) || (at.below.length > 0 && visit(at.below));
  const slash = topicName.indexOf('/', start);
  const end = slash === -1 ? topicName.length : slash;
  const next = at.levels.size === 0 ? undefined : at.levels.get(topicName.slice(start, end));
  if (next !== undefined && walk(next, topicName, end + 1, visit)) return true;
  if (!wild) return false;
  if (at.any !== undefined && walk(at.any, topicName, end + 1, visit)) return true;
  return at.below.length > 0 && visit(at.below);
}
