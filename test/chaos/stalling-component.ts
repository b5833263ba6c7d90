// A process whose event loop can stand still. For each message from its parent it connects and subscribes; once subscribed it blocks
// until a byte comes on its stdin. Then it goes on until a message says `end`, and tells its parent what the subscription brought,
// one word each. Run by slow-reader.test.ts.
import { readSync, writeSync } from 'node:fs';
import type { TransportName } from '../../src/shared/profile.js';
import { connect } from '../../src/client/connect.js';
import { QOS } from '../../src/shared/qos.js';
import { fixed } from '../../src/schedule/index.js';

process.on('message', (options: { readonly socketPath: string; readonly authToken: string; readonly transport: TransportName }) => {
  const proxy = connect({ ...options, reconnect: fixed(1) });
  process.once('disconnect', () => void proxy.close());
  const brought: string[] = [];
  let stalled = false;
  proxy
    .subscribe({
      topicName: 'test/#',
      qos: QOS.AT_LEAST_ONCE,
      onStatus: ({ status }) => {
        if (status !== 'active') return;
        if (stalled) {
          process.send?.('active again');
          return;
        }
        stalled = true;
        writeSync(1, 'stalled\n');
        readSync(0, Buffer.alloc(1));
      },
    })
    .subscribe(message => {
      const word = message._tag === 'Left' ? message.left._tag : Buffer.from(message.right.payload).toString().trimStart();
      brought.push(word);
      if (word === 'end') void proxy.close().then(() => process.send?.(brought));
    });
});

process.send?.('ready');
