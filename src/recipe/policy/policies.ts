import type { ProfileName } from '../../shared/profile-name.js';
import type { RecipeVariables } from '../interpolate.js';
import {
  MQTT_PROXY_SERVICE,
  POLICY_SERVICES,
  nothingGranted,
  policyService,
  type PolicyOutcome,
  type PolicyService,
} from './authorizer.js';
import { classicPolicy } from './classic-policy.js';
import { litePolicy } from './lite-policy.js';
import { policyRemedy, type PolicyRemedy } from './policy-remedy.js';

/** What each component may do now. */
export interface Permissions {
  readonly may: (component: string, operation: string, resource: string | undefined) => boolean;
  /** What would have allowed what was refused. */
  readonly remedy: (component: string, operation: string, resource: string) => PolicyRemedy;
}

/** Every component's policies, read as the profile reads them. Setting new ones counts from the next request on. */
export class Policies implements Permissions {
  readonly #profile: ProfileName;
  readonly #outcomes = new Map<string, ReadonlyMap<PolicyService, PolicyOutcome>>();

  constructor(profile: ProfileName) {
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

/** What a profile makes of an `accessControl` for one service. Only Lite fills in recipe variables when it checks. */
export function readPolicies(
  profile: ProfileName,
  accessControl: unknown,
  variables: RecipeVariables,
  service: PolicyService = MQTT_PROXY_SERVICE,
): PolicyOutcome {
  return profile === 'lite' ? litePolicy(accessControl, variables, service) : classicPolicy(accessControl, service);
}
