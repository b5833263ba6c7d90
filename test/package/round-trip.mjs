// A message from a component through the local nucleus and back, over each transport given as an argument.
import { connect, QOS } from 'greengrass-rx';
import { E } from 'greengrass-rx/fp';
import { startLocalNucleus } from 'greengrass-rx/local';
import { filter, firstValueFrom, merge, switchMap, timer } from 'rxjs';

const name = 'com.example.RoundTrip';
const accessControl = {
  'aws.greengrass.ipc.mqttproxy': { [`${name}:mqttproxy:1`]: { operations: ['*'], resources: ['*'] } },
};
const nucleus = await startLocalNucleus({ profile: 'classic', components: [{ name, accessControl }] });

for (const transport of process.argv.slice(2)) {
  const proxy = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(name), transport });
  const topicName = `round/${transport}`;
  // Published again until it comes back, since nothing tells when the subscription stands; failures end the wait at once.
  const publishes$ = timer(0, 100).pipe(switchMap(() => proxy.publish$({ topicName, payload: 'there and back', qos: QOS.AT_LEAST_ONCE })));
  const first = await firstValueFrom(merge(proxy.subscribe({ topicName, qos: QOS.AT_LEAST_ONCE }), publishes$.pipe(filter(E.isLeft))));
  if (E.isLeft(first)) throw first.left;
  const text = Buffer.from(first.right.payload).toString();
  if (text !== 'there and back') throw new Error(`came back over ${transport} as: ${text}`);
  await proxy.close();
}
await nucleus.stop();
