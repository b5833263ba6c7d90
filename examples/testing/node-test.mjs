// A component and its test with node:test. Run with `node --test node-test.mjs`.
import { onRights, publishTo, QOS } from 'greengrass-rx';
import { marbles } from 'greengrass-rx/testing';
import { describe, test } from 'node:test';
import { filter, map } from 'rxjs';

const text = payload => Buffer.from(payload).toString();

/** Passes on what is urgent. */
const component = proxy =>
  proxy.subscribe({ topicName: 'events/#', qos: QOS.AT_LEAST_ONCE }).pipe(
    onRights(event$ =>
      event$.pipe(
        map(({ payload }) => text(payload)),
        filter(event => event.startsWith('urgent')),
        publishTo(proxy, event => ({ topicName: 'alarms', payload: event, qos: QOS.AT_LEAST_ONCE })),
      ),
    ),
  );

describe('the alarm component', () => {
  test(
    'passes on what is urgent',
    marbles(({ nucleus, run, expectPublished }) => {
      nucleus.messages('events/door', '-a-b-|', { a: 'closed', b: 'urgent: open' });
      run(component(nucleus.proxy));
      expectPublished('alarms').toBeMarble('---b-|', { b: 'urgent: open' });
    }),
  );

  test(
    'may not publish elsewhere',
    marbles(
      ({ nucleus, run, expectLane }) => {
        nucleus.messages('events/door', '-a-|', { a: 'urgent: open' });
        expectLane(run(component(nucleus.proxy))).toBeMarble('-U-|', {}, { U: 'Unauthorized' });
      },
      {
        accessControl: {
          'aws.greengrass.ipc.mqttproxy': {
            'alarm:mqttproxy:1': { operations: ['aws.greengrass#SubscribeToIoTCore'], resources: ['events/*'] },
          },
        },
      },
    ),
  );
});
