import type { Rule } from 'eslint';
import { ImportedNames, methodOf, onOperatorCalls } from './message-stream.js';

/** What to use where an array is only taken apart. */
const FLATTEN = ', or (where arrays are taken apart) flattenIterable(project)';

/** RxJS operators that hold values without a bound, and what to put in the place of each. */
const REMEDIES: Readonly<Record<string, string>> = {
  mergeMap: 'concurrently(n, project, { ordered: false, buffer })' + FLATTEN,
  flatMap: 'concurrently(n, project, { ordered: false, buffer })' + FLATTEN,
  concatMap: 'concurrently(1, project, { buffer })' + FLATTEN,
  mergeAll: 'concurrently(n, inner => inner, { ordered: false, buffer })' + FLATTEN,
  concatAll: 'concurrently(1, inner => inner, { buffer })' + FLATTEN,
  mergeScan: 'scan for the state and concurrently(1, project, { buffer }) for the work',
  expand: 'concurrently(n, project, { buffer }) with a bound of your own on the depth',
  zip: 'combineLatest or withLatestFrom, which keep only the latest of each, or (to pace a stream) governRate({ messagesPerSecond, buffer })',
  zipWith:
    'combineLatestWith or withLatestFrom, which keep only the latest of each, or (to pace a stream) governRate({ messagesPerSecond, buffer })',
  zipAll: 'combineLatestAll, which keeps only the latest of each',
  delay: 'concurrently(n, value => of(value).pipe(delay(…)), { buffer }), or (to pace a stream) governRate({ messagesPerSecond, buffer })',
  delayWhen: 'concurrently(n, value => of(value).pipe(delayWhen(…)), { buffer })',
  observeOn: 'nothing: stages hand over in bounded steps by themselves',
  bufferTime:
    'batch({ messages, bytes, within }), which is bounded and arms its timer only when something waits, or (for a result of the values) tumbling({ size, key, aggregate })',
  buffer: 'batch({ messages, bytes, within })',
  bufferToggle: 'batch({ messages, bytes, within })',
  bufferWhen: 'batch({ messages, bytes, within })',
  toArray: 'batch({ messages, bytes, within }), or a window such as tumbling({ size, key, aggregate })',
};

/**
 * Points from RxJS' hidden queues, between a subscription and its end, to the stage that replaces each. `mergeMap(project, 4)` works on
 * four messages and keeps all others in an array without a limit: 234 of 300 in a measured case, and 46 µs a message with 300 000 in it.
 */
export const noHiddenQueue: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: { description: 'Disallow RxJS operators that queue messages without a bound.' },
    schema: [],
    messages: { hiddenQueue: '{{name}} queues messages without a bound. Use {{remedy}} from greengrass-rx.' },
  },
  create: context =>
    onOperatorCalls(({ callee, name, isOnMessages }) => {
      const remedy = REMEDIES[name];
      if (remedy !== undefined && isOnMessages()) context.report({ node: callee, messageId: 'hiddenQueue', data: { name, remedy } });
    }),
};

/** Stages that have a pull form, and drop what is pushed into them faster than they work. */
const STAGES: ReadonlySet<string> = new Set(['publishTo', 'concurrently', 'storeIn']);

/** What RxJS makes of something that could wait until it is asked. A list that is written out is short. */
const PUSHES: ReadonlySet<string> = new Set(['from', 'range', 'generate']);

/**
 * Points from `from(list).pipe(publishTo(…))` to the pull form. All of the list comes at once, the stage's buffer holds 1 000 of it, and
 * drops the rest; what can be pulled is read only when there is room.
 */
export const noPushedSource: Rule.RuleModule = {
  meta: {
    type: 'problem',
    docs: { description: 'Disallow pushing a list, a file or a generator into a stage that drops what it has no room for.' },
    schema: [],
    messages: {
      pushed:
        '{{source}}(…) pushes all it has at once, and {{stage}} drops what its buffer does not hold. Pull it: pullThrough(source, {{stage}}(…)).',
    },
  },
  create: context => {
    const rxjs = new ImportedNames(['rxjs']);
    const library = new ImportedNames(['greengrass-rx', 'greengrass-rx/flow', 'greengrass-rx/outbox']);
    return {
      ImportDeclaration: node => {
        rxjs.add(node);
        library.add(node);
      },
      CallExpression: node => {
        if (methodOf(node) !== 'pipe' || node.callee.type !== 'MemberExpression') return;
        const { object } = node.callee;
        const source = rxjs.called(object);
        const [first] = node.arguments;
        const stage = first === undefined ? undefined : library.called(first);
        if (source === undefined || !PUSHES.has(source) || stage === undefined || !STAGES.has(stage)) return;
        if (object.type === 'CallExpression' && object.arguments[0]?.type === 'ArrayExpression') return;
        context.report({ node: object, messageId: 'pushed', data: { source, stage } });
      },
    };
  },
};

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
