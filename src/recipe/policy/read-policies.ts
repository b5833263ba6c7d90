import { isJsonObject, isTexts, parsedJson } from '../../shared/check-argument.js';
import type { Profile } from '../../shared/profile.js';
import { ClassicResources, liteGlobAllows, liteResourceAllows, liteResourceIsValid } from '../../topic/resources.js';
import { interpolate, type RecipeVariables, withoutVariables } from '../interpolate.js';
import {
  type Authorizer,
  type GrantedPolicy,
  MQTT_PROXY_SERVICE,
  nothingGranted,
  POLICY_SERVICE,
  type PolicyOutcome,
  type PolicyService,
} from './access-control.js';

/** What a profile makes of an `accessControl` for one service. Only Lite fills in recipe variables when it checks. */
export function readPolicies(
  profile: Profile,
  accessControl: unknown,
  variables: RecipeVariables,
  service: PolicyService = MQTT_PROXY_SERVICE,
): PolicyOutcome {
  return profile === 'lite' ? litePolicy(accessControl, variables, service) : classicPolicy(accessControl, service);
}

/**
 * Reads a component's policies for a service as the classic nucleus does: all or nothing. One unknown property, wrong type or null
 * anywhere in it, and the component has no policy at all. Property names are compared ignoring case. The document may also be
 * its JSON text.
 *
 * Source: `AuthorizationPolicyParser` and `AuthorizationHandler` of the nucleus.
 */
export function classicPolicy(accessControl: unknown, service: PolicyService = MQTT_PROXY_SERVICE): PolicyOutcome {
  if (accessControl === undefined) return nothingGranted(service);
  const parsed = parse(accessControl, service);
  if (typeof parsed === 'string') return nothingGranted(service, `accessControl is dropped as a whole: ${parsed}`);
  const problems: string[] = [];
  const policies: GrantedPolicy[] = [];
  const byOperation = new Map<string, ClassicResources>();
  for (const policy of parsed) {
    const { id, operations, resources } = policy;
    if (operations.length === 0) {
      problems.push(`policy ${id} is skipped: its operations are missing or empty`);
      continue;
    }
    if (resources.length === 0) problems.push(`policy ${id} grants nothing: its resources are missing or empty`);
    const unreadable = new Set<string>();
    for (const operation of operations) {
      const granted = byOperation.get(operation) ?? new ClassicResources();
      byOperation.set(operation, granted);
      for (const resource of resources) if (!granted.add(resource)) unreadable.add(resource);
    }
    for (const resource of unreadable) {
      problems.push(
        `policy ${id}: the resource ${JSON.stringify(resource)} is skipped, it is empty or has a bare ? or an escape other than \${*}, \${?}, \${$}`,
      );
    }
    policies.push(policy);
  }
  const { wildcards } = POLICY_SERVICE[service];
  const authorize: Authorizer = (operation, resource) => {
    if (resource === undefined) return byOperation.has(operation) || byOperation.has('*');
    // An empty resource is an error of its own in the nucleus, and so never authorized, not even by `*`.
    if (resource === '') return false;
    return byOperation.get(operation)?.allow(resource, wildcards) === true || byOperation.get('*')?.allow(resource, wildcards) === true;
  };
  return { service, authorize, problems, policies, dropped: undefined };
}

/** The policies for the service, or why the whole document is dropped. Other services' policies must be well formed too. */
function parse(accessControl: unknown, wanted: PolicyService): readonly GrantedPolicy[] | string {
  let document = accessControl;
  if (typeof document === 'string') {
    document = parsedJson(document);
    if (document === undefined) return 'it is a text that is not JSON';
  }
  const services = entries(document);
  if (services === undefined) return 'it is not a map of services';
  const policies: GrantedPolicy[] = [];
  for (const [service, byId] of services) {
    const ids = entries(byId);
    if (ids === undefined) return `${service} is not a map of policies`;
    for (const [id, body] of ids) {
      const policy = parsePolicy(id, body);
      if (typeof policy === 'string') return policy;
      if (service === wanted) policies.push(policy);
    }
  }
  return policies;
}

function parsePolicy(id: string, body: unknown): GrantedPolicy | string {
  const members = entries(body);
  if (members === undefined) return `policy ${id} is not a map`;
  let operations: readonly string[] = [];
  let resources: readonly string[] = [];
  for (const [name, value] of members) {
    switch (name.toLowerCase()) {
      case 'policydescription':
        if (!isScalar(value)) return `policy ${id}: policyDescription is not a text`;
        break;
      case 'operations':
      case 'resources': {
        // An undefined member is one that was left out: documents come as objects too.
        if (value === undefined) break;
        if (!Array.isArray(value) || !value.every(isScalar)) return `policy ${id}: ${name} is not a list of texts`;
        const texts = [...new Set(value.map(String))];
        if (name.toLowerCase() === 'operations') operations = texts;
        else resources = texts;
        break;
      }
      default:
        return `policy ${id} has the unknown property ${name}`;
    }
  }
  return { id, operations, resources };
}

/** Jackson turns numbers and booleans into texts where it wants texts. */
function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function entries(value: unknown): readonly (readonly [string, unknown])[] | undefined {
  return isJsonObject(value) ? Object.entries(value) : undefined;
}

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
  const allows = liteAllows(name);
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

/** Whether a resource of a policy for this service allows a topic on Lite. */
export function liteAllows(service: PolicyService): (resource: string, topic: string) => boolean {
  return POLICY_SERVICE[service].wildcards === 'glob' ? liteGlobAllows : liteResourceAllows;
}

/** Why a deployment is refused, if it is: a resource, of any service, has a bare `?` or an unknown escape. */
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

/** Whether a recipe variable begins in it, with or without an end: any `{` that does not stand behind a `$`, as in an escape. */
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
