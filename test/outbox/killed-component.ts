/**
 * A component that stores and forwards until it is killed. What was told as stored it writes to its standard output, a value a line.
 *
 * Arguments: socket, token, file, 'accepted' or 'confirmed', 'share' or 'inTurn', first value, number of values, and whether it ends when
 * all is sent.
 */
import { writeSync } from 'node:fs';
import { concatMap, from, timer } from 'rxjs';
import { connect } from '../../src/client/connect.js';
import { forwardFrom, openOutbox, storeIn } from '../../src/outbox/index.js';
import { QOS } from '../../src/shared/qos.js';

const [socketPath = '', authToken = '', path = '', deleteWhen, live, first = '0', count = '0', ends = 'no'] = process.argv.slice(2);

/** At once, so that a kill takes nothing that was said. Who reads it may be slow: the pipe is full then. */
const say = (handle: 1 | 2, text: string): void => {
  for (let rest = Buffer.from(text); rest.length > 0;)
    try {
      rest = rest.subarray(writeSync(handle, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
};

const proxy = connect({ socketPath, authToken, reconnect: { delay: () => 50, resetAfter: undefined } });
const outbox = openOutbox({
  path,
  mark: 'wrap',
  commit: { messages: 5, within: 2 },
  ...(deleteWhen === 'confirmed' ? { deleteWhen: 'confirmed' as const, topics: ['k/+'] } : {}),
});
const values = Array.from({ length: Number(count) }, (_, i) => Number(first) + i);
from(values)
  .pipe(
    concatMap(value => timer(value % 10 === 0 ? 2 : 0).pipe(concatMap(() => [value]))),
    storeIn(outbox, value => ({ topicName: `k/${value % 3}`, payload: `${value}`, qos: QOS.AT_LEAST_ONCE })),
  )
  .subscribe(outcome => {
    if (outcome._tag === 'Right') say(1, `${outcome.right.value}\n`);
  });
forwardFrom(outbox, proxy, { messagesPerSecond: 5_000, inFlight: 8, confirmWithin: 500, ...(live === 'inTurn' ? { live } : {}) }).subscribe(
  outcome => {
    if (outcome._tag === 'Left') say(2, `${outcome.left.message}\n`);
  },
);
if (ends === 'ends')
  outbox.depth$.subscribe(({ counts, messages }) => {
    if (counts.stored > 0 && messages === 0) void outbox.close().then(() => process.exit(0));
  });
