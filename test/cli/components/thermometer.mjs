// A component: subscribes to what it publishes, is refused one topic, and ends with 3 when it is told to.
import { connect, QOS } from 'greengrass-rx';

const qos = QOS.AT_LEAST_ONCE;
const proxy = connect();
const topicName = 'sensors/s1/temperature';
let back = 0;
let heardBoth;
/** What it publishes has come back from the broker, which may be elsewhere: it does not end before. */
const heard = new Promise(resolve => (heardBoth = resolve));
const subscribed = new Promise(resolve => {
  const onStatus = ({ status }) => {
    if (status === 'active') resolve();
  };
  proxy.subscribe({ topicName: 'sensors/+/temperature', qos, onStatus }).subscribe(() => {
    if (++back === 2) heardBoth();
  });
});
await subscribed;
await proxy.publish({ topicName, payload: '{"celsius":21.5}', qos })();
await proxy.publish({ topicName, payload: Uint8Array.of(0, 1, 255), qos })();
const refused = await proxy.publish({ topicName: 'door/state', payload: 'open', qos })();
console.log('refused:', refused._tag === 'Left' && refused.left._tag);
await heard;
await proxy.close();
process.exitCode = 3;
