import { isJsonObject } from '../../shared/check-argument.js';
import { ClassicResources } from '../../topic/classic-resource.js';
import {
  type Authorizer,
  type GrantedPolicy,
  MQTT_PROXY_SERVICE,
  nothingGranted,
  type PolicyOutcome,
  type PolicyService,
  PUBSUB_SERVICE,
} from './access-control.js';

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
  const style = service === PUBSUB_SERVICE ? 'glob' : 'mqtt';
  const authorize: Authorizer = (operation, resource) => {
    if (resource === undefined) return byOperation.has(operation) || byOperation.has('*');
    // An empty resource is an error of its own in the nucleus, and so never authorized, not even by `*`.
    if (resource === '') return false;
    return byOperation.get(operation)?.allow(resource, style) === true || byOperation.get('*')?.allow(resource, style) === true;
  };
  return { service, authorize, problems, policies, dropped: undefined };
}

/** The policies for the service, or why the whole document is dropped. Other services' policies must be well formed too. */
function parse(accessControl: unknown, wanted: PolicyService): readonly GrantedPolicy[] | string {
  let document = accessControl;
  if (typeof document === 'string') {
    try {
      document = JSON.parse(document);
    } catch {
      return 'it is a text that is not JSON';
    }
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
