import type { Rule } from 'eslint';
import { isOnSubscription, isRequest, methodOf } from './message-stream.js';

/** Methods that give an Observable of a request. */
const STREAMS: ReadonlySet<string> = new Set(['subscribe', 'publish$']);

/**
 * Points out a stream of messages that nobody subscribes to: `proxy.subscribe(request)` gives an Observable, and asks the nucleus for nothing before that is
 * subscribed to. Of the same kind are its pipeline and `publish$(request)` as a statement.
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
