import type { Rule } from 'eslint';
import { onOperatorCalls } from './message-stream.js';

/** For who only takes apart what is there already. */
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
