import { MQTT_PROXY_SERVICE, type Authorizer, type PolicyOutcome } from './authorizer.js';
import { liteResourceAllows, liteResourceIsValid } from '../topic/lite-resource.js';

const NOTHING: Authorizer = () => false;

/** What a component's policies may take in ggipcd's memory once decoded (`ipc_authz.c`). */
const POLICY_MEMORY = 4096;
/** Bytes of one object and of one key with its object in the Greengrass SDK for C, beside their texts. */
const OBJECT_SIZE = 11;
const KEY_VALUE_SIZE = 21;

/**
 * Reads a component's policies for the MQTT proxy as Greengrass Lite does. `operations` and `resources` are required lists of
 * texts and names are case-sensitive. A malformed policy, or policies that do not decode into 4096 bytes, leave everything
 * refused (on a device a malformed one already fails the deployment).
 *
 * Source: `ipc_authz.c` and `access_control_validation.c` of Greengrass Lite.
 */
export function litePolicy(accessControl: unknown): PolicyOutcome {
  const service = isMap(accessControl) ? accessControl[MQTT_PROXY_SERVICE] : undefined;
  if (accessControl === undefined || (isMap(accessControl) && service === undefined)) return { authorize: NOTHING, problems: [] };
  const refuse = (problem: string): PolicyOutcome => ({ authorize: NOTHING, problems: [`${problem}. Every call will be Unauthorized.`] });
  if (!isMap(service)) return refuse('accessControl is not a map of services and policies');
  const size = decodedSize(service);
  if (size > POLICY_MEMORY)
    return refuse(`the policies take about ${String(size)} bytes decoded and Lite reads at most ${String(POLICY_MEMORY)}`);
  const policies: { readonly operations: readonly string[]; readonly resources: readonly string[] }[] = [];
  for (const [id, policy] of Object.entries(service)) {
    if (!isMap(policy)) return refuse(`policy ${id} is not a map`);
    const { operations, resources } = policy;
    if (!isTexts(operations) || !isTexts(resources)) return refuse(`policy ${id}: operations and resources must both be lists of texts`);
    const invalid = resources.find(resource => !liteResourceIsValid(resource));
    if (invalid !== undefined)
      return refuse(`policy ${id}: the resource ${JSON.stringify(invalid)} has a bare ? or an escape other than \${*}, \${?}, \${$}`);
    policies.push({ operations, resources });
  }
  const authorize: Authorizer = (operation, resource) =>
    liteResourceIsValid(resource) &&
    policies.some(
      ({ operations, resources }) =>
        operations.some(allowed => allowed === '*' || allowed === operation) &&
        resources.some(allowed => liteResourceAllows(allowed, resource)),
    );
  return { authorize, problems: [] };
}

function decodedSize(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + OBJECT_SIZE + decodedSize(item), 0);
  if (isMap(value))
    return Object.entries(value).reduce((sum, [key, item]) => sum + KEY_VALUE_SIZE + Buffer.byteLength(key) + decodedSize(item), 0);
  return 0;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string');
}
