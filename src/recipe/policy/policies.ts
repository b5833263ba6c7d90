import type { ProfileName } from '../../shared/profile-name.js';
import type { RecipeVariables } from '../interpolate.js';
import { nothingGranted, type PolicyOutcome } from './authorizer.js';
import { classicPolicy } from './classic-policy.js';
import { litePolicy } from './lite-policy.js';
import { policyRemedy, type PolicyRemedy } from './policy-remedy.js';

/** What each component may do now. */
export interface Permissions {
  readonly may: (component: string, operation: string, resource: string) => boolean;
  /** What would have allowed what was refused. */
  readonly remedy: (component: string, operation: string, resource: string) => PolicyRemedy;
}

/** Every component's policies, read as the profile reads them. Setting new ones counts from the next request on. */
export class Policies implements Permissions {
  readonly #profile: ProfileName;
  readonly #outcomes = new Map<string, PolicyOutcome>();

  constructor(profile: ProfileName) {
    this.#profile = profile;
  }

  /** In place of what the component had. Returns what in it grants nothing, and why. */
  set(component: string, accessControl: unknown, variables: RecipeVariables): readonly string[] {
    const outcome = readPolicies(this.#profile, accessControl, variables);
    this.#outcomes.set(component, outcome);
    return outcome.problems;
  }

  may(component: string, operation: string, resource: string): boolean {
    return this.#outcomes.get(component)?.authorize(operation, resource) ?? false;
  }

  remedy(component: string, operation: string, resource: string): PolicyRemedy {
    return policyRemedy(this.#profile, component, this.#outcomes.get(component) ?? nothingGranted(), operation, resource);
  }
}

/** What a profile makes of an `accessControl`. Only Lite fills in recipe variables when it checks. */
export function readPolicies(profile: ProfileName, accessControl: unknown, variables: RecipeVariables): PolicyOutcome {
  return profile === 'lite' ? litePolicy(accessControl, variables) : classicPolicy(accessControl);
}
