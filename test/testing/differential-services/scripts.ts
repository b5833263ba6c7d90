import fc from 'fast-check';
import type { LocalPublishRequest } from '../../../src/client/local-message.js';
import { SCRIPT_FAULTS, type Step } from './services.js';

/** An object in an object, to this depth. */
const nested = (levels: number): object => (levels === 1 ? {} : { a: nested(levels - 1) });

const topic = fc.constantFrom('t/a', 't/b', 't/a/deep', 't/own');
const message: fc.Arbitrary<LocalPublishRequest> = fc.oneof(
  fc.record({ topic, payload: fc.string({ maxLength: 8 }) }),
  fc.record({ topic, json: fc.constantFrom({ celsius: 21.5 }, { id: 'a', list: [1, null, true], text: 'é\u2028' }, {}) }),
);
/** What a nucleus refuses, or this library before it. */
const odd: fc.Arbitrary<LocalPublishRequest> = fc.constantFrom(
  { topic: 'forbidden', payload: 'x' },
  { topic: 't/+', payload: 'x' },
  { topic: `t/${'a'.repeat(300)}`, payload: 'x' },
  { topic: 't/own', payload: 'x'.repeat(8_000) },
  { topic: 't/own', json: nested(14) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 30, arbitrary: fc.record({ do: fc.constant('neighbour publishes' as const), request: message }) },
  { weight: 25, arbitrary: fc.record({ do: fc.constant('publish' as const), request: fc.oneof(message, message, odd) }) },
  {
    weight: 20,
    arbitrary: fc.record({
      do: fc.constant('subscribe' as const),
      topic: fc.constantFrom('t/a', 't/+', 't/#', 't/own', 'forbidden'),
      receiveMode: fc.constantFrom(undefined, undefined, 'RECEIVE_ALL_MESSAGES' as const, 'RECEIVE_MESSAGES_FROM_OTHERS' as const),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('follow' as const),
      keyPath: fc.constantFrom(['config'], ['config', 'limit'], ['nowhere']),
    }),
  },
  {
    weight: 15,
    arbitrary: fc.record({
      do: fc.constant('deploy' as const),
      config: fc.record({ limit: fc.constantFrom(1, 2, 3, 'many'), unit: fc.constantFrom('C', 'K') }),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.constantFrom<Step>(
      { do: 'update', value: { limit: 4 }, keyPath: ['config'] },
      { do: 'update', value: { limit: 5 }, keyPath: ['config'] },
      { do: 'update', value: { note: 'new' }, keyPath: ['config', 'more'] },
      { do: 'update', value: { a: 1 }, keyPath: ['config', 'limit'] },
      { do: 'update', value: { accessControl: {} }, keyPath: [] },
    ),
  },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('report' as const), state: fc.constantFrom('RUNNING' as const, 'ERRORED' as const) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('watch updates' as const), recheckAfter: fc.constantFrom(undefined, undefined, 4_999) }),
  },
  { weight: 12, arbitrary: fc.constant<Step>({ do: 'announce an update' }) },
  { weight: 6, arbitrary: fc.constant<Step>({ do: 'unsubscribe' }) },
  { weight: 60, arbitrary: fc.constantFrom(...SCRIPT_FAULTS).map((fault): Step => ({ do: fault })) },
);

/** Faults that last until a word, with something that happens during and after them: by chance alone these seldom meet. */
const SPELLS = [
  ['kill nucleus', 'start nucleus'],
  ['withhold local publish', 'release local publish'],
  ['withhold local subscribe', 'release local subscribe'],
  ['withhold configuration', 'release configuration'],
  ['lose local subscriptions', 'find local subscriptions'],
  ['stop configuration daemon', 'start configuration daemon'],
  ['stop pubsub daemon', 'start pubsub daemon'],
] as const;
const spell: fc.Arbitrary<readonly Step[]> = fc
  .tuple(fc.constantFrom(...SPELLS), step, step)
  .map(([[begin, end], within, after]) => [{ do: begin }, within, { do: end }, after]);

/** Random scripts; each begins with a component that uses all there is. */
export const scripts: fc.Arbitrary<readonly Step[]> = fc
  .array(fc.oneof({ weight: 4, arbitrary: step.map(one => [one]) }, { weight: 1, arbitrary: spell }), { maxLength: 12, size: 'max' })
  .map(steps => [{ do: 'subscribe', topic: 't/#' }, { do: 'follow', keyPath: ['config'] }, { do: 'watch updates' }, ...steps.flat()]);
