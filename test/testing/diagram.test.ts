import fc from 'fast-check';
import { TestScheduler } from 'rxjs/testing';
import { describe, expect, test } from 'vitest';
import { lengthOf, parseDiagram, parseSpan } from '../../src/testing/diagram.js';

const time = fc
  .tuple(fc.constantFrom('7', '12', '1.5', '0'), fc.constantFrom('ms', 's', 'm'))
  .map(([amount, unit]) => ` ${amount}${unit} `);
const mark = fc.constantFrom('a', 'B', '7', '🌡', '°', '-', '--', ' ', '  ', '|', '#');
const group = fc.array(fc.constantFrom('a', 'b', '3', '-', ' '), { minLength: 1, maxLength: 4 }).map(marks => `(${marks.join('')})`);
const diagram = fc.array(fc.oneof({ weight: 4, arbitrary: mark }, group, time), { maxLength: 20 }).map(parts => parts.join(''));

/** Runs in RxJS' run mode, in which a frame is a millisecond. */
const inRun = <A>(work: () => A): A => new TestScheduler(() => undefined).run(work);

describe('a diagram', () => {
  test('is read as RxJS reads it', () => {
    fc.assert(
      fc.property(diagram, text => {
        const rxjs = inRun(() =>
          TestScheduler.parseMarbles(text, undefined, undefined, false, true).map(({ frame: at, notification: { kind, ...rest } }) =>
            kind === 'N' ? { at, kind, symbol: (rest as { value: string }).value } : { at, kind },
          ),
        );
        expect(parseDiagram(text)).toEqual(rxjs);
      }),
      { numRuns: 2_000 },
    );
  });

  test('of a subscription too', () => {
    const quiet = fc.array(fc.oneof(fc.constantFrom('-', '--', ' '), time), { maxLength: 5 }).map(parts => parts.join(''));
    fc.assert(
      fc.property(quiet, fc.constantFrom('^', '(^!)', '^!', '^--!', '^ 1.5s !', '^ - !'), quiet, (before, span, after) => {
        const text = `${before}${span}${after}`;
        const { subscribedFrame, unsubscribedFrame } = inRun(() => TestScheduler.parseMarblesAsSubscriptions(text, true));
        expect(parseSpan(text)).toEqual({ from: subscribedFrame, to: unsubscribedFrame });
      }),
    );
  });

  test('counts from its "^"', () => {
    expect(parseDiagram('-a-^-b')).toEqual([
      { at: -2, kind: 'N', symbol: 'a' },
      { at: 2, kind: 'N', symbol: 'b' },
    ]);
  });

  test('of a day is read at once', () => {
    expect(lengthOf('999ms a '.repeat(86_400))).toBe(86_400_000 - 1);
  });

  test.each([
    ['-a!', 'The diagram "-a!" has a "!", which only diagrams of subscriptions may have.'],
    ['-(ab', 'The diagram "-(ab" has a group that is not closed.'],
    ['-ab)', 'The diagram "-ab)" closes a group that it has not opened.'],
    ['(a(b))', 'The diagram "(a(b))" has a group within a group.'],
  ])('%s is refused in words', (text, message) => {
    expect(() => parseDiagram(text)).toThrow(new TypeError(message));
  });

  test.each([
    ['^-^', 'The diagram "^-^" is none of a subscription: it may have one "^" and one "!".'],
    ['-a-', 'The diagram "-a-" is none of a subscription: it may have one "^" and one "!".'],
    ['--!', 'The diagram "--!" does not say when the subscription begins: it has no "^".'],
  ])('%s is refused as one of a subscription', (text, message) => {
    expect(() => parseSpan(text)).toThrow(new TypeError(message));
  });
});
