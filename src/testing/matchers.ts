import { topicMatches } from '../topic/topic-matches.js';
import { differenceText, marbleDifference } from './compare.js';
import { describeValue, type Difference, differenceOf, isEither } from './equal.js';
import { KitNucleus } from './kit-nucleus.js';
import { type Deferral, isLane, type Lane, MarbleFailure } from './lane.js';
import { MemoryNucleus } from './memory-nucleus.js';
import { payloadContent } from './messages.js';
import { errorDifference, type Tables } from './symbols.js';

/** What a matcher says, in the form that vitest and Jest want. */
export interface MatcherResult {
  readonly pass: boolean;
  /** Why it failed; under `.not`, why that failed. */
  readonly message: () => string;
}

/** What a test framework tells its matchers. */
export interface MatcherContext {
  readonly isNot?: boolean | undefined;
}

/** The matchers, for `expect.extend(matchers)` of Jest. For vitest import 'greengrass-rx/testing/vitest', which has their types too. */
export interface Matchers {
  /** A lane is as drawn. Inside `marbles()` it is checked when virtual time has run. */
  toBeMarble: (this: MatcherContext, lane: unknown, diagram: string, values?: Tables['values'], lefts?: Tables['lefts']) => MatcherResult;
  /** The nucleus accepted a message on a topic or filter; given a payload, one with that. */
  toHavePublished: (this: MatcherContext, nucleus: unknown, topicFilter: string, ...payload: readonly unknown[]) => MatcherResult;
  /** An Either is a `Right`; given a value, one with that. */
  toBeRight: (this: MatcherContext, either: unknown, ...value: readonly unknown[]) => MatcherResult;
  /** An Either is a `Left`; given a tag, an error, or members that an `Error` must have, one with that. */
  toBeLeft: (this: MatcherContext, either: unknown, ...error: readonly unknown[]) => MatcherResult;
}

/** Framework-free: they return what is wrong and throw nothing. */
export const matchers: Matchers = {
  toBeMarble(lane, diagram, values, lefts) {
    if (!isLane(lane)) return notA('lane, such as run() and published() of marbles() return', lane);
    const drawn = lane.run.expects(diagram);
    const check = (): MatcherResult => {
      const difference = marbleDifference(lane.label, lane.events(), drawn, { values, lefts });
      return result(difference, `${lane.label} is as drawn, and should not be: ${diagram}`);
    };
    return nowOrLater(lane.run, this.isNot === true, check, matchers.toBeMarble);
  },

  toHavePublished(nucleus, topicFilter, ...payload) {
    if (!(nucleus instanceof MemoryNucleus)) return notA('nucleus in memory, such as that of marbles()', nucleus);
    const check = (): MatcherResult => publishedResult(nucleus, topicFilter, payload);
    if (!(nucleus instanceof KitNucleus)) return check();
    return nowOrLater(nucleus.deferral, this.isNot === true, check, matchers.toHavePublished);
  },

  toBeRight(either, ...value) {
    if (!isEither(either)) return notA('Either', either);
    if (either._tag === 'Left') return result(`expected a Right${withText(value)}, received ${describeValue(either)}`, '');
    const difference = value.length === 0 ? undefined : differenceOf(value[0], either.right);
    return result(
      difference && [`expected a Right${withText(value)}, received ${describeValue(either)}`, ...where(difference)].join('\n'),
      `expected no Right${withText(value)}, received ${describeValue(either)}`,
    );
  },

  toBeLeft(either, ...error) {
    if (!isEither(either)) return notA('Either', either);
    if (either._tag === 'Right') return result(`expected a Left${ofText(error)}, received ${describeValue(either)}`, '');
    const difference = error.length === 0 ? undefined : errorDifference(error[0], either.left);
    return result(
      difference && [`expected a Left${ofText(error)}, received ${describeValue(either)}`, ...where(difference)].join('\n'),
      `expected no Left${ofText(error)}, received ${describeValue(either)}`,
    );
  },
};

/** Makes a check now if the run is over. Otherwise the matcher passes, and the run makes the check at its end and fails in its place. */
export function nowOrLater(
  run: Deferral,
  isNot: boolean,
  check: () => MatcherResult,
  askedBy: (...args: never[]) => unknown,
): MatcherResult {
  if (run.isOver) {
    const { pass, message } = check();
    return { pass, message: pass === isNot ? () => run.explained(message()) : message };
  }
  run.atEnd(
    () => {
      const { pass, message } = check();
      return pass === isNot ? message() : undefined;
    },
    new MarbleFailure('', askedBy),
  );
  return { pass: !isNot, message: () => '' };
}

/** The lane a snapshot is made of, or why there is none. */
export function laneOr(value: unknown): Lane | MatcherResult {
  return isLane(value) ? value : notA('lane, such as run() and published() of marbles() return', value);
}

function publishedResult(nucleus: MemoryNucleus, topicFilter: string, payload: readonly unknown[]): MatcherResult {
  const onTopic = nucleus.published.filter(({ topicName }) => topicMatches(topicFilter, topicName));
  const fits = onTopic.some(message => payload.length === 0 || differenceOf(payload[0], payloadContent(message.payload)) === undefined);
  const wanted = `a message on ${topicFilter}${withText(payload)}`;
  const there = (onTopic.length > 0 ? onTopic : nucleus.published).slice(0, 10);
  const lines = there.map(({ at, topicName, payload: bytes }) => `  frame ${at}: ${topicName} ${describeValue(payloadContent(bytes))}`);
  const all = lines.length === 0 ? ['Nothing was published.'] : ['Published were:', ...lines];
  return {
    pass: fits,
    message: () => (fits ? `expected not to have published ${wanted}` : [`expected to have published ${wanted}`, ...all].join('\n')),
  };
}

function result(problem: string | undefined, whenNot: string): MatcherResult {
  return { pass: problem === undefined, message: () => problem ?? whenNot };
}

function notA(what: string, received: unknown): MatcherResult {
  return { pass: false, message: () => `expected a ${what}; received ${describeValue(received)}` };
}

function withText(value: readonly unknown[]): string {
  return value.length === 0 ? '' : ` with ${describeValue(value[0])}`;
}

function ofText(error: readonly unknown[]): string {
  if (error.length === 0) return '';
  return typeof error[0] === 'string' ? ` ${error[0]}` : ` with ${describeValue(error[0])}`;
}

function where(difference: Difference): readonly string[] {
  return difference.path === '' ? [] : [`  ${differenceText(difference)}`];
}
