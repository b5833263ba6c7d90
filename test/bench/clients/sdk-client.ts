import { greengrasscoreipc } from 'aws-iot-device-sdk-v2';
import { OUT } from '../topics.js';
import type { BenchClient, ClientOptions } from './client.js';
import { Reading, ReadingShape } from './reading.js';

const QOS = greengrasscoreipc.model.QOS;
type Publish = () => Promise<unknown>;

/** The official SDK, unmodified. It takes its socket and token from the environment, as on a device. */
export async function openSdk({ socketPath, service, decode, authToken = 'token' }: ClientOptions): Promise<BenchClient> {
  process.env['AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT'] = socketPath;
  process.env['SVCUID'] = authToken;
  const client = greengrasscoreipc.createClient();
  await client.connect();
  const { subscribe, publisher } = service === 'local' ? localTopics(client, decode) : mqttProxy(client, decode);
  return {
    subscribe,
    publishMany: async (count, inFlight, payload, onAcknowledged) => {
      const publish = publisher(payload);
      let left = count;
      const worker = async (): Promise<void> => {
        while (left-- > 0) {
          await publish();
          onAcknowledged();
        }
      };
      await Promise.all(Array.from({ length: inFlight }, worker));
    },
    publish: async payload => {
      await publisher(payload)();
    },
    close: () => client.close(),
  };
}

/** A service of the SDK: how one subscribes, and what publishes a payload again and again. */
interface SdkService {
  readonly subscribe: BenchClient['subscribe'];
  readonly publisher: (payload: Uint8Array) => Publish;
}

function mqttProxy(client: greengrasscoreipc.Client, decode: boolean): SdkService {
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
    publisher: payload => () => client.publishToIoTCore({ topicName: OUT, qos: QOS.AT_LEAST_ONCE, payload }),
  };
}

const NO_BYTES = new ArrayBuffer(0);

function localTopics(client: greengrasscoreipc.Client, decode: boolean): SdkService {
  return {
    subscribe: async (topic, onMessage) => {
      const operation = client.subscribeToTopic({ topic });
      operation.on('message', ({ jsonMessage, binaryMessage }) => {
        if (decode && ReadingShape.decode(jsonMessage?.message)._tag === 'Left') throw new Error('No reading.');
        onMessage(decode ? NO_BYTES : (binaryMessage?.message as ArrayBuffer));
      });
      await operation.activate();
    },
    publisher: payload => {
      const publishMessage = decode
        ? { jsonMessage: { message: JSON.parse(Buffer.from(payload).toString()) as object } }
        : { binaryMessage: { message: payload } };
      return () => client.publishToTopic({ topic: OUT, publishMessage });
    },
  };
}
