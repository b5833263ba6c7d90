/** A host whose load is read by one component and filtered by another: `node build/examples/cpu-filter/main.js [classic|lite]`. */
import { connectNucleus, publishOrThrow } from 'greengrass-rx';
import { chosenProfile, localDevice } from '../local-device.js';
import cpuFilter from './component.js';

const HOST = 'com.example.Host';
const policy = { operations: ['aws.greengrass#PublishToTopic'], resources: ['host/*'] };

await using device = await localDevice(cpuFilter, {
  profile: chosenProfile(),
  follows: true,
  components: [{ name: HOST, accessControl: { 'aws.greengrass.ipc.pubsub': { 'host:1': policy } } }],
});
const { nucleus } = device;
await using host = connectNucleus({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(HOST) });
const load = async (...percents: readonly number[]): Promise<void> => {
  for (const cpu of percents) await publishOrThrow(host.local, { topic: 'host/cpu', json: { cpu } });
};

let subscribed = device.next('localSubscribed');
await device.start();
await subscribed;
await load(40, 43, 38, 46, 47, 71);
for (const { topicName, payload } of await device.arrived(3)) console.log(topicName, payload);

// Without a restart: the old stream ends when it has worked off what it holds, and another one begins.
subscribed = device.next('localSubscribed');
device.configure({ band: 1 });
await subscribed;
console.log('a band of 1');
await load(70, 72, 72.5);
for (const { topicName, payload } of (await device.arrived(5)).slice(3)) console.log(topicName, payload);
const { code, meaning } = await device.stop();
console.log(`Exit code ${code}: ${meaning}`);
