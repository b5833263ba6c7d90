/**
 * The matchers for vitest, with their types; and a test that makes a marble test and does not call it fails.
 * `import 'greengrass-rx/testing/vitest'` in a test, or in a setup file and once where the compiler sees it.
 *
 * @packageDocumentation
 */
import { afterEach, beforeEach, expect } from 'vitest';
import { laneOr, matchers, nowOrLater, type MatcherContext, type MatcherResult } from './matchers.js';
import { laneText } from './expectations.js';
import { beginTest, endTest } from './marbles.js';

/** What this entry adds to vitest's `expect`. The return type matters where a matcher stands inside a value: `[expect.toBeRight()]`. */
export interface MarbleMatchers<R = unknown> {
  /**
   * A lane (of `run` or `published`) is as drawn, frame by frame. Inside `marbles()` it is checked when virtual time has run. `lefts` says
   * which symbols stand for a `Left`, by its tag.
   */
  toBeMarble: (diagram: string, values?: Readonly<Record<string, unknown>>, lefts?: Readonly<Record<string, unknown>>) => R;
  /** The nucleus of a marble test accepted a message on a topic or filter; given a payload, one with that. */
  toHavePublished: (topicFilter: string, payload?: unknown) => R;
  /** An Either is a `Right`; given a value, one with that. */
  toBeRight: (value?: unknown) => R;
  /** An Either is a `Left`; given a tag, an error, or members that an `Error` must have, one with that. */
  toBeLeft: (error?: unknown) => R;
  /** A lane is the same diagram, with the same values, as when the snapshot was written. */
  toMatchMarbleSnapshot: (name?: string) => R;
}

declare module 'vitest' {
  // vitest 4 declares it so; the names of the type parameters must agree.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any, @typescript-eslint/no-unused-vars
  interface Matchers<T = any> extends MarbleMatchers {}
}

function toMatchMarbleSnapshot(this: MatcherContext, received: unknown, name?: string): MatcherResult {
  const lane = laneOr(received);
  if ('pass' in lane) return lane;
  if (this.isNot === true) return { pass: true, message: () => 'toMatchMarbleSnapshot() has no opposite.' };
  const check = (): MatcherResult => {
    try {
      if (name === undefined) expect(laneText(lane)).toMatchSnapshot();
      else expect(laneText(lane)).toMatchSnapshot(name);
      return { pass: true, message: () => '' };
    } catch (error) {
      return { pass: false, message: () => [`${lane.label} is not as in its snapshot.`, ...snapshotTexts(error)].join('\n') };
    }
  };
  return nowOrLater(lane.run, false, check, toMatchMarbleSnapshot);
}

/** Both texts of a snapshot that differs; what else went wrong, as it is. */
function snapshotTexts(error: unknown): readonly string[] {
  if (!(error instanceof Error) || !('expected' in error) || !('actual' in error)) return [String(error)];
  return ['', 'snapshot', String(error.expected).trim(), '', 'received', String(error.actual).trim()];
}

expect.extend({ ...matchers, toMatchMarbleSnapshot });
beforeEach(beginTest);
afterEach(endTest);
