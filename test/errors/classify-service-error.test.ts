import { describe, expect, test } from 'vitest';
import type { ServiceFaultReason } from '../../src/errors/errors.js';
import { classifyServiceError, type OperationRefusal, readServiceError } from '../../src/errors/service-error.js';

const PUBLISH = 'aws.greengrass#PublishToIoTCore';
const SUBSCRIBE = 'aws.greengrass#SubscribeToIoTCore';
/** Holds what a pattern or a template might stumble over. */
const TOPIC = 'a.b/$& (c) failed: d';

function classify(
  serverCode: string,
  serverText: string,
  operation: typeof PUBLISH | typeof SUBSCRIBE = PUBLISH,
): OperationRefusal<'message'> {
  return classifyServiceError({ serverCode, serverText, reasonString: undefined, operation, topicName: TOPIC, kind: 'message' });
}

const published = (text: string) => `Publish to topic ${TOPIC} failed: ${text}`;
const publishedThrough20 = (text: string) =>
  `Publish to topic ${TOPIC} failed with error com.aws.greengrass.mqttclient.MqttRequestException: ${text}`;
const subscribed = (text: string) => `Subscribe to topic ${TOPIC} failed with error ${text}`;
const thrown = (text: string) => subscribed(`com.aws.greengrass.mqttclient.MqttRequestException: ${text}`);

describe('a fault the nucleus reports', () => {
  const faults: readonly (readonly [serverText: string, reason: ServiceFaultReason, retryable: boolean])[] = [
    [published('Message spool is full. Message could not be added.'), 'SpoolFull', true],
    [published('Message is larger than the size of message spool.'), 'LargerThanSpool', false],
    [published('Device is offline. Dropping QoS 0 message.'), 'OfflineQos0Dropped', true],
    [published('Cannot publish because device is configured to run offline'), 'ConfiguredOffline', false],
    [publishedThrough20('Message spool is full. Message could not be added.'), 'SpoolFull', true],
    [thrown('MQTT client is shut down'), 'MqttClientShutDown', true],
    [thrown('Device is not configured to connect to AWS'), 'ConfiguredOffline', false],
    [
      subscribed('java.util.concurrent.CompletionException: com.aws.greengrass.mqttclient.MqttRequestException: MQTT client is shut down'),
      'MqttClientShutDown',
      true,
    ],
    [subscribed('NOT_AUTHORIZED'), 'SubscribeFailed', false],
    [subscribed('QUOTA_EXCEEDED'), 'SubscribeFailed', true],
    [subscribed('UNSPECIFIED_ERROR'), 'SubscribeFailed', true],
    [subscribed('IMPLEMENTATION_SPECIFIC_ERROR'), 'SubscribeFailed', true],
    [subscribed('PACKET_IDENTIFIER_IN_USE'), 'SubscribeFailed', true],
    [subscribed('SHARED_SUBSCRIPTIONS_NOT_SUPPORTED'), 'SubscribeFailed', false],
    [subscribed('SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED'), 'SubscribeFailed', false],
    [subscribed('WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED'), 'SubscribeFailed', false],
    [
      subscribed(
        "java.util.concurrent.CompletionException: software.amazon.awssdk.crt.CrtRuntimeException: Mqtt5 operation failed due to a disconnection event in conjunction with the client's offline queue retention policy. AWS_ERROR_MQTT5_OPERATION_FAILED_DUE_TO_OFFLINE_QUEUE_POLICY(5156).",
      ),
      'SubscribeFailed',
      true,
    ],
    ['Failed to publish the message.', 'PublishFailed', true],
    ['Failed to bind the subscription.', 'SubscribeFailed', true],
    ['Failed to bind subscription.', 'SubscribeFailed', true],
    ['Failed to subscribe to configuration update.', 'SubscribeFailed', true],
    ['Failed to update the configuration.', 'UpdateFailed', true],
    ['Failed to update the lifecycle state.', 'UpdateFailed', true],
  ];

  test.each(faults)('%s', (serverText, reason, retryable) => {
    const error = classify('ServiceError', serverText);
    expect(error).toMatchObject({
      _tag: 'ServiceFault',
      kind: 'message',
      operation: PUBLISH,
      topicName: TOPIC,
      reason,
      retryable,
      serverCode: 'ServiceError',
      serverText,
    });
    expect(error.message).toContain(serverText.replace(/\.$/, ''));
    expect(error.message).toMatch(/\. [A-Z].*\.$/);
    expect(error.message).not.toContain('.. ');
  });

  test('carries what the broker said about a refused subscription', () => {
    const reply = readServiceError({
      modelType: 'aws.greengrass#ServiceError',
      contentType: 'application/json',
      payload: JSON.stringify({
        message: subscribed('NOT_AUTHORIZED'),
        _errorCode: 'ServiceError',
        context: { reasonString: 'no iot:Subscribe', reasonCode: 135 },
      }),
    });
    const error = classifyServiceError({ ...reply, operation: SUBSCRIBE, topicName: TOPIC, kind: 'terminal' });
    expect(error.kind).toBe('terminal');
    expect(error.message).toContain('The MQTT broker says: no iot:Subscribe');
  });

  test.each(['aws.greengrass#GetConfiguration', 'aws.greengrass#UpdateConfiguration'] as const)(
    'without a word, to %s, is told as what Greengrass Lite says nothing about',
    operation => {
      const error = classifyServiceError({
        serverCode: 'ServiceError',
        serverText: '',
        reasonString: undefined,
        operation,
        topicName: 'config',
        kind: 'message',
      });
      expect(error).toMatchObject({ _tag: 'ServiceFault', reason: 'Unclassified', retryable: true });
      expect(error.message).toContain('ServiceError. Greengrass Lite gives no reason for ');
    },
  );

  test('of an exception nobody caught is an internal error that would happen again', () => {
    expect(classify('InternalServerError', 'InternalServerError')).toMatchObject({
      _tag: 'ServiceFault',
      reason: 'InternalError',
      retryable: false,
    });
  });
});

