/** Whether a component may do an operation (`aws.greengrass#PublishToIoTCore`) on a resource (a topic or filter). */
export type Authorizer = (operation: string, resource: string) => boolean;

/** The service whose policies guard the MQTT proxy. */
export const MQTT_PROXY_SERVICE = 'aws.greengrass.ipc.mqttproxy';

/** One policy for the MQTT proxy that a server took. */
export interface GrantedPolicy {
  readonly id: string;
  readonly operations: readonly string[];
  readonly resources: readonly string[];
}

/** What a server made of a component's `accessControl`. */
export interface PolicyOutcome {
  readonly authorize: Authorizer;
  /** What the server would have logged: policies or resources that grant nothing, and why. */
  readonly problems: readonly string[];
  /** The policies that count. */
  readonly policies: readonly GrantedPolicy[];
  /** Why none of them counts, though there are some; `undefined` if they do. */
  readonly dropped: string | undefined;
}

/** The outcome of no `accessControl` at all, or of one that is dropped as a whole. */
export function nothingGranted(dropped?: string): PolicyOutcome {
  const problems = dropped === undefined ? [] : [`${dropped}. Every call will be Unauthorized.`];
  return { authorize: () => false, problems, policies: [], dropped };
}
