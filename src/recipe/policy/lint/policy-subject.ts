import type { LocalComponent, RecipeComponent } from '../../local-component.js';
import { PUBLISH, SUBSCRIBE } from '../../../shared/operations.js';
import type { ProfileName } from '../../../shared/profile-name.js';
import { configured, updateConfiguration } from '../../device-configuration.js';
import { interpolateAll, type RecipeVariables } from '../../interpolate.js';
import { jsonPointer } from '../../json-pointer.js';
import { isJsonObject } from '../../../shared/json-object.js';
import { MQTT_PROXY_SERVICE, type PolicyOutcome } from '../authorizer.js';
import { readPolicies } from '../policies.js';
import type { PolicyExample, PolicyFinding } from './policy-finding.js';

/** What the linter is told of the device. */
export interface PolicyDevice {
  readonly thingName: string;
  readonly rootPath: string;
  readonly interpolates: boolean;
}

/** One policy as it is written, well formed or not. */
export interface WrittenPolicy {
  readonly id: string;
  readonly operations: readonly unknown[] | undefined;
  readonly resources: readonly unknown[] | undefined;
  /** Whether its names have exactly the case that Lite wants. */
  readonly isExactCase: boolean;
}

/** One component to lint: its policies as written, and what each profile makes of them. */
export class PolicySubject {
  readonly name: string;
  readonly accessControl: unknown;
  readonly variables: RecipeVariables;
  readonly outcomes: Readonly<Record<ProfileName, PolicyOutcome>>;
  /** There are policies, but not under the exact name that Lite looks for. */
  readonly isMisnamedOnLite: boolean;

  constructor(component: LocalComponent | RecipeComponent, device: PolicyDevice) {
    const { name, version, configuration } = described(component);
    this.name = name;
    this.variables = { componentName: name, componentVersion: version, configuration, ...device };
    this.accessControl = configured('classic', configuration, 'accessControl');
    const onLite = configured('lite', configuration, 'accessControl');
    this.outcomes = {
      classic: readPolicies(
        'classic',
        device.interpolates ? interpolateAll(this.accessControl, this.variables) : this.accessControl,
        this.variables,
      ),
      lite: readPolicies('lite', onLite, this.variables),
    };
    this.isMisnamedOnLite = this.accessControl !== undefined && onLite === undefined;
  }

  /** The document as data, be it written as data or as its JSON. */
  get document(): unknown {
    if (typeof this.accessControl !== 'string') return this.accessControl;
    try {
      return JSON.parse(this.accessControl) as unknown;
    } catch {
      return undefined;
    }
  }

  /** The policies for the MQTT proxy that are maps at all. */
  get policies(): readonly WrittenPolicy[] {
    const service = isJsonObject(this.document) ? this.document[MQTT_PROXY_SERVICE] : undefined;
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

  finding(finding: Omit<PolicyFinding, 'component'>): PolicyFinding {
    return { component: this.name, ...finding };
  }
}

/** The operation to show a policy with. */
export function operationOf({ operations }: WrittenPolicy): string {
  return operations?.includes(PUBLISH) === true && !operations.includes(SUBSCRIBE) ? PUBLISH : SUBSCRIBE;
}

/** A place among the policies for the MQTT proxy. */
export function pathOf(...parts: readonly (string | number)[]): string {
  return jsonPointer([MQTT_PROXY_SERVICE, ...parts]);
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
