import { greengrasscoreipc } from 'aws-iot-device-sdk-v2';
import { OUT } from '../topics.js';
import type { BenchClient, ClientOptions } from './client.js';
import { Reading } from './reading.js';

const QOS = greengrasscoreipc.model.QOS;

/** The official SDK, unmodified. It takes its socket and token from the environment, as on a device. */
export async function openSdk({ socketPath, decode, authToken = 'token' }: ClientOptions): Promise<BenchClient> {
  process.env['AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT'] = socketPath;
  process.env['SVCUID'] = authToken;
  const client = greengrasscoreipc.createClient();
  await client.connect();

  const publish = async (payload: Uint8Array): Promise<void> => {
    await client.publishToIoTCore({ topicName: OUT, qos: QOS.AT_LEAST_ONCE, payload });
  };
  return {
    subscribe: async (topicName, onMessage) => {
      const operation = client.subscribeToIoTCore({ topicName, qos: QOS.AT_MOST_ONCE });
      operation.on('message', ({ message }) => {
        // It gives the payload as bytes, whatever its type says.
        const payload = message?.payload as ArrayBuffer;
        if (decode && Reading.decode({ topicName, payload: new Uint8Array(payload) })._tag === 'Left') throw new Error('No reading.');
        onMessage(payload);
      });
      await operation.activate();
    },
    publishMany: async (count, inFlight, payload, onAcknowledged) => {
      let left = count;
      const worker = async (): Promise<void> => {
        while (left-- > 0) {
          await publish(payload);
          onAcknowledged();
        }
      };
      await Promise.all(Array.from({ length: inFlight }, worker));
    },
    publish,
    close: () => client.close(),
  };
}
