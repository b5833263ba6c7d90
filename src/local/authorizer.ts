/** Whether a component may do an operation (`aws.greengrass#PublishToIoTCore`) on a resource (a topic or filter). */
export type Authorizer = (operation: string, resource: string) => boolean;

/** The service whose policies guard the MQTT proxy. */
export const MQTT_PROXY_SERVICE = 'aws.greengrass.ipc.mqttproxy';

/** What became of a component's `accessControl`. */
export interface PolicyOutcome {
  readonly authorize: Authorizer;
  /** What the server would have logged: policies or resources that grant nothing, and why. */
  readonly problems: readonly string[];
}
