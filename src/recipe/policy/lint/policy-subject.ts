import { isJsonObject, parsedJson } from '../../../shared/check-argument.js';
import type { Profile } from '../../../shared/profile.js';
import { configured, jsonPointer, updateConfiguration } from '../../configuration.js';
import { type DeviceSettings, interpolateAll, type RecipeVariables } from '../../interpolate.js';
import type { LocalComponent, RecipeComponent } from '../../recipe.js';
import { POLICY_SERVICE, type PolicyOutcome, type PolicyService } from '../access-control.js';
import { readPolicies } from '../read-policies.js';
import type { PolicyExample, PolicyFinding } from './policy-finding.js';

/** One policy as it is written, well formed or not. */
export interface WrittenPolicy {
  readonly id: string;
  readonly operations: readonly unknown[] | undefined;
  readonly resources: readonly unknown[] | undefined;
  /** Whether its names have exactly the case that Lite wants. */
  readonly isExactCase: boolean;
}

/** One component's policies for one service to lint: as they are written, and what each profile makes of them. */
export class PolicySubject {
  readonly name: string;
  readonly service: PolicyService;
  readonly accessControl: unknown;
  readonly variables: RecipeVariables;
  readonly outcomes: Readonly<Record<Profile, PolicyOutcome>>;
  /** There are policies, but not under the exact name that Lite looks for. */
  readonly isMisnamedOnLite: boolean;

  constructor(component: LocalComponent | RecipeComponent, device: DeviceSettings, service: PolicyService) {
    const { name, version, configuration } = described(component);
    this.name = name;
    this.service = service;
    this.variables = { componentName: name, componentVersion: version, configuration, ...device };
    this.accessControl = configured('classic', configuration, 'accessControl');
    const onLite = configured('lite', configuration, 'accessControl');
    this.outcomes = {
      classic: readPolicies(
        'classic',
        device.interpolates ? interpolateAll(this.accessControl, this.variables) : this.accessControl,
        this.variables,
        service,
      ),
      lite: readPolicies('lite', onLite, this.variables, service),
    };
    this.isMisnamedOnLite = this.accessControl !== undefined && onLite === undefined;
  }

  /** The document as data, be it written as data or as its JSON. */
  get document(): unknown {
    return typeof this.accessControl === 'string' ? parsedJson(this.accessControl) : this.accessControl;
  }

  /** Whether the document has policies for the service at all. */
  get hasService(): boolean {
    return isJsonObject(this.document) && this.document[this.service] !== undefined;
  }

  /** The operations that the service's policies can allow: publishing, and subscribing. */
  get operations(): { readonly publish: string; readonly subscribe: string } {
    return POLICY_SERVICE[this.service].operations;
  }

  /** The policies for the service that are maps at all. */
  get policies(): readonly WrittenPolicy[] {
    const service = isJsonObject(this.document) ? this.document[this.service] : undefined;
    return Object.entries(isJsonObject(service) ? service : {}).flatMap(([id, policy]) => {
      if (!isJsonObject(policy)) return [];
      const names = Object.keys(policy);
      const member = (name: string): readonly unknown[] | undefined => {
        const value = policy[names.find(key => key.toLowerCase() === name) ?? name];
        return Array.isArray(value) ? (value as readonly unknown[]) : undefined;
      };
      const isExactCase = names.every(key => !['operations', 'resources'].some(known => known !== key && known === key.toLowerCase()));
      return [{ id, operations: member('operations'), resources: member('resources'), isExactCase }];
    });
  }

  /** What becomes of a topic. */
  example(topic: string, operation: string): PolicyExample {
    const { classic, lite } = this.outcomes;
    return { operation, topic, allowed: { classic: classic.authorize(operation, topic), lite: lite.authorize(operation, topic) } };
  }

  /** The operation to show a policy with. */
  operationOf({ operations }: WrittenPolicy): string {
    const { publish, subscribe } = this.operations;
    return operations?.includes(publish) === true && !operations.includes(subscribe) ? publish : subscribe;
  }

  /** A place among the policies for the service. */
  pathOf(...parts: readonly (string | number)[]): string {
    return jsonPointer([this.service, ...parts]);
  }

  /** What the service is called in words. */
  get title(): string {
    return POLICY_SERVICE[this.service].title;
  }

  /** An id for a policy of the component. */
  get freshId(): string {
    return `${this.name}:${POLICY_SERVICE[this.service].shortName}:1`;
  }

  finding(finding: Omit<PolicyFinding, 'component'>): PolicyFinding {
    return { component: this.name, ...finding };
  }
}

function described(component: LocalComponent | RecipeComponent): {
  readonly name: string;
  readonly version: string;
  readonly configuration: Readonly<Record<string, unknown>>;
} {
  if (!('recipe' in component)) {
    return { name: component.name, version: '0.0.0', configuration: { accessControl: component.accessControl } };
  }
  const { recipe, configurationUpdate } = component;
  const { configuration } = updateConfiguration('classic', {}, recipe.defaultConfiguration, configurationUpdate);
  return { name: recipe.componentName, version: recipe.componentVersion, configuration };
}

/** What wildcards may stand for: first the plainest. */
const FILLINGS = ['x', 'x/y', ''];
/** Wildcards of one resource that are tried in every combination; those behind them are plain. */
const COMBINED = 4;

/** A topic that a resource is meant to allow. */
export function sampleTopic(resource: string): string {
  return filled(resource, () => 'x');
}

/**
 * Topics at the edges of what a resource may be read to allow, the plainest first: its parent, each wildcard as little and as much,
 * and as itself.
 */
export function edgeTopics(resource: string): readonly string[] {
  const parent = resource.endsWith('/#') ? [sampleTopic(resource.slice(0, -2))] : [];
  const plain = FILLINGS.map(filling => filled(resource, wildcard => (wildcard === '+' && filling === 'x/y' ? 'x' : filling)));
  return [...new Set([...parent, ...plain, resource, ...combinations(resource)])].filter(topic => topic !== '');
}

/** The resource with its last level, a `+`, as the `#` that a subscription may ask for in its place; `undefined` if it is no `+`. */
export function hashInPlaceOfPlus(resource: string): string | undefined {
  return /(^|\/)\+$/.test(resource) ? `${resource.slice(0, -1)}#` : undefined;
}

function combinations(resource: string): readonly string[] {
  const wildcards = Math.min(COMBINED, (resource.match(/[+#*]/g) ?? []).length);
  const choices = FILLINGS.length + 1;
  return Array.from({ length: choices ** wildcards }, (_, combination) =>
    filled(resource, (wildcard, i) => {
      const choice = Math.floor(combination / choices ** i) % choices;
      return i < COMBINED ? (FILLINGS[choice] ?? wildcard) : 'x';
    }),
  );
}

function filled(resource: string, filling: (wildcard: string, index: number) => string): string {
  let index = 0;
  return resource.replace(/\$\{([*?$])\}|[+#*]/g, (wildcard, escaped: string | undefined) => escaped ?? filling(wildcard, index++));
}
