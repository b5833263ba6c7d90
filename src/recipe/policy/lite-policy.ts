import { isJsonObject } from '../../shared/check-argument.js';
import { liteGlobAllows, liteResourceAllows, liteResourceIsValid } from '../../topic/lite-resource.js';
import { interpolate, type RecipeVariables, withoutVariables } from '../interpolate.js';
import {
  type Authorizer,
  type GrantedPolicy,
  MQTT_PROXY_SERVICE,
  nothingGranted,
  type PolicyOutcome,
  type PolicyService,
  PUBSUB_SERVICE,
} from './access-control.js';

/** What a component's policies may take in ggipcd's memory once decoded (`ipc_authz.c`). */
export const LITE_POLICY_MEMORY = 4096;
/** Bytes of one object and of one key with its object in the Greengrass SDK for C, beside their texts. */
const OBJECT_SIZE = 11;
const KEY_VALUE_SIZE = 21;
/** The longest resource, once its recipe variables are filled in. */
const MAX_INTERPOLATED = 2048;

/**
 * Reads a component's policies for a service as Greengrass Lite does. Names are case-sensitive, `operations` and `resources`
 * are both lists of texts, and a policy without them grants nothing. Policies that do not decode into 4096 bytes, one that is
 * no map, and a resource that is malformed (for which a device refuses the whole deployment) leave everything refused.
 *
 * @param variables - Fills in the recipe variables of resources; a resource with one that has no value is skipped.
 *
 * Source: `ipc_authz.c` and `access_control_validation.c` of Greengrass Lite.
 */
export function litePolicy(accessControl: unknown, variables: RecipeVariables, name: PolicyService = MQTT_PROXY_SERVICE): PolicyOutcome {
  const refused = (why?: string): PolicyOutcome => nothingGranted(name, why);
  if (accessControl === undefined) return refused();
  if (!isJsonObject(accessControl)) return refused('accessControl is not a map of services and policies');
  const malformed = malformedResource(accessControl);
  if (malformed !== undefined) return refused(malformed);
  const service = accessControl[name];
  if (service === undefined) return refused();
  if (!isJsonObject(service)) return refused(`${name} is not a map of policies`);
  const size = liteDecodedSize(service);
  if (size > LITE_POLICY_MEMORY)
    return refused(`the policies take about ${size} bytes decoded and Lite reads at most ${LITE_POLICY_MEMORY}`);
  const stray = Object.keys(service).find(id => !isJsonObject(service[id]));
  if (stray !== undefined) return refused(`policy ${stray} is not a map`);
  const problems: string[] = [];
  const policies: GrantedPolicy[] = [];
  for (const [id, policy] of Object.entries(service)) {
    const { operations, resources } = isJsonObject(policy) ? policy : {};
    if (isTexts(operations) && isTexts(resources))
      policies.push({ id, operations, resources: filledIn(id, resources, variables, problems) });
    else problems.push(`policy ${id} grants nothing: operations and resources must both be lists of texts`);
  }
  const allows = name === PUBSUB_SERVICE ? liteGlobAllows : liteResourceAllows;
  const authorize: Authorizer = (operation, resource) =>
    resource !== undefined &&
    liteResourceIsValid(resource) &&
    policies.some(
      ({ operations, resources }) =>
        operations.some(allowed => allowed === '*' || allowed === operation) &&
        resources.some(allowed => allowed === '*' || allows(allowed, resource)),
    );
  return { service: name, authorize, problems, policies, dropped: undefined };
}

/** Why a deployment is refused: a resource of any service that has a bare `?` or an unknown escape. */
function malformedResource(accessControl: Readonly<Record<string, unknown>>): string | undefined {
  for (const service of Object.values(accessControl)) {
    for (const [id, policy] of isJsonObject(service) ? Object.entries(service) : []) {
      const resources: unknown = isJsonObject(policy) ? policy['resources'] : undefined;
      for (const resource of Array.isArray(resources) ? (resources as readonly unknown[]) : []) {
        if (typeof resource === 'string' && !liteResourceIsValid(resource))
          return `the deployment is refused, policy ${id}: the resource ${JSON.stringify(resource)} has a bare ? or an escape other than \${*}, \${?}, \${$}`;
      }
    }
  }
  return undefined;
}

function filledIn(id: string, resources: readonly string[], variables: RecipeVariables, problems: string[]): readonly string[] {
  return resources.flatMap(resource => {
    let isWhole = !hasBrace(withoutVariables(resource));
    const text = interpolate(resource, variables, () => (isWhole = false));
    if (isWhole && Buffer.byteLength(text) <= MAX_INTERPOLATED) return [text];
    problems.push(`policy ${id}: the resource ${JSON.stringify(resource)} is skipped, its recipe variables have no value`);
    return [];
  });
}

/** A `{` behind a `$` begins an escape; any other a variable, with or without an end. */
function hasBrace(resource: string): boolean {
  return /(?<!\$)\{/.test(resource);
}

/** Bytes that policies take once decoded. */
export function liteDecodedSize(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + OBJECT_SIZE + liteDecodedSize(item), 0);
  if (isJsonObject(value))
    return Object.entries(value).reduce((sum, [key, item]) => sum + KEY_VALUE_SIZE + Buffer.byteLength(key) + liteDecodedSize(item), 0);
  return 0;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string');
}
