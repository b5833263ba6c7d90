import * as t from 'io-ts';
import { filter, map } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { component, type RunContext } from '../../src/component/index.js';
import { json } from '../../src/codec/index.js';
import { publishTo } from '../../src/flow/index.js';
import type { Profile } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { onRights } from '../../src/stream/index.js';
import { marbles } from '../../src/testing/index.js';

const Reading = json(t.type({ celsius: t.number }));

/** Readings from local topics to the cloud, in a unit that the configuration says; each is told locally, too. */
const bridge = component({
  name: 'com.example.Bridge',
  version: '1.0.0',
  config: t.type({ unit: t.string }),
  run: (proxy, _config, { local, config$ }) => ({
    readings: local
      .subscribe({ topic: 'plc/+', codec: Reading })
      .pipe(
        onRights(readings$ =>
          readings$.pipe(publishTo(proxy, ({ value }) => ({ topicName: 'cloud', payload: `${value.celsius}`, qos: QOS.AT_LEAST_ONCE }))),
        ),
      ),
    units: config$.pipe(onRights(configs$ => configs$.pipe(publishTo(local, ({ unit }) => ({ topic: 'units', json: { unit } }))))),
  }),
});

describe.each<Profile>(['classic', 'lite'])('%s', profile => {
  test(
    'local messages and configurations are drawn, and what is published locally is expected',
    marbles(
      ({ nucleus, run, context, expectPublished, expectPublishedLocally, expectNothingDropped }) => {
        nucleus.local.messages('plc/7', '-a-b---c-|', {
          a: { celsius: 1 },
          b: { payload: 'no reading' },
          c: { topic: 'plc/7', json: { celsius: 2 } },
        });
        nucleus.configuration('----k-|', { k: { unit: 'K' } });
        const { readings, units } = bridge.run(nucleus.proxy, { unit: 'C' }, context({ unit: 'C' }));
        run(readings);
        run(units);
        expectPublished('cloud').toBeMarble('-a-----c-|', { a: 1, c: 2 });
        expectPublishedLocally('units').toBeMarble('c---k----|', { c: { unit: 'C' }, k: { unit: 'K' } });
        expectNothingDropped();
      },
      { profile },
    ),
  );

  test(
    'a context needs no argument where there is no configuration',
    marbles(
      ({ context, expectStream }) => {
        const { config$ }: RunContext<undefined> = context();
        expectStream(config$.pipe(map(({ _tag }) => _tag))).toBeMarble('c', { c: 'Right' });
      },
      { profile },
    ),
  );

  test(
    'a drawn configuration is the one the nucleus has, decoded by the stream of it',
    marbles(
      ({ nucleus, expectStream }) => {
        nucleus.configuration('--a--b--x--|', { a: { limit: 1 }, b: { limit: 'two' }, x: { limit: 3 } });
        const limit$ = nucleus.services.configuration.value$(t.type({ limit: t.number }), { keyPath: ['config'] });
        expectStream(limit$.pipe(map(change => (change._tag === 'Right' ? change.right.limit : change.left._tag)))).toBeMarble(
          'i-a--i--c--|',
          {
            i: 'ConfigurationInvalid',
            a: 1,
            c: 3,
          },
        );
      },
      { profile, configuration: { config: {} } },
    ),
  );
});

test(
  'a drawn update is announced, and answered once, with 0 unless it is deferred: then it is announced again, and it is told when it is over',
  marbles(({ nucleus, run, expectStream }) => {
    nucleus.updates('-a-----b');
    let isDeferred = false;
    const phases$ = nucleus.services.lifecycle.updates$.pipe(
      map(update => {
        if (update._tag === 'Left') return 'none';
        if (update.right.phase === 'before' && update.right.deploymentId === 'b' && !isDeferred) {
          isDeferred = true;
          void update.right.defer(5_000)();
        }
        return `${update.right.phase} ${update.right.deploymentId}`;
      }),
    );
    run(phases$);
    expectStream(phases$).toBeMarble('-(ac)--b 4s 999ms (bd)', { a: 'before a', b: 'before b', c: 'after a', d: 'after b' });
    expectStream(
      nucleus.event$.pipe(
        filter(event => event.kind === 'updateAnswered'),
        map(({ deploymentId, recheckAfter }) => `${deploymentId} ${String(recheckAfter)}`),
      ),
    ).toBeMarble('-a-----b 4s 999ms c', { a: 'a 0', b: 'b 5000', c: 'b 0' });
  }),
);

test.each(['hang local publish', 'drop before local publish reply'] as const)(
  'a drawn local message is published while "%s" waits for one of the component, and leaves it to that',
  fault =>
    marbles(
      ({ nucleus, expectStream }) => {
        nucleus.faults('a', { a: fault });
        nucleus.local.messages('plc', '-m', { m: 'x' });
        const arrived$ = nucleus.services.local.subscribe({ topic: 'plc' }).pipe(
          map(({ _tag }) => _tag),
          filter(tag => tag === 'Right'),
        );
        expectStream(arrived$).toBeMarble('-m', { m: 'Right' });
        expectStream(nucleus.services.local.publish$({ topic: 'own', payload: '' }), '--^').toBeMarble(
          fault === 'hang local publish' ? '-- 5ms (x|)' : '--(x|)',
          {},
          { x: fault === 'hang local publish' ? 'TimedOut' : 'ConnectionLost' },
        );
      },
      { connect: { publishTimeout: 5 } },
    )(),
);

test(
  'a connect of the component hangs, whatever is drawn on local topics before',
  marbles(
    ({ nucleus, expectStream }) => {
      nucleus.faults('a', { a: 'hang connect' });
      nucleus.local.messages('plc', '-m', { m: 'x' });
      const publish$ = nucleus.services.local.publish$({ topic: 'own', payload: '' });
      expectStream(publish$.pipe(map(({ _tag }) => _tag)), '--^').toBeMarble('-- 5ms (x|)', { x: 'Left' });
    },
    { connect: { connectTimeout: 5 } },
  ),
);

test('a lane of local messages refuses what no nucleus takes, and a message without a topic', () => {
  const drawn = (lane: string, value: unknown): (() => void) =>
    marbles(
      ({ nucleus, run }) => {
        nucleus.local.messages(lane, 'a', { a: value });
        run(nucleus.services.local.subscribe({ topic: 'a' }));
      },
      { expectations: 'outside' },
    );
  expect(drawn('a', { json: { id: 2 ** 53 } })).toThrow(/beyond 2\^53/);
  expect(drawn('a/+', { celsius: 1 })).toThrow(/does not say its topic/);
  expect(drawn('a/+', { topicName: 'a/b', payload: '' })).toThrow(
    /such as { topic: 'a\/b', payload: … } \(topicName is what nucleus\.messages calls it\)/,
  );
  expect(drawn('a', { topic: 'b', json: {} })).toThrow(/does not fit its lane/);
  expect(drawn('a', 5)).toThrow('The message on the lane "a" is neither text nor bytes nor an object');
  expect(drawn('a', { json: 5 })).toThrow('The message on the lane "a" is neither text nor bytes nor an object');
});
