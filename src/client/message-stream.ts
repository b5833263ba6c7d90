import { readIoTCoreMessage } from '../ipc/wire/read-iot-core-message.js';
import { SUBSCRIBE } from '../shared/operations.js';
import { qosOf } from '../shared/qos.js';
import type { MqttMessage } from '../ports/mqtt-message.js';
import type { SubscribeRequest } from '../ports/mqtt-proxy.js';
import type { EventStream } from './subscription.js';

/** The messages of a topic or filter. */
export function messageStream({ topicName, qos, silence, onStatus }: SubscribeRequest): EventStream<MqttMessage> {
  const canaryTopicName = silence?.canaryTopicName;
  return {
    operation: SUBSCRIBE,
    topicName,
    payload: JSON.stringify({ topicName, qos: qosOf(qos) }),
    read: readIoTCoreMessage,
    isCanary: canaryTopicName === undefined ? () => false : message => message.topicName === canaryTopicName,
    silence,
    onStatus,
  };
}
