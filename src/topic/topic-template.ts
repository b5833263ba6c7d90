import { isLeft, left, right, type Either } from 'fp-ts/lib/Either.js';
import { InvalidTopic } from '../errors/errors.js';
import { fillLevels } from './fill-levels.js';
import { filterOfLevels, matchLevels, templateLevels, textOfLevels, type TemplateLevel } from './template-levels.js';
import { topicFilterProblem } from './topic-filter.js';
import { publishTopicProblem } from './topic-name.js';
import type { ParamsOf, TopicArguments } from './topic-params.js';
import type { TopicPattern } from './topic-pattern.js';

/** Topics of one form, with names for what differs. Made by {@link topicTemplate}. */
export interface TopicTemplate<P> extends TopicPattern<P> {
  /** As it is written: `plant/{line}/temperature`. */
  readonly text: string;
  /** The topic name with these parameters. Throws {@link InvalidTopic} where one does not fit; for values from outside see `tryBuild`. */
  readonly build: (params: TopicArguments<P>) => string;
  /** The topic name with these parameters, or why there is none: for parameters that come from messages, files or users. */
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
 * `match` takes exactly the names that MQTT delivers to `filter` ({@link topicMatches}), so a level may be empty, as in `plant//a/temperature`.
 * `build` refuses a parameter that is empty, holds `/`, `+`, `#`, NUL or half a surrogate pair, or would be a first level that begins with
 * `$`; and a name over the limits of AWS IoT Core.
 *
 * @throws TypeError for a text that is no template or whose filter no nucleus takes: more than 7 slashes, a placeholder in part of a level.
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
    // What the levels' names are, the template's text says to the compiler.
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
