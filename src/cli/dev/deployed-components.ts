import { forbiddenKey } from '../../codec/json-text.js';
import type { Deployment, RollOut } from '../../local/lifecycle/roll-out.js';
import type { LocalNucleus } from '../../local/nucleus.js';
import { type Configuration, jsonPointer } from '../../recipe/configuration.js';
import { isJsonObject, ownMember } from '../../shared/check-argument.js';
import type { ControlReply } from '../reach/control-channel.js';
import type { DevComponent } from './dev-component.js';

/** The components of a `dev` that runs: as their recipes say now, with what was deployed over that. */
export class DeployedComponents {
  readonly #nucleus: LocalNucleus;
  #components: readonly DevComponent[];
  /** Of components that were deployed again; the others have their recipe's. */
  readonly #configurations = new Map<string, Configuration>();

  constructor(nucleus: LocalNucleus, components: readonly DevComponent[]) {
    this.#nucleus = nucleus;
    this.#components = components;
  }

  get all(): readonly DevComponent[] {
    return this.#components;
  }

  /** The one that is started here. */
  get first(): DevComponent | undefined {
    return this.#components[0];
  }

  /** The configuration in effect; `undefined`: it has no recipe. */
  configurationOf({ name, local }: DevComponent): Configuration | undefined {
    return this.#configurations.get(name) ?? ('recipe' in local ? local.recipe.defaultConfiguration : undefined);
  }

  /** Deploys them as their recipes, which were read again, say now. */
  redeploy(components: readonly DevComponent[]): void {
    this.#components = components;
    for (const { local } of components) this.#deployed(this.#nucleus.deploy(local));
  }

  /** Deploys a component with this over its configuration, and these places of it reset to the recipe's defaults first. */
  async configure(name: string, merge: Readonly<Record<string, unknown>>, reset: readonly string[]): Promise<ControlReply> {
    const component = this.#components.find(each => each.name === name);
    if (component === undefined) return { problem: `dev has no component ${JSON.stringify(name)}` };
    const { local } = component;
    if (!('recipe' in local)) return { problem: 'a configuration comes with a recipe: start dev with --recipe' };
    const problem = forbiddenKey(merge) ?? lostMap(this.configurationOf(component) ?? {}, merge);
    if (problem !== undefined) return { problem };
    const outcome = await this.#nucleus.rollOut([{ recipe: local.recipe, configurationUpdate: { merge, reset } }]);
    if (outcome.status === 'SUCCEEDED') for (const deployment of outcome.deployments) this.#deployed(deployment);
    return described(outcome);
  }

  /** Announces an update, and waits until the components let it begin. */
  async update(): Promise<ControlReply> {
    return described(await this.#nucleus.rollOut([], { notifyComponents: true }));
  }

  #deployed({ component, configuration }: Deployment): void {
    this.#configurations.set(component, configuration);
  }
}

/** What is wrong with a value that would take the place of a map, and of all that is in it. */
function lostMap(configuration: Configuration, merge: Configuration, path: readonly string[] = []): string | undefined {
  for (const [name, value] of Object.entries(merge)) {
    const there = ownMember(configuration, name);
    if (!isJsonObject(there)) continue;
    const place = [...path, name];
    if (isJsonObject(value)) {
      const inner = lostMap(there, value, place);
      if (inner !== undefined) return inner;
      continue;
    }
    const [first = 'name'] = Object.keys(there);
    return `${jsonPointer(place)} has members, and ${JSON.stringify(value)} would take the place of all of them. Name one, such as ${jsonPointer([...place, first])}`;
  }
  return undefined;
}

function described(outcome: RollOut): ControlReply {
  if (outcome.status === 'SUCCEEDED')
    return { done: [outcome.status, ...outcome.deployments.flatMap(({ problems }) => problems)].join('\n') };
  return { problem: `${outcome.status}: ${outcome.reason}` };
}
