/** Commands to a heater, some of them bad: `node build/examples/command/main.js [classic|lite]`. */
import { connect, onRights, QOS } from 'greengrass-rx';
import { E } from 'greengrass-rx/fp';
import { firstValueFrom, take, tap, timeout, toArray } from 'rxjs';
import { chosenProfile, localDevice } from '../local-device.js';
import heater from './component.js';

const ACCOUNT = 'com.example.Cloud';
const resources = ['heater/#'];
const accessControl = { 'aws.greengrass.ipc.mqttproxy': { 'cloud:1': { operations: ['*'], resources } } };
const profile = chosenProfile();
await using device = await localDevice(heater, { profile, config: { deadline: 1_000 }, components: [{ name: ACCOUNT, accessControl }] });
const { nucleus } = device;
await device.start();

// The one who asks. It is a component, too, so that it sees MQTT 5's correlation data, which only the classic nucleus carries.
await using caller = connect({ socketPath: nucleus.socketPath, authToken: nucleus.authToken(ACCOUNT) });
const listening = device.next('subscribed');
const answers = firstValueFrom(
  caller
    .subscribe({ topicName: 'heater/kitchen/answers', qos: QOS.AT_LEAST_ONCE })
    .pipe(
      onRights(
        tap(({ payload, correlationData }) =>
          console.log(`answer  ${correlationData === undefined ? '' : `(${Buffer.from(correlationData).toString()}) `}${text(payload)}`),
        ),
      ),
      take(profile === 'classic' ? 5 : 4),
      toArray(),
      timeout(120_000),
    ),
);
await listening;

const commands = [
  '{"id":"c1","celsius":21}',
  '{"id":"c1","celsius":21}', // The broker may deliver twice. It is carried out once, and the answer is sent again if it was out.
  '{"id":"c2","celsius":80}',
  '{"id":"c3","celsius":2}',
  'off',
];
const arrivals = device.next('published', 1);
for (const [i, payload] of commands.entries()) {
  console.log(`command ${payload}`);
  nucleus.publish({
    topicName: 'heater/kitchen/commands',
    payload,
    qos: 1,
    responseTopic: 'heater/kitchen/answers',
    correlationData: Buffer.from(`#${i + 1}`),
  });
  if (i === 0) await arrivals;
}
if ((await answers).some(E.isLeft)) process.exitCode = 1;
await device.stop();

function text(payload: Uint8Array): string {
  return Buffer.from(payload).toString();
}
