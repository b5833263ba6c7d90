// A component and its test with Jest, which runs ES modules with `node --experimental-vm-modules node_modules/jest/bin/jest.js`.
import { expect, test } from '@jest/globals';
import { json, onRights, publishTo, QOS } from 'greengrass-rx';
import { t } from 'greengrass-rx/fp';
import { marbles, matchers } from 'greengrass-rx/testing';
import { map } from 'rxjs';

expect.extend(matchers);

const Reading = t.type({ celsius: t.number });

/** Converts. */
const component = proxy =>
  proxy.subscribe({ topicName: 'celsius', qos: QOS.AT_LEAST_ONCE, codec: json(Reading) }).pipe(
    onRights(reading$ =>
      reading$.pipe(
        map(({ value }) => ({ fahrenheit: value.celsius * 1.8 + 32 })),
        publishTo(proxy, reading => ({ topicName: 'fahrenheit', payload: JSON.stringify(reading), qos: QOS.AT_LEAST_ONCE })),
      ),
    ),
  );

test(
  'converts what it can read',
  marbles(({ nucleus, run, published }) => {
    nucleus.messages('celsius', '-a-b-|', { a: { celsius: 100 }, b: 'garbled' });
    const outcomes = run(component(nucleus.proxy));
    expect(published('fahrenheit')).toBeMarble('-a---|', { a: { fahrenheit: 212 } });
    expect(outcomes).toBeMarble('-p-D-|', { p: expect.objectContaining({ by: 'spooler' }) }, { D: 'DecodeFailed' });
  }),
);

test(
  'publishes what it had taken when the connection broke',
  marbles(({ nucleus, run }) => {
    nucleus.messages('celsius', '-a-x-b-|', { a: { celsius: 0 }, b: { celsius: 10 } }, { x: 'drop connection' });
    run(component(nucleus.proxy));
    expect(nucleus).toHavePublished('fahrenheit', { fahrenheit: 32 });
    expect(nucleus).toHavePublished('fahrenheit', { fahrenheit: 50 });
  }),
);
