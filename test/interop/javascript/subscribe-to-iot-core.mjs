// The developer guide has no example for JavaScript: this is its example for Python with the SDK's own calls, and no more.
import { once } from 'node:events';
import { greengrasscoreipc } from 'aws-iot-device-sdk-v2';

const client = greengrasscoreipc.createClient();
await client.connect();
const operation = client.subscribeToIoTCore({ topicName: 'my/topic', qos: greengrasscoreipc.model.QOS.AT_MOST_ONCE });
operation.on('message', ({ message }) => console.log(`${message.topicName}: ${Buffer.from(message.payload).toString()}`));
await operation.activate();
await once(operation, 'ended');
