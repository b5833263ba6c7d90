import { PUBLISH_TO_TOPIC, SUBSCRIBE_TO_TOPIC } from '../../shared/operations.js';

/**
 * Whether a component may do an operation (`aws.greengrass#PublishToIoTCore`) on a resource (a topic or filter). Without a resource, which
 * classic lets pass where a policy has the operation at all.
 */
export type Authorizer = (operation: string, resource: string | undefined) => boolean;

/** The service whose policies guard the MQTT proxy. */
export const MQTT_PROXY_SERVICE = 'aws.greengrass.ipc.mqttproxy';
/** The service whose policies guard local topics. */
export const PUBSUB_SERVICE = 'aws.greengrass.ipc.pubsub';

/** The services whose policies are read, each on its own. */
export const POLICY_SERVICES: readonly [typeof MQTT_PROXY_SERVICE, typeof PUBSUB_SERVICE] = [MQTT_PROXY_SERVICE, PUBSUB_SERVICE];
export type PolicyService = (typeof POLICY_SERVICES)[number];

/** Whose policies decide on an operation. */
export function policyService(operation: string): PolicyService {
  return operation === PUBLISH_TO_TOPIC || operation === SUBSCRIBE_TO_TOPIC ? PUBSUB_SERVICE : MQTT_PROXY_SERVICE;
}

/** One policy of a service that a server took. */
export interface GrantedPolicy {
  readonly id: string;
  readonly operations: readonly string[];
  readonly resources: readonly string[];
}

/** What a server made of a component's `accessControl`. */
export interface PolicyOutcome {
  readonly service: PolicyService;
  readonly authorize: Authorizer;
  /** What the server would have logged: policies or resources that grant nothing, and why. */
  readonly problems: readonly string[];
  /** The policies that count. */
  readonly policies: readonly GrantedPolicy[];
  /** Why none of them counts, though there are some; `undefined` if they do. */
  readonly dropped: string | undefined;
}

/** The outcome of no `accessControl` at all, or of one that is dropped as a whole. */
export function nothingGranted(service: PolicyService, dropped?: string): PolicyOutcome {
  const problems = dropped === undefined ? [] : [`${dropped}. Every call will be Unauthorized.`];
  return { service, authorize: () => false, problems, policies: [], dropped };
}
