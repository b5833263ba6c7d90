// A component as Greengrass runs it. What comes stays in the works until the component is told to stop; then it is published,
// or, where the argument is `stuck`, never gets done. Run by drain-on-signal.test.ts in a process of its own.
import { map, NEVER, tap, type Observable } from 'rxjs';
import { concurrently, publishTo } from '../../src/flow/index.js';
import { connect } from '../../src/client/connect.js';
import { drainOnSignal } from '../../src/client/drain-on-signal.js';
import type { MqttMessage } from '../../src/client/mqtt-message.js';
import { QOS } from '../../src/shared/qos.js';
import { onRights, runToEnd } from '../../src/stream/index.js';

const qos = QOS.AT_LEAST_ONCE;
const [pace] = process.argv.slice(2);
const proxy = connect();
drainOnSignal(proxy, { deadline: 5_000, onDrained: report => console.log(JSON.stringify(report)) });

const work = ({ payload }: MqttMessage): Observable<Uint8Array> => (pace === 'stuck' ? NEVER : proxy.draining$.pipe(map(() => payload)));
const messages$ = proxy.subscribe({ topicName: 'test/in', qos, onStatus: ({ status }) => status === 'active' && console.log('active') });
const echoes$ = messages$.pipe(
  onRights(message$ => message$.pipe(tap(() => console.log('came')))),
  onRights(concurrently(1, work)),
  onRights(publishTo(proxy, payload => ({ topicName: 'test/out', payload, qos }))),
);
await runToEnd(echoes$);
console.log('ended');
