// Runs a component with what is installed here, against a local nucleus from elsewhere: its module is the argument.
import { publishTo, QOS } from 'greengrass-rx';
import { component, runComponent, silentLog } from 'greengrass-rx/component';
import 'greengrass-rx/errors';
import { E } from 'greengrass-rx/fp';
import { deadband } from 'greengrass-rx/operators';
import 'greengrass-rx/outbox';
import { of } from 'rxjs';
import { pathToFileURL } from 'node:url';

const [, , local = ''] = process.argv;
const { startLocalNucleus } = await import(pathToFileURL(local).href);
const name = 'com.example.OnADevice';
const accessControl = { 'aws.greengrass.ipc.mqttproxy': { [`${name}:mqttproxy:1`]: { operations: ['*'], resources: ['*'] } } };
const nucleus = await startLocalNucleus({ profile: 'classic', components: [{ name, accessControl }] });
const published = [];
nucleus.observe(event => {
  if (event.kind === 'published') published.push(event.topicName);
});
const numbers = component({
  name,
  version: '1.0.0',
  run: proxy =>
    of(1, 1.2, 2).pipe(
      deadband({ key: () => 'single', value: value => value, absolute: 0.5 }),
      publishTo(proxy, value => ({ topicName: `out/${value}`, payload: '', qos: QOS.AT_LEAST_ONCE })),
    ),
});
const connect = { socketPath: nucleus.socketPath, authToken: nucleus.authToken(name) };
const { reason } = await runComponent(numbers, { connect, log: silentLog });
await nucleus.stop();
if (reason !== 'done' || published.join() !== 'out/1,out/2' || !E.isRight(E.right(1))) throw new Error(`${reason}: ${published.join()}`);
