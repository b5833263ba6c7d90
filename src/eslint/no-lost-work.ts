import type { Rule } from 'eslint';
import { onOperatorCalls } from './message-stream.js';

/** Operators that take a function's result as it is: a promise is a value to them, and nobody waits for it. */
const TAKE_RESULTS: ReadonlySet<string> = new Set([
  'map',
  'tap',
  'filter',
  'scan',
  'reduce',
  'takeWhile',
  'skipWhile',
  'distinctUntilChanged',
  'find',
  'findIndex',
  'every',
  'partition',
]);

/** Operators that give up work, and what becomes of a message then. */
const GIVE_UP: Readonly<Record<string, string>> = {
  switchMap: 'gives up the work on a message when the next one comes',
  exhaustMap: 'throws away what comes while it works on a message',
  switchScan: 'gives up the work on a message when the next one comes',
};

/**
 * Points out work on messages that is lost: `async` in an operator that does not wait for it, whose errors are unhandled rejections (a
 * `filter` lets all pass), and `switchMap` and `exhaustMap`, which give up the work on messages.
 */
export const noLostWork: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: { description: 'Disallow async functions in operators that do not wait for them, and operators that give up work on messages.' },
    schema: [],
    messages: {
      notAwaited:
        "{{name}} does not wait for an async function: a promise goes on in the place of its result, and its errors are nobody's. Use concurrently(n, async value => …) from greengrass-rx.",
      givenUp:
        '{{name}} {{what}}. Use concurrently(n, project, { buffer }) from greengrass-rx, which works on each; or, where the latest alone counts, say so in a comment that disables this rule.',
    },
  },
  create: context =>
    onOperatorCalls(({ node, callee, name, isOnMessages }) => {
      const isAsync = node.arguments.some(
        argument => (argument.type === 'ArrowFunctionExpression' || argument.type === 'FunctionExpression') && argument.async === true,
      );
      if (TAKE_RESULTS.has(name) && isAsync) context.report({ node: callee, messageId: 'notAwaited', data: { name } });
      const what = GIVE_UP[name];
      if (what !== undefined && isOnMessages()) context.report({ node: callee, messageId: 'givenUp', data: { name, what } });
    }),
};
