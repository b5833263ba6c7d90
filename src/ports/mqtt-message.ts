import type { AnyQos } from '../shared/qos.js';

/** A name and value that travel with an MQTT 5 message. Names may repeat. */
export interface UserProperty {
  readonly key: string;
  readonly value: string;
}

/**
 * The MQTT 5 members. The classic nucleus carries them both ways from 2.10 on (but `contentType` only to
 * subscribers); Greengrass Lite ignores them.
 */
export interface Mqtt5Members {
  readonly retain?: boolean | undefined;
  readonly userProperties?: readonly UserProperty[] | undefined;
  readonly messageExpiryIntervalSeconds?: number | undefined;
  readonly correlationData?: Uint8Array | undefined;
  readonly responseTopic?: string | undefined;
  /** `'0'` bytes, `'1'` UTF-8. */
  readonly payloadFormat?: '0' | '1' | undefined;
  readonly contentType?: string | undefined;
}

/** A message as it arrives. */
export interface MqttMessage extends Mqtt5Members {
  readonly topicName: string;
  readonly payload: Uint8Array;
}

/** A message to publish. A string payload is sent as UTF-8. */
export interface PublishRequest extends Mqtt5Members {
  readonly topicName: string;
  readonly payload: Uint8Array | string;
  /** `QOS.AT_LEAST_ONCE` or 1, `QOS.AT_MOST_ONCE` or 0. */
  readonly qos: AnyQos;
}
