/** Readings of a sensor, and what is published because of them, as traces: `node build/examples/tracing/main.js [picture.svg]`. */
import { writeFile } from 'node:fs/promises';
import { trace } from '@opentelemetry/api';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { connect, publishOrThrow, QOS } from 'greengrass-rx';
import { traced } from 'greengrass-rx/tracing';
import { localDevice } from '../local-device.js';
import component from './component.js';
import { picture, treesOf } from './picture.js';

// On a device: an exporter for a collector, such as `@opentelemetry/exporter-trace-otlp-http`, behind a BatchSpanProcessor.
const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
trace.setGlobalTracerProvider(provider);

const SENSOR = 'com.example.Sensor';
const policy = { operations: ['aws.greengrass#PublishToIoTCore'], resources: ['sensors/#'] };
{
  await using device = await localDevice(component, {
    components: [{ name: SENSOR, accessControl: { 'aws.greengrass.ipc.mqttproxy': { 'sensor:1': policy } } }],
  });
  const { nucleus } = device;
  const sensor = traced(connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(SENSOR) }));
  await device.start();
  for (const celsius of [70, 85, 76])
    await publishOrThrow(sensor, { topicName: 'sensors/oven/temperature', payload: JSON.stringify({ celsius }), qos: QOS.AT_LEAST_ONCE });
  await device.arrived(2);
  await device.stop();
  await sensor.close();
}
await provider.forceFlush();
const trees = treesOf(exporter.getFinishedSpans());
for (const [n, rows] of trees.entries()) {
  console.log(`trace ${n + 1}`);
  for (const { span, depth } of rows) {
    const links = span.links.length === 0 ? '' : `, with ${span.links.length} links`;
    console.log(`${'  '.repeat(depth + 1)}${span.name}${links}`);
  }
}
const [, , file] = process.argv;
if (file !== undefined) await writeFile(file, picture(trees));
