// A component whose event loop stands still: once subscribed it blocks until a byte comes on its stdin. Then it goes on until a
// message says `end`, and prints what the subscription brought, one word a line. Run by slow-reader.test.ts.
import { readSync, writeSync } from 'node:fs';
import { connect } from '../../src/proxy/connect.js';
import { QOS } from '../../src/qos.js';
import { fixed } from '../../src/schedule/index.js';

const proxy = connect({ reconnect: fixed(1) });
const brought: string[] = [];
let stalled = false;
proxy
  .subscribe({
    topicName: 'test/#',
    qos: QOS.AT_LEAST_ONCE,
    onStatus: ({ status }) => {
      if (status !== 'active' || stalled) return;
      stalled = true;
      writeSync(1, 'stalled\n');
      readSync(0, Buffer.alloc(1));
    },
  })
  .subscribe(message => {
    const word = message._tag === 'Left' ? message.left._tag : Buffer.from(message.right.payload).toString().trimStart();
    brought.push(word);
    if (word !== 'end') return;
    writeSync(1, brought.join('\n'));
    void proxy.close();
  });
