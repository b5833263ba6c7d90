import fc from 'fast-check';
import { QOS } from '../../src/shared/qos.js';
import type { Simple, Step } from './differential.js';

const topicName = fc.constantFrom('t/a', 't/b', 't/a/deep', 't/own');
const simple = fc.constantFrom<Simple>(
  'publish and lose the answer',
  'publish and never hear of it',
  'subscribe and lose the answer',
  'subscribe and never hear of it',
  'unsubscribe',
  'drop connection',
  'restart',
  'offline',
  'online',
  'broker down',
  'broker up',
  'lose subscriptions',
  'find subscriptions',
  'end subscriptions',
  'end subscriptions after a message',
  'spool full',
  'spool free',
  'withhold publish',
  'release publish',
  'withhold pubacks',
  'release pubacks',
  'cut the next frame',
  'corrupt the next frame',
  'frames in pieces',
  'whole frames',
  'old nucleus',
  'no socket for a while',
  'full backlog for a while',
  'drop while connecting',
  'hang while connecting',
  'drop after two messages',
);
/** After these the proxy has failed for good. */
const final = fc.constantFrom<Simple>('restart with other tokens', 'refuse to connect');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 40, arbitrary: fc.record({ do: fc.constant('message' as const), topicName, payload: fc.string({ maxLength: 8 }) }) },
  {
    weight: 30,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      topicName: fc.constantFrom('t/own', 't/out', 'forbidden', 't/+', 't/'.repeat(9)),
      qos: fc.constantFrom(QOS.AT_MOST_ONCE, QOS.AT_LEAST_ONCE),
      bytes: fc.constantFrom(0, 3, 6_000, 9_000),
    }),
  },
  {
    weight: 30,
    arbitrary: fc.record({
      do: fc.constant('subscribe' as const),
      topicName: fc.constantFrom('t/a', 't/+', 't/#', 't/own', 'forbidden'),
      early: fc.constantFrom(undefined, undefined, undefined, 'message' as const, 'burst' as const, 'deny' as const),
    }),
  },
  { weight: 60, arbitrary: fc.record({ do: simple }) },
  { weight: 1, arbitrary: fc.record({ do: final }) },
);

/** Random scripts; each begins with a subscription to all there is. */
export const scripts: fc.Arbitrary<readonly Step[]> = fc
  .array(step, { maxLength: 20, size: 'max' })
  .map(steps => [{ do: 'subscribe', topicName: 't/#' }, ...steps]);
