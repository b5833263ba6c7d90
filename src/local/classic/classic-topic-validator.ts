import type { MqttVersion } from '../local-nucleus-options.js';

const MAX_SLASHES = 7;
const MAX_LENGTH = 256;
const MAX_RESERVED_LENGTH = 512;

/**
 * Why the classic nucleus refuses a topic before it reaches the cloud; `undefined` if it does not. Lengths are
 * Java characters; reserved prefixes count only as they are written, in lower case.
 *
 * Source: `IotCoreTopicValidator` of the nucleus.
 */
export function classicTopicProblem(topic: string, operation: 'publish' | 'subscribe', mqttVersion: MqttVersion): string | undefined {
  if (topic === '') return 'Topic must not be empty';
  if (operation === 'publish' && /[#+]/.test(topic)) return "Publish topics must not contain wildcard characters of '#' or '+'";
  if (!topic.startsWith('$')) return effectiveProblem(topic, operation);
  const isMqtt5 = mqttVersion === 'mqtt5';
  if (isMqtt5 && /^\$share\/\S+\/\S+$/.test(topic)) {
    return effectiveProblem(operation === 'subscribe' ? topic.replace(/^\$share\/\S+?\//, '') : topic, operation);
  }
  if (/^\$aws\/rules\/\S+\/\S+$/.test(topic)) return effectiveProblem(topic.replace(/^\$aws\/rules\/\S+?\//, ''), operation);
  // With MQTT 5 the nucleus leaves reserved topics to AWS IoT Core, and stops only what is far too long.
  if (!isMqtt5) return effectiveProblem(topic, operation);
  if (topic.length <= MAX_RESERVED_LENGTH) return undefined;
  return (
    `Reserved topic total length is greater than ${String(MAX_RESERVED_LENGTH)} bytes of UTF-8 encoded characters ` +
    `and is most likely over the IoT Core limit of ${String(MAX_LENGTH)} bytes (excluding prefixes).`
  );
}

function effectiveProblem(topic: string, operation: 'publish' | 'subscribe'): string | undefined {
  if (topic.split('/').length - 1 > MAX_SLASHES)
    return `The request topic must have no more than ${String(MAX_SLASHES)} forward slashes (/)`;
  if (topic.length <= MAX_LENGTH) return undefined;
  const text =
    `The topic size of request must be no larger than ${String(MAX_LENGTH)} bytes of UTF-8 encoded characters. This excludes the first ` +
    '3 mandatory segments for Basic Ingest topics ($AWS/rules/rule-name/)';
  return operation === 'subscribe' ? `${text} or first 2 mandatory segments for MQTT Shared Subscriptions ($share/share-name/)` : text;
}
