// The developer guide has no example for JavaScript: this is its example for Python with the SDK's own calls, and no more.
import { greengrasscoreipc } from 'aws-iot-device-sdk-v2';

const client = greengrasscoreipc.createClient();
await client.connect();
await client.publishToIoTCore({ topicName: 'my/topic', payload: 'Hello, World', qos: greengrasscoreipc.model.QOS.AT_LEAST_ONCE });
await client.close();
