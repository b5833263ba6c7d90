/** What wildcards may stand for: first the plainest. */
const FILLINGS = ['x', 'x/y', ''];
/** Wildcards of one resource that are tried in every combination; those behind them are plain. */
const COMBINED = 4;

/** A topic that a resource is meant to allow. */
export function sampleTopic(resource: string): string {
  return filled(resource, () => 'x');
}

/**
 * Topics at the edges of what a resource may be read to allow, the plainest first: its parent, each wildcard as little and as much,
 * and as itself.
 */
export function edgeTopics(resource: string): readonly string[] {
  const parent = resource.endsWith('/#') ? [sampleTopic(resource.slice(0, -2))] : [];
  const plain = FILLINGS.map(filling => filled(resource, wildcard => (wildcard === '+' && filling === 'x/y' ? 'x' : filling)));
  return [...new Set([...parent, ...plain, resource, ...combinations(resource)])].filter(topic => topic !== '');
}

/** The resource with its last level, a `+`, as the `#` that a subscription may ask for in its place; `undefined` if it is no `+`. */
export function hashInPlaceOfPlus(resource: string): string | undefined {
  return /(^|\/)\+$/.test(resource) ? `${resource.slice(0, -1)}#` : undefined;
}

function combinations(resource: string): readonly string[] {
  const wildcards = Math.min(COMBINED, (resource.match(/[+#*]/g) ?? []).length);
  const choices = FILLINGS.length + 1;
  return Array.from({ length: choices ** wildcards }, (_, combination) =>
    filled(resource, (wildcard, i) => {
      const choice = Math.floor(combination / choices ** i) % choices;
      return i < COMBINED ? (FILLINGS[choice] ?? wildcard) : 'x';
    }),
  );
}

function filled(resource: string, filling: (wildcard: string, index: number) => string): string {
  let index = 0;
  return resource.replace(/\$\{([*?$])\}|[+#*]/g, (wildcard, escaped: string | undefined) => escaped ?? filling(wildcard, index++));
}
