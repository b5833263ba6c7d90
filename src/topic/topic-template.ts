import { type Either, isLeft, left, right } from 'fp-ts/lib/Either.js';
import { InvalidTopic } from '../errors/errors.js';
import { mqttStringProblem, publishTopicProblem, quoted, topicFilterProblem } from './topic-rules.js';

/** The name in a level of a template: of `{line}`, `line`. */
type Single<Level extends string> = Level extends `{${string}...}` ? never : Level extends `{${infer Name}}` ? Name : never;

type Singles<Text extends string> = Text extends `${infer Level}/${infer Rest}` ? Single<Level> | Singles<Rest> : Single<Text>;

type Rest<Text extends string> = Text extends `${string}/${infer Others}` ? Rest<Others> : Text extends `{${infer Name}...}` ? Name : never;

/** The parameters a template may have: one level, or at its end all that follow. */
export type TopicParams = Readonly<Record<string, string | readonly string[]>>;

/**
 * The parameters of a template, read from its text: a string for each `{name}`, an array of levels for a last `{name...}`. Of a text that
 * the compiler does not know, any.
 */
export type ParamsOf<Text extends string> = string extends Text ? TopicParams : ParamsIn<Text>;

/** The parameters of a template whose text the compiler knows. A type of its own, so that an editor names it by the text. */
export type ParamsIn<Text extends string> = {
  readonly [Name in Singles<Text> | Rest<Text>]: Name extends Rest<Text> ? readonly string[] : string;
};

/** What parameters are given as. A number becomes its decimal text. */
export type TopicArguments<P> = { readonly [Name in keyof P]: P[Name] extends string ? string | number : P[Name] };

/**
 * Something to subscribe to that knows what its topics mean: a {@link topicTemplate}, or a `sharedSubscription` to one.
 *
 * @typeParam P The parameters in a topic name, such as `{ readonly line: string }`.
 */
export interface TopicPattern<out P> {
  /** What the nucleus is asked for: the filter, with `+` and `#`. */
  readonly filter: string;
  /**
   * The parameters in a topic name, or `undefined` if it is not one of these topics. Matches by MQTT's rule, as {@link topicMatches} does.
   */
  readonly match: (topicName: string) => P | undefined;
}

/**
 * The filter of a topic name, a filter or a pattern: what goes to the nucleus, and into a policy.
 *
 * @example
 * ```ts
 * import { topicFilterOf, topicTemplate } from 'greengrass-rx';
 *
 * console.log(topicFilterOf(topicTemplate('plant/{line}/temperature'))); // plant/+/temperature
 * console.log(topicFilterOf('plant/7/temperature')); // plant/7/temperature
 * ```
 */
export function topicFilterOf(topic: string | TopicPattern<unknown>): string {
  return isTopicPattern(topic) ? topic.filter : topic;
}

/** What is neither a string nor an object is refused later, as a topic: callers in JavaScript have no compiler to tell them. */
export function isTopicPattern(topic: string | TopicPattern<unknown>): topic is TopicPattern<unknown> {
  return typeof topic === 'object' && (topic as unknown) !== null;
}

/** One level of a template. */
type TemplateLevel =
  | { readonly kind: 'text'; readonly text: string }
  /** Any one level. */
  | { readonly kind: 'param'; readonly name: string }
  /** All levels that follow, or none. */
  | { readonly kind: 'rest'; readonly name: string };

/** Begins with a letter, so that no parameter is called `__proto__`. */
const PLACEHOLDER = /^\{([A-Za-z][A-Za-z0-9_]*)(\.\.\.)?\}$/;

