import type { Authorizer } from './authorizer.js';
import { classicPolicy } from './classic-policy.js';
import { litePolicy } from './lite-policy.js';
import type { LocalComponent } from './local-nucleus-options.js';
import type { NucleusEvent } from './nucleus-event.js';
import type { ProfileName } from './profile-name.js';

/** Every component's policies, read as the profile reads them, and what in them grants nothing. */
export function readPolicies(
  profile: ProfileName,
  components: readonly LocalComponent[],
): { readonly authorizers: ReadonlyMap<string, Authorizer>; readonly problems: readonly NucleusEvent[] } {
  const read = profile === 'lite' ? litePolicy : classicPolicy;
  const outcomes = components.map(({ name, accessControl }) => ({ name, outcome: read(accessControl) }));
  return {
    authorizers: new Map(outcomes.map(({ name, outcome }) => [name, outcome.authorize])),
    problems: outcomes.flatMap(({ name, outcome }) =>
      outcome.problems.map(problem => ({ kind: 'policy', component: name, problem }) as const),
    ),
  };
}
