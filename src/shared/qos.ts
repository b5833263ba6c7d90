/**
 * The MQTT quality of service, named and valued as the AWS model does. The official SDK's enum values are these strings
 * too, so they are accepted wherever a `QOS` is.
 *
 * Source: AWS IoT Greengrass developer guide, "Publish/subscribe AWS IoT Core MQTT messages".
 */
export const QOS = {
  /** QoS 0: at most once. The classic nucleus drops it while the device is offline. */
  AT_MOST_ONCE: '0',
  /** QoS 1: at least once; duplicates are possible. */
  AT_LEAST_ONCE: '1',
} as const;
export type QOS = (typeof QOS)[keyof typeof QOS];

/** A quality of service where one is given: by its name, or the number MQTT has for it. */
export type AnyQos = QOS | 0 | 1;

/** The same as a {@link QOS}: what is no such number stays what it is. */
export function qosOf(qos: AnyQos): QOS {
  return qos === 0 ? QOS.AT_MOST_ONCE : qos === 1 ? QOS.AT_LEAST_ONCE : qos;
}

/** The same as the number MQTT has for it. */
export function qosNumberOf(qos: AnyQos): 0 | 1 {
  return qosOf(qos) === QOS.AT_LEAST_ONCE ? 1 : 0;
}
