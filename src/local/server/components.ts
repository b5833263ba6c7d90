import { createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { type Configuration, configured, updateConfiguration } from '../../recipe/configuration.js';
import { type DeviceSettings, interpolateAll, type RecipeVariables } from '../../recipe/interpolate.js';
import { inactivePolicies } from '../../recipe/policy/access-control.js';
import type { Policies } from '../../recipe/policy/policies.js';
import type { LocalComponent, RecipeComponent } from '../../recipe/recipe.js';
import type { Profile } from '../../shared/profile.js';
import type { ComponentConfigurations } from '../configuration/component-configurations.js';
import type { Deployment } from '../lifecycle/roll-out.js';

/** A component as it was deployed, to be put back. */
export interface DeployedComponent {
  readonly version: string;
  readonly configuration: Configuration;
  readonly isObserver: boolean;
}

/** What a deployment would change. */
export interface DeploymentPreview {
  readonly name: string;
  readonly isSameVersion: boolean;
  /** `undefined` for a component that is not there. */
  readonly before: Configuration | undefined;
  readonly configuration: Configuration;
}

/** What a component is to be, worked out of what is deployed and what is on the device. */
interface ResolvedComponent {
  readonly name: string;
  readonly version: string;
  readonly configuration: Configuration;
  readonly problems: readonly string[];
}

/** The components of a device with their configurations, which outlive a deployment. */
export class Components {
  readonly #profile: Profile;
  readonly #device: DeviceSettings;
  readonly #tokens: Tokens;
  readonly #policies: Policies;
  readonly #observers = new Set<string>();
  readonly #versions = new Map<string, string>();
  readonly #configurations: ComponentConfigurations;

  constructor(profile: Profile, device: DeviceSettings, tokens: Tokens, policies: Policies, configurations: ComponentConfigurations) {
    this.#configurations = configurations;
    this.#profile = profile;
    this.#device = device;
    this.#tokens = tokens;
    this.#policies = policies;
  }

  /** Adds a component or changes one. Its policies count from the next request on; its subscriptions stay. */
  deploy(component: LocalComponent | RecipeComponent): Deployment {
    const { name, problems, ...deployed } = this.#resolve(component);
    const isObserver = 'observer' in component && component.observer === true;
    const { configuration } = deployed;
    return { component: name, configuration, problems: [...problems, ...this.#apply(name, { ...deployed, isObserver })] };
  }

  /** What {@link restore} takes; `undefined` for a component that is not there. */
  asDeployed(name: string): DeployedComponent | undefined {
    const version = this.#versions.get(name);
    if (version === undefined) return undefined;
    return { version, configuration: this.#configurations.of(name) ?? {}, isObserver: this.#observers.has(name) };
  }

  /** Puts a component back as it was, or removes one that was not there. What in its policies grants nothing, and why. */
  restore(name: string, before: DeployedComponent | undefined): readonly string[] {
    if (before !== undefined) return this.#apply(name, before);
    this.#versions.delete(name);
    this.#observers.delete(name);
    this.#configurations.remove(name);
    this.#tokens.remove(name);
    this.#policies.remove(name);
    return [];
  }

  #apply(name: string, { version, configuration, isObserver }: DeployedComponent): readonly string[] {
    this.#versions.set(name, version);
    this.#configurations.replace(name, configuration);
    if (isObserver) this.#observers.add(name);
    else this.#observers.delete(name);
    this.#tokens.add(name);
    const { thingName, rootPath, interpolates } = this.#device;
    const variables: RecipeVariables = {
      componentName: name,
      componentVersion: version,
      configuration,
      thingName,
      rootPath,
      profile: this.#profile,
    };
    const written = configured(this.#profile, configuration, 'accessControl');
    const accessControl = this.#profile === 'classic' && interpolates ? interpolateAll(written, variables) : written;
    return this.#policies.set(name, accessControl, variables);
  }

  preview(component: LocalComponent | RecipeComponent): DeploymentPreview {
    const { name, version, configuration } = this.#resolve(component);
    return { name, isSameVersion: this.#versions.get(name) === version, before: this.#configurations.of(name), configuration };
  }

  /** Whether the component's subscriptions are to leave the device as it is. */
  isObserver(name: string): boolean {
    return this.#observers.has(name);
  }

  #resolve(component: LocalComponent | RecipeComponent): ResolvedComponent {
    return 'recipe' in component
      ? this.#fromRecipe(component)
      : { name: component.name, version: '0.0.0', configuration: this.#fromPolicies(component), problems: [] };
  }

  /** What a component without a recipe has is its policies, and what it has written itself. */
  #fromPolicies({ name, accessControl }: LocalComponent): Configuration {
    const { accessControl: _before, ...others } = this.#configurations.of(name) ?? {};
    return accessControl === undefined ? others : { ...others, accessControl };
  }

  #fromRecipe({ recipe, configurationUpdate }: RecipeComponent): ResolvedComponent {
    const { componentName: name, componentVersion: version } = recipe;
    const profile = this.#profile;
    const defaultConfiguration = profile === 'lite' ? recipe.liteDefaultConfiguration : recipe.defaultConfiguration;
    const onDevice = this.#configurations.of(name) ?? {};
    const { configuration, unmerged, problems } = updateConfiguration(profile, onDevice, defaultConfiguration, configurationUpdate);
    const inactive = inactivePolicies(
      configured(profile, defaultConfiguration, 'accessControl'),
      configured(profile, unmerged, 'accessControl'),
    ).map(
      ({ id }) =>
        `policy ${id} is not as the recipe has it: the device has another one under this id, and what is on a device wins. ` +
        "Deploy with reset: ['/accessControl'], or give the policy a new id",
    );
    return { name, version, configuration, problems: [...problems, ...inactive] };
  }
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** A fresh token in the server's own form: sixteen random characters on classic, sixteen random bytes as base64 on Lite. */
function newToken(profile: Profile): string {
  if (profile === 'lite') return randomBytes(16).toString('base64');
  return Array.from({ length: 16 }, () => LETTERS.charAt(randomInt(LETTERS.length))).join('');
}

/** Which component a token (`SVCUID`) belongs to. */
export class Tokens {
  readonly #profile: Profile;
  readonly #key = randomBytes(32);
  readonly #tokens = new Map<string, { readonly token: string; readonly digest: Buffer }>();

  constructor(profile: Profile) {
    this.#profile = profile;
  }

  /** A token for a component that has none yet. */
  add(component: string): void {
    if (!this.#tokens.has(component)) this.issue(component);
  }

  issue(component: string): void {
    const token = newToken(this.#profile);
    this.#tokens.set(component, { token, digest: this.#digest(token) });
  }

  remove(component: string): void {
    this.#tokens.delete(component);
  }

  /** New tokens for all: what a restarted nucleus does, so that the old ones are refused for ever. */
  reissueAll(): void {
    for (const component of this.#tokens.keys()) this.issue(component);
  }

  of(component: string): string | undefined {
    return this.#tokens.get(component)?.token;
  }

  /** Compares with every token in constant time, through digests of equal length, and never stops early. */
  component(token: string): string | undefined {
    const digest = this.#digest(token);
    let found: string | undefined;
    for (const [component, known] of this.#tokens) if (timingSafeEqual(known.digest, digest)) found = component;
    return found;
  }

  #digest(token: string): Buffer {
    return createHmac('sha256', this.#key).update(token).digest();
  }
}
