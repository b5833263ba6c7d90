import { map, pipe, type Observable } from 'rxjs';
import { describe, expect, test } from 'vitest';
import * as t from 'io-ts';
import { json, onRights, publishTo, QOS, rights, type MqttProxy } from '../../src/index.js';
import { concurrently, Ledger } from '../../src/flow/index.js';
import { marbles, type MarbleKit, type MarbleOptions } from '../../src/testing/index.js';
import { nearestTopic } from '../../src/testing/meanwhile.js';
import '../../src/testing/vitest.js';
import { complaint } from './complaint.js';

const meanwhile = (check: (kit: MarbleKit) => void, options?: MarbleOptions): string =>
  complaint(check, options).split('\n\nMeanwhile:\n')[1] ?? '(nothing was said)';

const Reading = t.type({ celsius: t.number });
const alarms = (proxy: MqttProxy, filter = 'sensors/+', to = 'alarm'): Observable<unknown> =>
  proxy.subscribe({ topicName: filter, qos: QOS.AT_LEAST_ONCE, codec: json(Reading) }).pipe(
    onRights(
      pipe(
        map(({ value }) => value.celsius),
        publishTo(proxy, celsius => ({ topicName: to, payload: String(celsius), qos: QOS.AT_LEAST_ONCE })),
      ),
    ),
  );
const hot = { celsius: 90 };

/** What is said of the alarm that is expected at frame 1 and does not come, and why. */
const noAlarm = (why: string): string => `What was published on alarm is not as drawn.

  expected  -n-|
  received  ---|
             ^

  frame 1: expected n, received nothing
  n = 90

Meanwhile:
  frame 1: ${why}`;

