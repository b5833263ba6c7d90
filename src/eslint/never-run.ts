import type { Rule } from 'eslint';
import type { Expression } from 'estree';
import { isOnSubscription, isRequest, methodOf } from './message-stream.js';

/** Methods of a proxy that give a task. */
const TASKS: ReadonlySet<string> = new Set(['publish', 'drain', 'ready']);

/**
 * Points out a task that nobody runs: `proxy.publish(request)` publishes nothing before it is called once more. TypeScript refuses to
 * `await` it; this rule also sees a statement that drops it, and plain JavaScript.
 */
export const noUnrunTask: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: { description: 'Disallow tasks of a proxy that are never run.' },
    schema: [],
    messages: { unrun: '{{name}}(…) gives a task that does nothing until it is called: {{name}}(…)().' },
  },
  create: context => {
    const check = (expression: Expression): void => {
      const inner =
        expression.type === 'AwaitExpression' || (expression.type === 'UnaryExpression' && expression.operator === 'void')
          ? expression.argument
          : expression;
      if (inner.type !== 'CallExpression') return;
      const name = methodOf(inner);
      if (name === undefined || !TASKS.has(name)) return;
      // Others have methods of these names too: ours takes a request, or is a task that somebody awaits.
      const isOurs = name === 'publish' ? isRequest(inner.arguments[0]) : expression !== inner;
      if (isOurs) context.report({ node: inner, messageId: 'unrun', data: { name } });
    };
    return {
      ExpressionStatement: node => {
        check(node.expression);
      },
      'VariableDeclarator > AwaitExpression': (node: Expression) => {
        check(node);
      },
    };
  },
};

/** Methods that give an Observable of a request. */
const STREAMS: ReadonlySet<string> = new Set(['subscribe', 'publish$']);

/**
 * Points out a stream of messages that nobody subscribes to: `proxy.subscribe(request)` gives an Observable, and asks the nucleus for
 * nothing until somebody subscribes to that. The same holds of a pipeline on it, and of `publish$(request)` as a statement.
 */
export const noUnsubscribed: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: { description: 'Disallow streams of messages that nobody subscribes to.' },
    schema: [],
    messages: {
      unsubscribed:
        'Nobody subscribes to this: {{name}}(…) gives an Observable that does nothing before. Return it as a branch of the component, or end it with runToEnd(…).',
    },
  },
  create: context => ({
    ExpressionStatement: ({ expression }) => {
      if (expression.type !== 'CallExpression') return;
      const name = methodOf(expression);
      if (name === undefined) return;
      const isBare = STREAMS.has(name) && isRequest(expression.arguments[0]);
      if (isBare || (name === 'pipe' && isOnSubscription(expression)))
        context.report({ node: expression, messageId: 'unsubscribed', data: { name: isBare ? name : 'subscribe' } });
    },
  }),
};
