/** The smallest program with the official SDK that gets a message. */
import { greengrasscoreipc } from 'aws-iot-device-sdk-v2';
import { answerFor, tellFirst } from './told.js';

answerFor(() => 0);
const client = greengrasscoreipc.createClient();
await client.connect();
const operation = client.subscribeToIoTCore({ topicName: 'sensors/+/reading', qos: greengrasscoreipc.model.QOS.AT_MOST_ONCE });
operation.on('message', () => tellFirst());
await operation.activate();
