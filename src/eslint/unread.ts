import type { Rule } from 'eslint';
import type { CallExpression, Expression, Node } from 'estree';
import { callsOf, ImportedNames, isCallOf, isRequest, methodOf } from './message-stream.js';
import { givesFunction, isOnAnother } from './receiver.js';

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
      const inner = withoutAwait(expression);
      if (inner.type !== 'CallExpression') return;
      const name = methodOf(inner);
      if (name === undefined || !TASKS.has(name)) return;
      // Others have methods of these names too: ours takes a request, or is a task that somebody awaits.
      const looksOurs = name === 'publish' ? isRequest(inner.arguments[0]) : expression !== inner;
      if (!looksOurs) return;
      if (givesFunction(inner, context.sourceCode) ?? !isOnAnother(inner, context.sourceCode))
        context.report({ node: inner, messageId: 'unrun', data: { name } });
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

/** What of this library stands in a `.pipe(…)` of Node: all else that does is an operator, and the pipeline one of RxJS. */
const NODE_STREAMS: ReadonlySet<string> = new Set(['publishWritable']);

/** What of this library gives an Observable by itself. */
const SOURCES: ReadonlySet<string> = new Set(['pullThrough', 'forwardFrom', 'mergeW']);

/** What is awaited, or declared to be of no interest: neither subscribes to an Observable. */
function withoutAwait(expression: Expression): Expression {
  return expression.type === 'AwaitExpression' || (expression.type === 'UnaryExpression' && expression.operator === 'void')
    ? expression.argument
    : expression;
}

/**
 * Points out a stream that nobody subscribes to: `proxy.subscribe(request)` gives an Observable, and asks the nucleus for
 * nothing until somebody subscribes to that. The same holds of a pipeline on it, of `publish$(request)` as a statement, and of any
 * pipeline with an operator of this library in it, such as `from(list).pipe(publishTo(…))`, or made by `pullThrough`.
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
  create: context => {
    const library = new ImportedNames([
      ...['greengrass-rx', 'greengrass-rx/flow', 'greengrass-rx/outbox', 'greengrass-rx/sinks', 'greengrass-rx/operators'],
    ]);
    const sourceOf = (call: CallExpression): string | undefined => {
      const source = library.called(call);
      if (source !== undefined && SOURCES.has(source)) return source;
      const name = methodOf(call);
      return name !== undefined && STREAMS.has(name) && isRequest(call.arguments[0]) ? name : undefined;
    };
    /** What gives the stream that nobody subscribes to, if it is one of ours. */
    const streamOf = (expression: CallExpression): string | undefined => {
      if (methodOf(expression) !== 'pipe') return sourceOf(expression);
      const calls = callsOf(expression);
      const operators = calls
        .filter(call => methodOf(call) === 'pipe')
        .flatMap(call => call.arguments)
        .flatMap(argument => library.called(argument) ?? []);
      return calls.map(sourceOf).find(found => found !== undefined) ?? operators.find(operator => !NODE_STREAMS.has(operator));
    };
    return {
      ImportDeclaration: node => {
        library.add(node);
      },
      ExpressionStatement: node => {
        const expression = withoutAwait(node.expression);
        const name = expression.type === 'CallExpression' ? streamOf(expression) : undefined;
        if (name !== undefined) context.report({ node: expression, messageId: 'unsubscribed', data: { name } });
      },
    };
  },
};

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

/** `proxy.publish(request)()`: what its promise resolves with is an Either. */
function isPublishing({ callee }: CallExpression): boolean {
  return callee.type === 'CallExpression' && methodOf(callee) === 'publish' && isRequest(callee.arguments[0]);
}

/** Whether the last node of a path, which leads from the outside in, stands in the block of a `try` that has a `catch`. */
function isTried(path: readonly Node[]): boolean {
  for (let i = path.length - 1; i > 0; i--) {
    const [outer, inner] = [path[i - 1], path[i]];
    // A function has a stack of its own.
    if (outer?.type.includes('Function') === true) return false;
    if (outer?.type === 'TryStatement' && outer.handler && outer.block === inner) return true;
  }
  return false;
}

/**
 * Points out a publish whose outcome nobody reads. `await proxy.publish(request)()` never rejects: that the policy lacks the topic, or the
 * device is offline, is a `Left` that is thrown away, and a `catch` around it is never reached. `void proxy.publish(request)()` says that
 * the outcome is of no interest.
 */
export const noUnreadOutcome: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: { description: 'Disallow publishes whose outcome nobody reads.' },
    schema: [],
    messages: {
      unread:
        'Nobody reads what became of this publish: its failure is a Left, not a rejection. Read the result, use publishOrThrow(port, request), or say void.',
      neverCaught:
        'publish(…)() never rejects, so this catch is never reached: its failure is a Left. Read the result, or use publishOrThrow(port, request), which rejects with it.',
    },
  },
  create: context => {
    const check = (node: Rule.Node, expression: Expression): void => {
      const call = expression.type === 'AwaitExpression' ? expression.argument : expression;
      if (call.type !== 'CallExpression' || !isPublishing(call)) return;
      const messageId =
        expression.type === 'AwaitExpression' && isTried([...context.sourceCode.getAncestors(node), node]) ? 'neverCaught' : 'unread';
      context.report({ node: call, messageId });
    };
    return {
      ExpressionStatement: node => check(node, node.expression),
    };
  },
};
