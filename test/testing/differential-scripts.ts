import fc from 'fast-check';
import { QOS } from '../../src/qos.js';
import type { Step } from './differential.js';

const topicName = fc.constantFrom('t/a', 't/b', 't/a/deep', 't/own');
const simple = fc.constantFrom<Step['do'] & Exclude<Step, { topicName: string }>['do']>(
  'publish and lose the answer',
  'publish and never hear of it',
  'subscribe and lose the answer',
  'unsubscribe',
  'drop connection',
  'restart',
  'offline',
  'online',
  'lose subscriptions',
  'find subscriptions',
  'end subscriptions',
  'spool full',
  'spool free',
  'cut the next frame',
  'corrupt the next frame',
  'frames in pieces',
  'whole frames',
  'old nucleus',
  'broker down',
  'broker up',
  'no socket for a while',
  'full backlog for a while',
  'drop while connecting',
  'drop after two messages',
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('message' as const), topicName, payload: fc.string({ maxLength: 8 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      topicName: fc.constantFrom('t/own', 't/out', 'forbidden', 't/+', 't/'.repeat(9)),
      qos: fc.constantFrom(QOS.AT_MOST_ONCE, QOS.AT_LEAST_ONCE),
      bytes: fc.constantFrom(0, 3, 6_000, 9_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('subscribe' as const),
      topicName: fc.constantFrom('t/a', 't/+', 't/#', 't/own', 'forbidden'),
      early: fc.constantFrom(undefined, undefined, undefined, 'message' as const, 'burst' as const, 'deny' as const),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: simple }) },
);

/** Random scripts; each begins with a subscription to all there is. */
export const scripts: fc.Arbitrary<readonly Step[]> = fc
  .array(step, { maxLength: 20, size: 'max' })
  .map(steps => [{ do: 'subscribe', topicName: 't/#' }, ...steps]);
