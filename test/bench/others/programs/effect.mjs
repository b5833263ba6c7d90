/**
 * The pipeline with Effect: a stream from callbacks, a schema, a stream for each key and what it groups by time, as its documentation has
 * them: https://effect.website/docs/stream/operations.
 */
import { Effect, Queue, Schema, Stream } from 'effect';
import { connectAsync } from 'mqtt';

const qos = Number(process.env.QOS);
const Reading = Schema.fromJsonString(Schema.Struct({ sensor: Schema.String, celsius: Schema.Number }));
const read = Schema.decodeUnknownResult(Reading);

/** More than a sensor sends in a second: time alone ends a group. */
const ENOUGH = 10_000;

function summaryOf(sensor, readings) {
  const sum = readings.reduce((so, { celsius }) => so + celsius, 0);
  const max = readings.reduce((so, { celsius }) => Math.max(so, celsius), -Infinity);
  return { sensor, count: readings.length, mean: sum / readings.length, max };
}

const client = await connectAsync(`mqtt://127.0.0.1:${process.env.MQTT_PORT}`);
const payloads = Stream.callback(queue =>
  Effect.gen(function* () {
    client.on('message', (_, payload) => Queue.offerUnsafe(queue, payload));
    yield* Effect.promise(() => client.subscribeAsync('sensors/+/reading', { qos }));
  }),
);

const program = payloads.pipe(
  Stream.map(payload => payload.toString()),
  Stream.filterMap(read),
  Stream.groupByKey(({ sensor }) => sensor),
  Stream.flatMap(
    ([sensor, readings]) =>
      readings.pipe(
        Stream.groupedWithin(ENOUGH, '1 second'),
        Stream.filter(group => group.length > 0),
        Stream.map(group => summaryOf(sensor, group)),
      ),
    { concurrency: 'unbounded' },
  ),
  Stream.mapEffect(summary => Effect.promise(() => client.publishAsync(`results/${summary.sensor}`, JSON.stringify(summary), { qos })), {
    concurrency: 64,
  }),
  Stream.runDrain,
);
await Effect.runPromise(program);
