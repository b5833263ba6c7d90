import { isDeepStrictEqual } from 'node:util';
import { isJsonObject } from '../../shared/check-argument.js';
import { PUBLISH, PUBLISH_TO_TOPIC, SUBSCRIBE, SUBSCRIBE_TO_TOPIC } from '../../shared/operations.js';

/** One policy of a recipe's `accessControl`. */
export interface AccessControlPolicy {
  readonly policyDescription?: string | undefined;
  /** Such as `aws.greengrass#PublishToIoTCore`, or `*` alone. */
  readonly operations: readonly string[];
  /** Topics and filters, with the wildcards of the profile. */
  readonly resources?: readonly string[] | undefined;
}

/**
 * A recipe's `accessControl`: service, policy id, policy. What each server makes of the same document differs; both readings
 * are in this folder.
 *
 * Source: AWS IoT Greengrass developer guide, "Authorize components to perform IPC operations".
 */
export type AccessControl = Readonly<Record<string, Readonly<Record<string, AccessControlPolicy>>>>;

/**
 * Whether a component may do an operation (`aws.greengrass#PublishToIoTCore`) on a resource (a topic or filter). Where there is no
 * resource, classic lets the operation pass if a policy has it at all.
 */
export type Authorizer = (operation: string, resource: string | undefined) => boolean;

/** The service whose policies guard the MQTT proxy. */
export const MQTT_PROXY_SERVICE = 'aws.greengrass.ipc.mqttproxy';
/** The service whose policies guard local topics. */
export const PUBSUB_SERVICE = 'aws.greengrass.ipc.pubsub';

/** The services whose policies are read, each on its own. */
export const POLICY_SERVICES: readonly [typeof MQTT_PROXY_SERVICE, typeof PUBSUB_SERVICE] = [MQTT_PROXY_SERVICE, PUBSUB_SERVICE];
export type PolicyService = (typeof POLICY_SERVICES)[number];

/** In what the policies of each service differ. */
export const POLICY_SERVICE: Readonly<
  Record<
    PolicyService,
    {
      /** In the ids of policies. */
      readonly shortName: string;
      /** In sentences. */
      readonly title: string;
      readonly operations: { readonly publish: string; readonly subscribe: string };
      /** What resources are compared by: the wildcards of MQTT and `*`, or `*` alone. */
      readonly wildcards: 'mqtt' | 'glob';
    }
  >
> = {
  [MQTT_PROXY_SERVICE]: {
    shortName: 'mqttproxy',
    title: 'the MQTT proxy',
    operations: { publish: PUBLISH, subscribe: SUBSCRIBE },
    wildcards: 'mqtt',
  },
  [PUBSUB_SERVICE]: {
    shortName: 'pubsub',
    title: 'local publish/subscribe',
    operations: { publish: PUBLISH_TO_TOPIC, subscribe: SUBSCRIBE_TO_TOPIC },
    wildcards: 'glob',
  },
};

const SERVICE_OF: ReadonlyMap<string, PolicyService> = new Map(
  POLICY_SERVICES.flatMap(service => Object.values(POLICY_SERVICE[service].operations).map(operation => [operation, service] as const)),
);

/** Whose policies decide on an operation. */
export function policyService(operation: string): PolicyService {
  return SERVICE_OF.get(operation) ?? MQTT_PROXY_SERVICE;
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

/** A policy of a recipe under whose id a device has another one, which wins. */
export interface InactivePolicy {
  readonly service: string;
  readonly id: string;
}

/**
 * The policies of a recipe's `accessControl` that would not take effect on a device that has `onDevice`: under the same id it
 * keeps what it has, member by member.
 */
export function inactivePolicies(accessControl: unknown, onDevice: unknown): readonly InactivePolicy[] {
  if (!isJsonObject(accessControl) || !isJsonObject(onDevice)) {
    const isSame = accessControl === undefined || onDevice === undefined || isDeepStrictEqual(accessControl, onDevice);
    return isSame ? [] : [{ service: 'accessControl', id: '*' }];
  }
  return Object.entries(accessControl).flatMap(([service, policies]) => {
    const there = onDevice[service];
    if (!isJsonObject(policies) || !isJsonObject(there)) return [];
    return Object.keys(policies)
      .filter(id => there[id] !== undefined && !isDeepStrictEqual(policies[id], there[id]))
      .map(id => ({ service, id }));
  });
}