describe('under a picture that is not as drawn stands why', () => {
  test('a payload that did not decode', () => {
    expect(
      complaint(({ nucleus, run, expectPublished }) => {
        nucleus.messages('sensors/a', '-a-|', { a: { fahrenheit: 90 } });
        run(alarms(nucleus.proxy));
        expectPublished('alarm').toBeMarble('-n-|', { n: 90 });
      }),
    ).toBe(noAlarm('Left DecodeFailed: A message on "sensors/a" could not be decoded: celsius: expected number, got nothing'));
  });

  test('a test that runs no component', () => {
    expect(
      meanwhile(({ nucleus, expectPublished }) => {
        nucleus.messages('sensors/a', '-a-|', { a: hot });
        expectPublished('alarm').toBeMarble('-n-|', { n: 90 });
      }),
    ).toContain('  run(…) was not called: there is no component to get them');
  });

  test('a component that no lane tells to end', () => {
    const ending = (diagram: string): string =>
      meanwhile(({ nucleus, run, expectPublished }) => {
        nucleus.messages('sensors/a', diagram, { a: hot });
        run(alarms(nucleus.proxy));
        expectPublished('alarm').toBeMarble('-n-|', { n: 90 });
      });
    expect(ending('-a')).toBe('  no lane of the nucleus has a |, at which the component would be told to end');
    expect(ending('-a---|')).toBe('(nothing was said)');
  });

  test('a publish that the policy refused', () => {
    expect(
      complaint(
        ({ nucleus, run, expectPublished }) => {
          nucleus.messages('sensors/a', '-a-|', { a: hot });
          run(alarms(nucleus.proxy));
          expectPublished('alarm').toBeMarble('-n-|', { n: 90 });
        },
        {
          accessControl: {
            'aws.greengrass.ipc.mqttproxy': {
              'alarms:mqttproxy:1': {
                operations: ['aws.greengrass#PublishToIoTCore', 'aws.greengrass#SubscribeToIoTCore'],
                resources: ['sensors/+'],
              },
            },
          },
        },
      ),
    ).toBe(
      noAlarm(
        "the nucleus refused PublishToIoTCore alarm: UnauthorizedError: Not Authorized. To allow it, add 'alarm' to the resources of the policy 'alarms:mqttproxy:1'",
      ),
    );
  });

  test('a topic misspelt in the lane', () => {
    expect(
      complaint(({ nucleus, run, expectPublished }) => {
        nucleus.messages('sensor/a', '-a-|', { a: hot });
        run(alarms(nucleus.proxy));
        expectPublished('alarm').toBeMarble('-n-|', { n: 90 });
      }),
    ).toBe(noAlarm('nobody was subscribed to sensor/a, but to sensors/+: is one of them misspelt?'));
  });

  test('a topic misspelt in the expectation', () => {
    expect(
      meanwhile(({ nucleus, run, expectPublished, expectSubscriptions }) => {
        nucleus.messages('sensors/a', '-a-|', { a: hot });
        run(alarms(nucleus.proxy));
        expectPublished('alram').toBeMarble('-n-|', { n: 90 });
        expectSubscriptions('sensors/').toBe('^--!');
      }),
    ).toMatchInlineSnapshot(`
      "  nothing was published on alram, but on alarm: is one of them misspelt?
        nobody was subscribed to sensors/, but to sensors/+: is one of them misspelt?"
    `);
  });

  test('values that a stage dropped', () => {
    const ledger = new Ledger();
    expect(
      meanwhile(
        ({ cold, run, expectLane, time }) => {
          const busy = time('---|');
          const values$ = cold('(abcd)-|').pipe(
            concurrently(1, value => cold(`${'-'.repeat(busy)}(x|)`, { x: value }), {
              name: 'slow',
              buffer: { messages: 1, onFull: 'dropOldest' },
              ledger,
            }),
            rights(),
          );
          expectLane(run(values$)).toBeMarble('---a--b--c--(d|)');
        },
        { ledger },
      ),
    ).toMatchInlineSnapshot(`"  slow dropped 2 of 4 messages"`);
  });

  test('a message that came before the subscription, after it, and to nobody at all; of local topics too', () => {
    expect(
      meanwhile(({ nucleus, run, expectPublished }) => {
        nucleus.messages('sensors/a', '-a-a---a', { a: hot });
        nucleus.messages('plant/stop', '--x--x--x--x');
        nucleus.local.messages('plc/7', '-----x');
        run(alarms(nucleus.proxy), '--^-!');
        expectPublished('alarm').toBeMarble('-n-n---n', { n: 90 });
      }),
    ).toMatchInlineSnapshot(`
      "  frame 1: nobody was subscribed to sensors/a yet: the subscription began at frame 2
        frames 2, 5, 8 and 1 more: nobody was subscribed to plant/stop, only to sensors/+
        frame 5: nobody was subscribed to the local topic plc/7, nor to anything else
        frame 7: nobody was subscribed to sensors/a any more: the subscription ended at frame 4"
    `);
  });

  test('and nothing where nothing was said, nor what the picture says already', () => {
    expect(
      complaint(({ nucleus, run, expectPublished }) => {
        nucleus.messages('sensors/a', '-a-|', { a: hot });
        run(alarms(nucleus.proxy));
        expectPublished('alarm').toBeMarble('-n-|', { n: 80 });
      }),
    ).not.toContain('Meanwhile');
  });

  test('at most ten lines, and the same only once', () => {
    const said = meanwhile(({ nucleus, run, expectPublished }) => {
      nucleus.messages('sensors/a', '-a-a-a-a-a|', { a: 'no JSON' });
      for (let i = 0; i < 30; i++) nucleus.messages(`lane/${i}`, '-a');
      run(alarms(nucleus.proxy));
      expectPublished('alarm').toBeMarble('-n-|', { n: 90 });
    }).split('\n');
    expect(said).toHaveLength(11);
    expect(said[0]).toMatch(/^ {2}frames 1, 3, 5 and 2 more: Left DecodeFailed: /);
    expect(said.at(-1)).toBe('  and 21 more');
  });

  test('with the matchers of a test framework, and after the run, too', () => {
    const misspelt = ({ nucleus, run }: MarbleKit): void => {
      nucleus.messages('sensor/a', '-a-|', { a: hot });
      run(alarms(nucleus.proxy));
    };
    const why = 'nobody was subscribed to sensor/a, but to sensors/+: is one of them misspelt?';
    expect(
      complaint(kit => {
        misspelt(kit);
        expect(kit.nucleus).toHavePublished('alarm');
      }),
    ).toContain(why);
    let kept: MarbleKit | undefined;
    marbles(
      kit => {
        misspelt(kit);
        kept = kit;
      },
      { expectations: 'outside' },
    )();
    expect(() => kept?.expectPublished('alarm').toBeMarble('-n-|', { n: 90 })).toThrow(why);
    expect(() => expect(kept?.published('alarm')).toBeMarble('-n-|', { n: 90 })).toThrow(why);
  });
});

describe('the nearest topic', () => {
  test.each([
    ['sensor/a', 'sensors/+'],
    ['alram', 'alarm'],
    ['Sensors/a/temp', 'sensors/a/temp'],
    ['sensors/a/temp', 'sensors/+'],
    ['plant/7/temperature', 'plants/+/temprature'],
  ])('of %s is %s', (wanted, near) => {
    expect(nearestTopic(wanted, ['far/away', near, 'x'])).toBe(near);
  });

  test.each([
    ['alarm', 'in'],
    ['a', 'b'],
    ['cmd/a', 'sensors/#'],
    ['plc/7', 'plant/7'],
  ])('of %s is not %s', (wanted, far) => {
    expect(nearestTopic(wanted, [far])).toBeUndefined();
  });

  test('is the one that differs least, and never the topic itself', () => {
    expect(nearestTopic('alarm', ['alrm', 'alarms', 'alarm', 'alram'])).toBe('alrm');
  });
});
