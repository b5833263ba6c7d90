import * as t from 'io-ts';
import { lastValueFrom, take, toArray } from 'rxjs';
import { expect, it } from 'vitest';
import { json } from '../../src/codec/index.js';
import { concurrently, ledger } from '../../src/flow/index.js';
import { startLocalNucleus } from '../../src/local/index.js';
import { connect } from '../../src/client/connect.js';
import { QOS } from '../../src/shared/qos.js';
import { onRights } from '../../src/stream/index.js';

it('counts the messages of a subscription by its filter, and what was absorbed on the way to the first stage', async () => {
  await using nucleus = await startLocalNucleus({
    profile: 'classic',
    components: [{ name: 'c', accessControl: { 'aws.greengrass.ipc.mqttproxy': { p: { operations: ['*'], resources: ['*'] } } } }],
  });
  await using proxy = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken('c') });
  const subscribed = new Promise<void>(resolve => {
    nucleus.observe(event => {
      if (event.kind === 'subscribed') resolve();
    });
  });
  const results = lastValueFrom(
    proxy.subscribe({ topicName: 'ledger/+', qos: QOS.AT_LEAST_ONCE, codec: json(t.type({ n: t.number })) }).pipe(
      onRights(messages$ =>
        messages$.pipe(
          take(2),
          concurrently(1, async message => message.value.n, { name: 'after-the-ledger-test' }),
        ),
      ),
      toArray(),
    ),
  );
  await subscribed;
  for (const payload of ['{"n":1}', 'garbled', '{"n":2}']) nucleus.publish({ topicName: 'ledger/x', payload });
  expect((await results).map(({ _tag }) => _tag)).toEqual(['Left', 'Right', 'Right']);

  const { stages, feeds } = ledger.snapshot();
  const subscription = stages.find(({ kind, name }) => kind === 'subscription' && name === 'ledger/+');
  expect(subscription).toMatchObject({
    active: 0,
    received: { messages: 3, bytes: 21 },
    emitted: { messages: 2, bytes: 14 },
    failed: { messages: 1, bytes: 7 },
    buffered: { messages: 0, bytes: 0 },
  });
  expect(feeds.find(({ to }) => to === 'after-the-ledger-test')).toMatchObject({ from: ['ledger/+'], sent: 2, received: 2, absorbed: 0 });
});
