import type { Context, Validation } from 'io-ts';

/** Passes at most: each makes one layer of texts what the codec wants. */
const MOST_PASSES = 5;

/**
 * A configuration of Greengrass Lite, in which everything that came from a YAML file is a text, as the codec wants it: where that expects another type and
 * the text is the JSON of a number, a boolean or null, this stands in its place. What the codec takes as it is stays as it is.
 *
 * Source: Greengrass Lite 2.6, whose YAML reader knows texts only; observed.
 */
export function withoutTexts(codec: { decode(value: unknown): Validation<unknown> }, value: unknown): unknown {
  let given = value;
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const decoded = codec.decode(given);
    if (decoded._tag === 'Right') return given;
    const changed = decoded.left.reduce((before, { context }) => withoutText(before, pathOf(context)), given);
    if (changed === given) return given;
    given = changed;
  }
  return given;
}

/** io-ts gives the members of unions and intersections an entry of their own, which is no part of the value. */
function pathOf(context: Context): readonly string[] {
  return context.slice(1).flatMap((entry, at) => {
    const parent = context[at];
    return parent !== undefined && /^\d+$/.test(entry.key) && Object.is(parent.actual, entry.actual) ? [] : [entry.key];
  });
}

/** The same value, with what a text at the path says in the place of the text. */
function withoutText(value: unknown, path: readonly string[]): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return typeof value === 'string' ? said(value) : value;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return value;
  const before: unknown = (value as Readonly<Record<string, unknown>>)[key];
  const after = withoutText(before, rest);
  if (after === before) return value;
  return Array.isArray(value) ? value.map((item: unknown, at) => (String(at) === key ? after : item)) : { ...value, [key]: after };
}

function said(text: string): unknown {
  if (!/^(?:true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)$/.test(text)) return text;
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return text;
  }
}
