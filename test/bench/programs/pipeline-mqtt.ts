/** The same with mqtt.js and RxJS, straight on the broker: no Greengrass, no policies, no spool. */
import { connectAsync } from 'mqtt';
import { mergeMap, Subject } from 'rxjs';
import { type Reading, readingOf, summaries } from './summary.js';
import { answerFor, QOS_OF_PIPELINE, tellReady } from './told.js';

const qos = QOS_OF_PIPELINE === '0' ? 0 : 1;
let bad = 0;
answerFor(() => bad);
const client = await connectAsync(process.env['BENCH_MQTT_URL'] ?? '');
const readings$ = new Subject<Reading>();
readings$
  .pipe(
    summaries,
    mergeMap(summary => client.publishAsync(`results/${summary.sensor}`, JSON.stringify(summary), { qos }), 64),
  )
  .subscribe();
client.on('message', (_, payload) => {
  const reading = readingOf(payload);
  if (reading === undefined) bad++;
  else readings$.next(reading);
});
await client.subscribeAsync('sensors/+/reading', { qos });
tellReady();
