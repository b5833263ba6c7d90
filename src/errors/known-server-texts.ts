import type { ServiceFaultReason } from './errors.js';

/** What is known about a text that a nucleus sends. */
export type KnownText =
  | { readonly meaning: 'InvalidRequest'; readonly remedy: string }
  | { readonly meaning: 'UnsupportedOperation' }
  | { readonly meaning: Exclude<ServiceFaultReason, 'Unclassified'>; readonly retryable: boolean; readonly remedy: string };

function fault(meaning: Exclude<ServiceFaultReason, 'Unclassified'>, retryable: boolean, remedy: string): KnownText {
  return { meaning, retryable, remedy };
}

function invalid(remedy: string): KnownText {
  return { meaning: 'InvalidRequest', remedy };
}

const QOS = 'Use QOS.AT_MOST_ONCE or QOS.AT_LEAST_ONCE.';
const NO_BROKER_SUPPORT = 'AWS IoT Core does not offer this. Subscribe without it.';
const NOT_CONFIGURED = 'The nucleus has no AWS IoT endpoint, thing name or certificate. Provision the device.';
const SUBSCRIBE_AGAIN = 'Subscribing again later may succeed; the nucleus log says more.';

/**
 * The texts, without the sentence around them. No text that is not listed here is given a meaning.
 *
 * Sources: classic nucleus 2.0 to 2.18, MqttProxyIPCAgent.java, MqttClient.java, IotCoreTopicValidator.java, Spool.java and
 * DefaultOperationHandler.java, and 2.18 observed, with the texts of aws-crt-java and of Java 17's null pointers; Greengrass Lite 2.6,
 * publish_to_iot_core.c and subscribe_to_iot_core.c, and its handlers of local topics, configuration and states, observed; the reason codes
 * of SUBACK in MQTT 5 section 3.9.3, as the classic nucleus names them.
 */
