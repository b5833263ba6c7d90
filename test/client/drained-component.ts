// A component as Greengrass runs it. What comes stays in the works until the component is told to stop; then it is published,
// or, where the argument is `stuck`, never gets done. Where it is `unanswered`, each message is published a hundred times at once, and a
// drain is short. Run by drain-on-signal.test.ts in a process of its own.
import { map, mergeMap, NEVER, of, range, tap, type Observable } from 'rxjs';
import { concurrently, publishTo } from '../../src/flow/index.js';
import { connect } from '../../src/client/connect.js';
import { drainOnSignal } from '../../src/client/drain.js';
import type { MqttMessage } from '../../src/ports/mqtt-proxy.js';
import { QOS } from '../../src/shared/qos.js';
import { onRights, runToEnd } from '../../src/stream/index.js';

const qos = QOS.AT_LEAST_ONCE;
const [pace] = process.argv.slice(2);
// Nothing is told by how late an answer comes: the nucleus is in the process of the test, which may stand still meanwhile.
const LONG = 300_000;
const proxy = connect({ publishTimeout: LONG });
drainOnSignal(proxy, { deadline: pace === 'unanswered' ? 50 : LONG, onDrained: report => console.log(JSON.stringify(report)) });

const work = ({ payload }: MqttMessage): Observable<Uint8Array> => {
  if (pace === 'unanswered') return of(payload);
  return pace === 'stuck' ? NEVER : proxy.draining$.pipe(map(() => payload));
};
const copies = pace === 'unanswered' ? 100 : 1;
const outcomes = { accepted: 0, unknown: 0, refused: 0 };
const messages$ = proxy.subscribe({ topicName: 'test/in', qos, onStatus: ({ status }) => status === 'active' && console.log('active') });
const echoes$ = messages$.pipe(
  onRights(message$ => message$.pipe(tap(() => console.log('came')))),
  onRights(concurrently(1, work)),
  onRights(mergeMap(payload => range(0, copies).pipe(map(() => payload)))),
  onRights(publishTo(proxy, payload => ({ topicName: 'test/out', payload, qos }), { inFlight: 8 })),
  tap(outcome => {
    if (outcome._tag === 'Right') outcomes.accepted++;
    else if ('outcome' in outcome.left) outcomes[outcome.left.outcome]++;
  }),
);
await runToEnd(echoes$, { onLeft: () => undefined });
if (copies > 1) console.log(`unknown ${outcomes.unknown}, refused ${outcomes.refused}`);
console.log('ended');
