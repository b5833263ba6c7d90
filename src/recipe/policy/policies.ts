import type { Profile } from '../../shared/profile.js';
import { compileClassicResource, liteResourceIsValid } from '../../topic/resources.js';
import type { RecipeVariables } from '../interpolate.js';
import {
  nothingGranted,
  POLICY_SERVICE,
  POLICY_SERVICES,
  type PolicyOutcome,
  policyService,
  type PolicyService,
} from './access-control.js';
import { liteAllows, readPolicies } from './read-policies.js';

/** What each component may do now. */
export interface Permissions {
  readonly may: (component: string, operation: string, resource: string | undefined) => boolean;
  /** What would have allowed what was refused. */
  readonly remedy: (component: string, operation: string, resource: string) => PolicyRemedy;
}

/** Every component's policies, read as the profile reads them. Setting new ones counts from the next request on. */
export class Policies implements Permissions {
  readonly #profile: Profile;
  readonly #outcomes = new Map<string, ReadonlyMap<PolicyService, PolicyOutcome>>();

  constructor(profile: Profile) {
    this.#profile = profile;
  }

  /** In place of what the component had. Returns what in it grants nothing, and why. */
  set(component: string, accessControl: unknown, variables: RecipeVariables): readonly string[] {
    const outcomes = POLICY_SERVICES.map(service => readPolicies(this.#profile, accessControl, variables, service));
    this.#outcomes.set(component, new Map(outcomes.map(outcome => [outcome.service, outcome])));
    return [...new Set(outcomes.flatMap(({ problems }) => problems))];
  }

  remove(component: string): void {
    this.#outcomes.delete(component);
  }

  may(component: string, operation: string, resource: string | undefined): boolean {
    return this.#outcomes.get(component)?.get(policyService(operation))?.authorize(operation, resource) ?? false;
  }

  remedy(component: string, operation: string, resource: string): PolicyRemedy {
    const service = policyService(operation);
    const outcome = this.#outcomes.get(component)?.get(service) ?? nothingGranted(service);
    return policyRemedy(this.#profile, component, outcome, operation, resource);
  }
}

/** What in a component's recipe would have allowed what was refused. */
export interface PolicyRemedy {
  /** One line to print: what to write where. */
  readonly line: string;
  /** The same as data; `undefined` where no policy can allow it, or where the `accessControl` there is has to be mended first. */
  readonly policy:
    | {
        readonly id: string;
        /** Whether the recipe has a policy of this id already: then its list of resources lacks `resource`. */
        readonly exists: boolean;
        readonly operation: string;
        /** The topic or filter as a resource, its special characters escaped. */
        readonly resource: string;
      }
    | undefined;
}

/** What would have allowed this component this operation on this topic. */
function policyRemedy(profile: Profile, component: string, outcome: PolicyOutcome, operation: string, topic: string): PolicyRemedy {
  if (outcome.dropped !== undefined) return { line: `mend the component's policies: ${outcome.dropped}`, policy: undefined };
  const resource = resourceFor(profile, outcome.service, topic);
  if (resource === undefined) {
    const isWildcardOnly = profile === 'lite' && liteResourceIsValid(topic);
    const line = isWildcardOnly
      ? 'only a resource with a wildcard can allow this topic: { begins a recipe variable'
      : 'no policy can allow this topic';
    return { line, policy: undefined };
  }
  const existing = outcome.policies.find(({ operations }) => operations.includes(operation) || operations.includes('*'));
  const id = existing?.id ?? freeId(component, outcome);
  return {
    line:
      existing === undefined
        ? `add the policy ${quoted(id)}: { operations: [${quoted(operation)}], resources: [${quoted(resource)}] }`
        : `add ${quoted(resource)} to the resources of the policy ${quoted(id)}`,
    policy: { id, exists: existing !== undefined, operation, resource },
  };
}

/** A topic as a resource that allows it, and nothing else but what its wildcards cover; `undefined` if no resource does. */
function resourceFor(profile: Profile, service: PolicyService, topic: string): string | undefined {
  const escaped = topic.replace(/[*?]|\$(?=\{)/g, char => `\${${char}}`);
  if (profile === 'lite') {
    const isPlain = liteResourceIsValid(topic) && !/(?<!\$)\{/.test(escaped);
    return isPlain && liteAllows(service)(escaped, topic) ? escaped : undefined;
  }
  return topic !== '' && compileClassicResource(escaped, POLICY_SERVICE[service].wildcards)?.(topic) === true ? escaped : undefined;
}

function freeId(component: string, { policies, service }: PolicyOutcome): string {
  for (let n = 1; ; n++) {
    const id = `${component}:${POLICY_SERVICE[service].shortName}:${n}`;
    if (!policies.some(policy => policy.id === id)) return id;
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
