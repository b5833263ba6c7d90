import type { Profile } from '../../../shared/profile.js';

/** What the linter looks for. */
export type PolicyRule =
  /** Classic drops the component's whole `accessControl`. */
  | 'classic-drops-all'
  /** Lite refuses everything that the component asks for. */
  | 'lite-refuses-all'
  /** The policies take more than the 4096 bytes that Lite decodes. */
  | 'lite-too-large'
  /** A policy has no usable list of operations, or a name in a case that Lite does not know. */
  | 'operations-missing'
  /** A policy has no usable list of resources. */
  | 'resources-missing'
  /** An operation that the service does not have. */
  | 'unknown-operation'
  /** A `*` within an operation, which is no wildcard there. */
  | 'partial-operation'
  /** A service that is nearly the MQTT proxy, or local publish/subscribe. */
  | 'unknown-service'
  /** A resource with a bare `?`, or an escape other than `${*}`, `${?}`, `${$}`. */
  | 'malformed-resource'
  /** A `${*}` before a wildcard, which classic takes for a `*`. */
  | 'escape-before-wildcard'
  /** A recipe variable that stays plain text, or has no value. */
  | 'recipe-variable'
  /** A last `+` that also allows subscribing to everything below. */
  | 'plus-allows-hash'
  /** A `*` that takes slashes too. */
  | 'star-crosses-levels'
  /** A `+` or `#` in the policies for local topics, where it is plain text. */
  | 'plain-wildcard'
  /** A resource that allows every topic. */
  | 'allows-everything'
  /** A resource that means one thing on classic and another on Lite. */
  | 'profiles-differ'
  /** A policy id that another component has too. */
  | 'duplicate-id'
  /** A policy that has changed under an id that devices have already: they keep theirs. */
  | 'inactive-policy';

/** A topic that shows what a finding means, with what the component's policies make of it as they are. */
export interface PolicyExample {
  readonly operation: string;
  /** The topic, or filter, that the component asks for. */
  readonly topic: string;
  /** Whether each profile allows it. */
  readonly allowed: Readonly<Record<Profile, boolean>>;
}

/** One surprise in a component's policies. */
export interface PolicyFinding {
  readonly rule: PolicyRule;
  /** `error`: something is refused or lost; `warning`: more or less is allowed than it looks; `note`: good to know. */
  readonly severity: 'error' | 'warning' | 'note';
  readonly component: string;
  /** Where in the `accessControl`, as a JSON pointer: `/aws.greengrass.ipc.mqttproxy/policy:1/resources/0`. */
  readonly path: string;
  /** The profiles on which it matters. */
  readonly profiles: readonly Profile[];
  readonly message: string;
  readonly remedy: string;
  readonly example: PolicyExample;
}

/** Findings of one rule, that say the same of other places of the policies. */
export interface KindOfFinding {
  readonly first: PolicyFinding;
  readonly others: readonly PolicyFinding[];
}

/** The findings of one component by what they say, so that each is told once: what is said of one `+` holds for all. */
export function byKind(findings: readonly PolicyFinding[]): readonly KindOfFinding[] {
  const kinds = new Map<string, PolicyFinding[]>();
  for (const finding of findings) {
    const kind = `${finding.rule} ${finding.severity} ${finding.profiles.join()}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), finding]);
  }
  return [...kinds.values()].flatMap(([first, ...others]) => (first === undefined ? [] : [{ first, others }]));
}