describe('a request the nucleus finds invalid', () => {
  test.each([
    ['InvalidArgumentsError', 'Topic is required'],
    ['InvalidArgumentsError', 'Payload is required'],
    ['InvalidArgumentsError', 'QoS is required'],
    ['InvalidArgumentsError', 'Invalid QoS value: 7'],
    ['InvalidArgumentsError', 'Invalid QoS value: 1.0'],
    ['InvalidArgumentsError', 'a text of a version to come'],
    ['ServiceError', 'Config path depth larger than supported.'],
    ['ServiceError', published('Topic must not be empty')],
    ['ServiceError', published("Publish topics must not contain wildcard characters of '#' or '+'")],
    [
      'ServiceError',
      published(
        'The topic size of request must be no larger than 256 bytes of UTF-8 encoded characters. This excludes the first 3 mandatory segments for Basic Ingest topics ($AWS/rules/rule-name/)',
      ),
    ],
    ['ServiceError', published('The request topic must have no more than 7 forward slashes (/)')],
    [
      'ServiceError',
      published(
        'Reserved topic ($aws/things/x...) total length is greater than 512 bytes of UTF-8 encoded characters and is most likely over the IoT Core limit of 256 bytes (excluding prefixes).',
      ),
    ],
    [
      'ServiceError',
      published(
        'Reserved topic total length is greater than 512 bytes of UTF-8 encoded characters and is most likely over the IoT Core limit of 256 bytes (excluding prefixes).',
      ),
    ],
    [
      'ServiceError',
      subscribed(
        'java.util.concurrent.CompletionException: software.amazon.awssdk.crt.CrtRuntimeException: Invalid mqtt5 subscribe packet options value. AWS_ERROR_MQTT5_SUBSCRIBE_OPTIONS_VALIDATION(5144)',
      ),
    ],
    [
      'ServiceError',
      'Cannot invoke "software.amazon.awssdk.aws.greengrass.model.PublishToIoTCoreRequest.getTopicName()" because "request" is null',
    ],
    ['ServiceError', 'Cannot invoke "com.aws.greengrass.mqttclient.v5.UserProperty.getKey()" because "<local4>" is null'],
    ['ServiceError', 'Cannot read field "key" because the return value of "java.util.List.get(int)" is null'],
    ['ServiceError', published('The publishing message size 131073 bytes exceeds the configured limit of 131072 bytes')],
    ['ServiceError', thrown('The request topic must have no more than 7 forward slashes (/)')],
    ['ServiceError', subscribed('TOPIC_FILTER_INVALID')],
    ['ServiceError', 'Received invalid parameters.'],
    ['ServiceError', "'qos' not a valid value."],
    ['ServiceError', "Failed to parse 'qos' string value."],
    ['ServiceError', 'Key qos of invalid type.'],
    ['ServiceError', "'payload' is not valid base64."],
  ])('%s: %s', (serverCode, serverText) => {
    const error = classify(serverCode, serverText);
    expect(error).toMatchObject({ _tag: 'InvalidRequest', foundBy: 'nucleus', retryable: false, operation: PUBLISH, topicName: TOPIC });
    expect(error.message).toContain(serverText.replace(/\.$/, ''));
    expect(error.message).not.toContain('.. ');
  });
});

describe('other refusals', () => {
  test.each(['Not Authorized', 'IPC Operation not authorized.', `Authorization failed with error no policy for ${TOPIC}`, ''])(
    'UnauthorizedError: %j',
    serverText => {
      expect(classify('UnauthorizedError', serverText)).toMatchObject({
        _tag: 'Unauthorized',
        retryable: false,
        operation: PUBLISH,
        topicName: TOPIC,
        serverText,
      });
    },
  );

  test.each([
    ['UnsupportedOperation', 'aws.greengrass#PublishToIoTCore is an unsupported operation.'],
    ['ServiceError', 'Operation aws.greengrass#PublishToIoTCore is not supported by Greengrass'],
  ])('%s: %s', (serverCode, serverText) => {
    expect(classify(serverCode, serverText)).toMatchObject({
      _tag: 'UnsupportedOperation',
      retryable: false,
      operation: PUBLISH,
      serverText,
    });
  });
});

describe('a text no known version sends', () => {
  test.each([
    ['ServiceError', '', true],
    ['ServiceError', 'disk on fire', true],
    ['ServiceError', subscribed('java.util.concurrent.TimeoutException'), true],
    // A known text counts only where it is the whole text, and around the topic that was asked for.
    ['ServiceError', published('Message spool is full. Message could not be added. Or could it?'), true],
    ['ServiceError', 'Publish to topic another failed: Message spool is full. Message could not be added.', true],
    ['ServiceError', 'It says: NOT_AUTHORIZED', true],
    ['ServiceError', 'Cannot invoke the dead', true],
    ['ServiceError', subscribed('AWS_ERROR_MQTT5_OPERATION_FAILED_DUE_TO_OFFLINE_QUEUE_POLICY_OF_LATER(9)'), true],
    ['InternalServerException', 'boom', false],
    ['AccessDenied', 'no', false],
    ['UnknownError', '{}', false],
  ])('stays unclassified: %s %j', (serverCode, serverText, retryable) => {
    expect(classify(serverCode, serverText)).toMatchObject({
      _tag: 'ServiceFault',
      reason: 'Unclassified',
      retryable,
      serverCode,
      serverText,
    });
  });
});
