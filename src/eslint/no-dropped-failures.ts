import type { Rule } from 'eslint';
import { ImportedNames, isCallOf } from './message-stream.js';

/**
 * Points out `rights()`, which throws every failure away: a component whose token is refused or whose policy lacks a topic then ends with
 * exit code 0, as if all were well.
 */
export const noDroppedFailures: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: { description: 'Disallow rights(), which drops failures.' },
    schema: [],
    messages: {
      dropped:
        'rights() drops every failure, terminal ones too. Use onRights(…) to work on the results and let failures pass, and runToEnd(…) at the end.',
    },
  },
  create: context => {
    const library = new ImportedNames(['greengrass-rx']);
    return {
      ImportDeclaration: node => {
        library.add(node);
      },
      CallExpression: node => {
        if (isCallOf(node, 'rights', library)) context.report({ node, messageId: 'dropped' });
      },
    };
  },
};
