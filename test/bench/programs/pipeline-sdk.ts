/** The same with the official SDK and RxJS. */
import { greengrasscoreipc } from 'aws-iot-device-sdk-v2';
import { mergeMap, Subject } from 'rxjs';
import { type Reading, readingOf, summaries } from './summary.js';
import { answerFor, QOS_OF_PIPELINE, tellReady } from './told.js';

const qos = QOS_OF_PIPELINE === '0' ? greengrasscoreipc.model.QOS.AT_MOST_ONCE : greengrasscoreipc.model.QOS.AT_LEAST_ONCE;
let bad = 0;
answerFor(() => bad);
const client = greengrasscoreipc.createClient();
await client.connect();
const readings$ = new Subject<Reading>();
readings$
  .pipe(
    summaries,
    mergeMap(summary => client.publishToIoTCore({ topicName: `results/${summary.sensor}`, payload: JSON.stringify(summary), qos }), 64),
  )
  .subscribe();
const operation = client.subscribeToIoTCore({ topicName: 'sensors/+/reading', qos });
operation.on('message', ({ message }) => {
  const reading = readingOf(new Uint8Array(message?.payload as ArrayBuffer));
  if (reading === undefined) bad++;
  else readings$.next(reading);
});
await operation.activate();
tellReady();