const KNOWN: readonly (readonly [RegExp, KnownText])[] = [
  // Classic: publish
  [
    /^Message spool is full\. Message could not be added\.$/,
    fault(
      'SpoolFull',
      true,
      'It makes room as messages reach the cloud. Publish less while the device is offline, or enlarge mqtt.spooler.maxSizeInBytes of the nucleus.',
    ),
  ],
  [
    /^Message is larger than the size of message spool\.$/,
    fault(
      'LargerThanSpool',
      false,
      'It can never be taken. Send less in one message, or enlarge mqtt.spooler.maxSizeInBytes of the nucleus.',
    ),
  ],
  [
    /^Device is offline\. Dropping QoS 0 message\.$/,
    fault(
      'OfflineQos0Dropped',
      true,
      'Publish with QoS 1 to have it kept until the device is online, or set mqtt.spooler.keepQos0WhenOffline of the nucleus.',
    ),
  ],
  [/^Cannot publish because device is configured to run offline$/, fault('ConfiguredOffline', false, NOT_CONFIGURED)],
  [
    /^The publishing message size \d+ bytes exceeds the configured limit of \d+ bytes\.?$/,
    invalid('Send less in one message. mqtt.maxMessageSizeInBytes of the nucleus can be raised, but AWS IoT Core takes at most 128 KiB.'),
  ],
  // Classic: topics, in publish and subscribe
  [/^Topic must not be empty$/, invalid('Give it at least one character.')],
  [/^Publish topics must not contain wildcard characters of '#' or '\+'$/, invalid('Publish to one topic at a time.')],
  [/^The topic size of request must be no larger than \d+ bytes/, invalid('Use a shorter topic.')],
  [/^The request topic must have no more than \d+ forward slashes/, invalid('Use a topic with fewer levels.')],
  [/^Reserved topic (?:\(.*\) )?total length is greater than \d+ bytes/s, invalid('Use a shorter topic.')],
  // Classic: subscribe
  [
    /^MQTT client is shut down$/,
    fault('MqttClientShutDown', true, 'The nucleus is stopping. It ends this component too, or comes back with a new connection.'),
  ],
  [/^Device is not configured to connect to AWS$/, fault('ConfiguredOffline', false, NOT_CONFIGURED)],
  [
    /^NOT_AUTHORIZED$/,
    fault(
      'SubscribeFailed',
      false,
      'AWS IoT Core refused it: allow iot:Subscribe and iot:Receive for the topic in the AWS IoT policy of the device.',
    ),
  ],
  [/^TOPIC_FILTER_INVALID$/, invalid('AWS IoT Core refused the topic filter. Correct it.')],
  [
    /^QUOTA_EXCEEDED$/,
    fault('SubscribeFailed', true, 'AWS IoT Core takes no more subscriptions from this device for now. Use fewer, with wildcards.'),
  ],
  [/^(?:UNSPECIFIED_ERROR|IMPLEMENTATION_SPECIFIC_ERROR|PACKET_IDENTIFIER_IN_USE)$/, fault('SubscribeFailed', true, SUBSCRIBE_AGAIN)],
  [
    /^(?:SHARED_SUBSCRIPTIONS|SUBSCRIPTION_IDENTIFIERS|WILDCARD_SUBSCRIPTIONS)_NOT_SUPPORTED$/,
    fault('SubscribeFailed', false, NO_BROKER_SUPPORT),
  ],
  [
    /AWS_ERROR_MQTT5_OPERATION_FAILED_DUE_TO_OFFLINE_QUEUE_POLICY\b/,
    fault('SubscribeFailed', true, 'The device is offline, and a classic nucleus subscribes only online. Subscribe again later.'),
  ],
  [/AWS_ERROR_MQTT5_SUBSCRIBE_OPTIONS_VALIDATION\b/, invalid('The topic filter breaks a rule of MQTT. Correct it.')],
  // Classic: the request itself
  [/^Cannot .* because .* is null$/s, invalid('A member that must have a value has none.')],
  [/^(?:Topic|Payload|QoS) is required$/, invalid('Give it a value.')],
  [/^Invalid QoS value: /, invalid(QOS)],
  [/^Operation \S+ is not supported by (?:Greengrass|the local nucleus)$/, { meaning: 'UnsupportedOperation' }],
  // Lite
  [
    /^Failed to publish the message\.$/,
    fault(
      'PublishFailed',
      true,
      'Greengrass Lite keeps no messages: it refuses them while the device is offline, and while 10 publishes or 15000 bytes are unacknowledged. Publish again later, and fewer at once.',
    ),
  ],
  [
    /^Failed to bind the subscription\.$/,
    fault(
      'SubscribeFailed',
      true,
      'Greengrass Lite cannot subscribe while the device is offline, nor when its 100 subscriptions are taken. Try again later, and use fewer, with wildcards.',
    ),
  ],
  [
    /^Failed to bind subscription\.$/,
    fault(
      'SubscribeFailed',
      true,
      'Greengrass Lite has room for 99 local subscriptions on the device. Use fewer, with wildcards, and filters of at most 256 bytes.',
    ),
  ],
  // Local topics and updates on classic
  [/^(?:Publish topic must not be null|Subscribe topic must not be empty)$/, invalid('Give it at least one character.')],
  [/^Publish topic must not contain a wildcard\.$/, invalid('Publish to one topic at a time.')],
  [
    /^Time limit to respond to PreComponentUpdateEvent exceeded$/,
    fault('AnswerTooLate', false, 'An update is answered once, and before its policy lets it go on.'),
  ],
  // Configuration and lifecycle on Lite
  [
    /^Failed to subscribe to configuration update\.$/,
    fault(
      'SubscribeFailed',
      true,
      'Greengrass Lite says so while its configuration daemon restarts, and when its 100 subscriptions are taken. Try again later, and use fewer, with wildcards.',
    ),
  ],
  [
    /^Failed to update the configuration\.$/,
    fault(
      'UpdateFailed',
      true,
      'Greengrass Lite takes no map in the place of a value, no value of more than 1024 bytes of JSON, and nothing while its configuration daemon restarts.',
    ),
  ],
  [
    /^Failed to update the lifecycle state\.$/,
    fault('UpdateFailed', true, 'The component is no unit that Greengrass Lite has started, or its daemon gghealthd is away.'),
  ],
  [/^Config path depth larger than supported\.$/, invalid('Greengrass Lite takes at most 12 keys in a path.')],
  [/^Received invalid parameters\.$/, invalid('The topic name and the payload must be strings.')],
  [/^(?:Failed to parse 'qos' string value|'qos' not a valid value|Key qos of invalid type)\.$/, invalid(QOS)],
  [/^'payload' is not valid base64\.$/, invalid('Encode the payload as padded base64.')],
];

/** `java.util.concurrent.CompletionException: ` and the like, which Java puts in front of a cause's text. */
const EXCEPTION_CLASSES = /^(?:(?:[\w$]+\.)+[\w$]+: )+/;

/** The text that says what happened, without the sentence that the classic nucleus puts around it. */
function innerText(serverText: string, topicName: string): string {
  const wrapped = [
    `Publish to topic ${topicName} failed: `,
    `Publish to topic ${topicName} failed with error `,
    `Subscribe to topic ${topicName} failed with error `,
  ].find(prefix => serverText.startsWith(prefix));
  return wrapped === undefined ? serverText : serverText.slice(wrapped.length).replace(EXCEPTION_CLASSES, '');
}

/** What a server's text means, or `undefined` where no known version sends it. */
export function knownServerText(serverText: string, topicName: string): KnownText | undefined {
  const inner = innerText(serverText, topicName);
  return KNOWN.find(([pattern]) => pattern.test(inner))?.[1];
}
