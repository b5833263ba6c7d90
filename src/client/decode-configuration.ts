import { type Either, left } from 'fp-ts/lib/Either.js';
import type { Context, Type, Validation } from 'io-ts';
import { type DecodeProblems, validated } from '../codec/codec.js';
import { forbiddenKeyIn, inexactNumbers } from '../codec/json-text.js';
import { ConfigurationInvalid } from '../errors/errors.js';
import { isJsonObject } from '../shared/json-object.js';

/** What a nucleus has answered to a read. */
export interface ConfigurationAnswer {
  readonly body: string;
  readonly componentName: string;
  /** `undefined`: there is no such key. */
  readonly value: unknown;
}

/** What was read as the codec wants it, or why it does not take it. */
export function decodeConfiguration<A>(
  codec: Pick<Type<A, unknown>, 'name' | 'decode'>,
  keyPath: readonly string[],
  { body, componentName, value }: ConfigurationAnswer,
  onLite: boolean,
): Either<ConfigurationInvalid, A> {
  const invalid = (problems: readonly string[], cause?: unknown): Either<ConfigurationInvalid, A> =>
    left(new ConfigurationInvalid(componentName, problems, cause, 'message'));
  const problems = body === '' ? [] : [forbiddenKeyIn(body, value) ?? [], inexactNumbers(body)].flat();
  if (problems.length > 0) return invalid(problems);
  const decode = (given: unknown): Either<DecodeProblems, A> => {
    const decoded = validated(codec, given);
    return decoded._tag === 'Left' && onLite ? validated(codec, withoutTexts(codec, given)) : decoded;
  };
  const whole = decode(value);
  if (whole._tag === 'Right') return whole;
  const leaf = leafOf(value, keyPath);
  const decoded = leaf === undefined ? whole : decode(leaf.value);
  return decoded._tag === 'Right' ? decoded : invalid(decoded.left.problems, decoded.left.cause);
}

/** Of a leaf the nucleus gives one member of the last key's name. So may a node look; the codec tells. */
function leafOf(value: unknown, keyPath: readonly string[]): { readonly value: unknown } | undefined {
  const last = keyPath.at(-1)?.toLowerCase();
  if (last === undefined || !isJsonObject(value)) return undefined;
  const [only, ...others] = Object.entries(value);
  return only !== undefined && others.length === 0 && only[0].toLowerCase() === last && !isJsonObject(only[1])
    ? { value: only[1] }
    : undefined;
}

/** Passes at most: each makes one layer of texts what the codec wants. */
const MOST_PASSES = 5;

/**
 * A configuration of Greengrass Lite, in which everything that came from a YAML file is a text, as the codec wants it: where that expects another type and
 * the text is the JSON of a number, a boolean or null, this stands in its place. What the codec takes as it is stays as it is.
 *
 * Source: Greengrass Lite 2.6, whose YAML reader knows texts only; observed.
 */
function withoutTexts(codec: { decode(value: unknown): Validation<unknown> }, value: unknown): unknown {
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