/** The levels of a template's text. Throws a `TypeError` that says what to write instead. */
export function templateLevels(text: string): readonly TemplateLevel[] {
  const refuse = (problem: string): TypeError => new TypeError(`The topic template ${quoted(text)} ${problem}`);
  if (text.startsWith('$share/'))
    throw refuse(`is a shared subscription, to which nothing can be published. Write sharedSubscription(group, topicTemplate(…)).`);
  const texts = text.split('/');
  const names = new Set<string>();
  return texts.map((level, i): TemplateLevel => {
    if (/[+#]/.test(level)) throw refuse(`has a wildcard in the level ${quoted(level)}. Give what stands there a name, such as {sensor}.`);
    if (!/[{}]/.test(level)) return { kind: 'text', text: level };
    const [, name, dots] = PLACEHOLDER.exec(level) ?? [];
    if (name === undefined) {
      throw refuse(
        `has the level ${quoted(level)}. A placeholder takes a whole level, because a wildcard of MQTT does, and its name is letters, digits and _ after a letter: {sensor}, or at the end {levels...}.`,
      );
    }
    if (names.has(name)) throw refuse(`has two placeholders {${name}}. Give each a name of its own.`);
    names.add(name);
    if (dots === undefined) return { kind: 'param', name };
    if (i < texts.length - 1) throw refuse(`has {${name}...} before its end. It stands for all that follows, as # does.`);
    return { kind: 'rest', name };
  });
}

/** The filter a subscription to these levels sends. */
function filterOfLevels(levels: readonly TemplateLevel[]): string {
  return levels.map(level => (level.kind === 'text' ? level.text : level.kind === 'param' ? '+' : '#')).join('/');
}

/** The template as it is written. */
function textOfLevels(levels: readonly TemplateLevel[]): string {
  return levels
    .map(level => (level.kind === 'text' ? level.text : level.kind === 'param' ? `{${level.name}}` : `{${level.name}...}`))
    .join('/');
}

/** The parameters in a topic name, or `undefined` if the levels do not match it. One pass over the name. */
function matchLevels(levels: readonly TemplateLevel[], topicName: string): Record<string, string | readonly string[]> | undefined {
  // MQTT 3.1.1, 4.7.2: a wildcard in the first level leaves out the topics of the server.
  if (levels[0]?.kind !== 'text' && topicName.startsWith('$')) return undefined;
  const params: Record<string, string | readonly string[]> = {};
  let at = 0;
  for (const level of levels) {
    if (level.kind === 'rest') {
      params[level.name] = at > topicName.length ? [] : topicName.slice(at).split('/');
      return params;
    }
    if (at > topicName.length) return undefined;
    const slash = topicName.indexOf('/', at);
    const end = slash === -1 ? topicName.length : slash;
    if (level.kind === 'param') params[level.name] = topicName.slice(at, end);
    else if (end - at !== level.text.length || !topicName.startsWith(level.text, at)) return undefined;
    at = end + 1;
  }
  return at > topicName.length ? params : undefined;
}

/**
 * The levels, with the parameters that are in `given` filled in. A value that would be more than one level is refused: whoever names a
 * sensor `a/#` or `../admin` must not choose the topic.
 */
function fillLevels(
  levels: readonly TemplateLevel[],
  given: Readonly<Record<string, unknown>>,
): Either<InvalidTopic, readonly TemplateLevel[]> {
  const filled: TemplateLevel[] = [];
  for (const level of levels) {
    if (level.kind === 'text' || !Object.hasOwn(given, level.name)) {
      filled.push(level);
      continue;
    }
    const value = given[level.name];
    const values = level.kind === 'rest' && Array.isArray(value) ? (value as readonly unknown[]) : [value];
    for (const one of values) {
      const text = textOf(one);
      const problem = text === undefined ? 'is no text and no finite number' : levelProblem(text, filled.length === 0);
      if (problem !== undefined || text === undefined)
        return left(new InvalidTopic(textOfLevels(levels), level.name, `${quoted(text ?? String(one))} ${problem ?? ''}`));
      filled.push({ kind: 'text', text });
    }
  }
  return right(filled);
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : undefined;
}

/** Why a text cannot be one level of a topic name. */
function levelProblem(text: string, first: boolean): string | undefined {
  const malformed = mqttStringProblem(text);
  if (malformed !== undefined) return malformed;
  const special = /[/+#]/.exec(text);
  if (special !== null) return `contains ${special[0]}, which is more than one level of a topic name`;
  if (first && text.startsWith('$')) return 'begins with $, which makes a topic of the server of it';
  return undefined;
}

/** Topics of one form, with names for what differs. Made by {@link topicTemplate}. */
export interface TopicTemplate<P> extends TopicPattern<P> {
  /** As it is written: `plant/{line}/temperature`. */
  readonly text: string;
  /** The topic name with these parameters. Throws {@link InvalidTopic} where one does not fit; for values from outside see `tryBuild`. */
  readonly build: (params: TopicArguments<P>) => string;
  /** The topic name with these parameters, or why none can be built: for parameters that come from messages, files or users. */
  readonly tryBuild: (params: TopicArguments<P>) => Either<InvalidTopic, string>;
  /** The template with some of its parameters filled in. Throws {@link InvalidTopic} where one does not fit. */
  readonly with: <Name extends keyof P>(
    params: Pick<TopicArguments<P>, Name>,
  ) => TopicTemplate<{ readonly [Other in Exclude<keyof P, Name>]: P[Other] }>;
}

/**
 * Topics of one form: `plant/{line}/{sensor}/temperature`. `{line}` stands for one level, and a last `{name...}` for all that follow, or
 * none, as an array. One value to subscribe with, to read topic names with, and to build them; its parameters are typed from its text.
 *
 * `match` takes exactly the names that MQTT delivers to `filter` ({@link topicMatches}), so a level may be empty, as in
 * `plant//a/temperature`. `build` refuses a parameter that is empty, holds `/`, `+`, `#`, NUL or half a surrogate pair, or would be a first
 * level that begins with `$`; and a name over the limits of AWS IoT Core.
 *
 * @throws TypeError for a text that is not a template or whose filter no nucleus takes: more than 7 slashes, a placeholder in part of a
 * level.
 *
 * Source: MQTT 3.1.1 section 4.7; AWS IoT Core message broker limits.
 *
 * @example
 * ```ts
 * import { topicTemplate } from 'greengrass-rx';
 *
 * const temperature = topicTemplate('plant/{line}/{sensor}/temperature');
 * console.log(temperature.filter); // plant/+/+/temperature
 * console.log(temperature.match('plant/7/inlet/temperature')); // { line: '7', sensor: 'inlet' }
 * console.log(temperature.build({ line: 7, sensor: 'inlet' })); // plant/7/inlet/temperature
 * console.log(temperature.with({ line: 7 }).filter); // plant/7/+/temperature
 * console.log(temperature.tryBuild({ line: 7, sensor: 'inlet/#' })); // Left(InvalidTopic: … contains /, …)
 * ```
 */
export function topicTemplate<const Text extends string>(text: Text): TopicTemplate<ParamsOf<Text>> {
  return templateOf<ParamsOf<Text>>(templateLevels(text));
}

function templateOf<P>(levels: readonly TemplateLevel[]): TopicTemplate<P> {
  const text = textOfLevels(levels);
  const filter = filterOfLevels(levels);
  const problem = topicFilterProblem(filter);
  if (problem !== undefined) throw new TypeError(problem);
  const tryBuild = (params: TopicArguments<P>): Either<InvalidTopic, string> => {
    const filled = fillLevels(levels, params);
    if (isLeft(filled)) return filled;
    const missing = filled.right.find(level => level.kind !== 'text');
    if (missing !== undefined) return left(new InvalidTopic(text, missing.name, 'is missing'));
    const topicName = filterOfLevels(filled.right);
    const unfit = publishTopicProblem(topicName);
    return unfit === undefined ? right(topicName) : left(new InvalidTopic(text, undefined, unfit));
  };
  return {
    text,
    filter,
    // The compiler has read the names of the levels from the template's text.
    match: topicName => matchLevels(levels, topicName) as P | undefined,
    tryBuild,
    build: params => orThrow(tryBuild(params)),
    with: params => templateOf(orThrow(fillLevels(levels, params))),
  };
}

function orThrow<A>(result: Either<InvalidTopic, A>): A {
  if (isLeft(result)) throw result.left;
  return result.right;
}
