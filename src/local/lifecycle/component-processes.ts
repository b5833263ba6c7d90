import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../shared/clock.js';
import { currentPlatform, type Lifecycle, mainStepOf, manifestFor, type RecipeComponent } from '../../recipe/recipe.js';
import type { Profile } from '../../shared/profile.js';
import { type ComponentEnvironment, ComponentLife, type ComponentState, type StartProcess } from './component-process.js';

/** What the processes of a nucleus' components are made of. */
export interface ProcessSettings {
  readonly profile: Profile;
  readonly clock: Clock;
  /** `undefined`: the nucleus starts none, and takes each component for one that runs. */
  readonly startProcess: StartProcess | undefined;
  readonly environment: (component: string) => ComponentEnvironment;
  readonly onState: (component: string, state: ComponentState) => void;
}

/** A component's process and what it was made from. */
interface Deployed {
  readonly component: RecipeComponent;
  readonly lifecycle: Lifecycle;
  readonly life: ComponentLife;
}

/** The processes of the components that were rolled out. */
export class ComponentProcesses {
  readonly #settings: ProcessSettings;
  readonly #deployed = new Map<string, Deployed>();
  readonly #onState = new Set<() => void>();
  #closed = false;

  constructor(settings: ProcessSettings) {
    this.#settings = settings;
  }

  /** What was rolled out last; `undefined` for a component without a process. */
  component(name: string): RecipeComponent | undefined {
    return this.#deployed.get(name)?.component;
  }

  stateOf(name: string): ComponentState | undefined {
    return this.#deployed.get(name)?.life.state;
  }

  /** Those that were given up: every deployment tries them again. */
  get broken(): readonly RecipeComponent[] {
    return [...this.#deployed.values()].filter(({ life }) => life.state === 'BROKEN').map(({ component }) => component);
  }

  reported(name: string, state: string): void {
    this.#deployed.get(name)?.life.reported(state);
  }

  /**
   * Starts the processes of these components, and ends those of before first. A component in which only the configuration differs keeps its
   * process.
   */
  async replace(components: readonly RecipeComponent[]): Promise<readonly string[]> {
    // Nobody can start a process, so there is nothing to wait for.
    if (this.#settings.startProcess === undefined) return [];
    const changed = components.flatMap(component => {
      const lifecycle = this.#lifecycleOf(component);
      return lifecycle !== undefined && this.#isAsBefore(component, lifecycle) ? [] : [{ component, lifecycle }];
    });
    await Promise.all(changed.map(({ component }) => this.remove(nameOf(component))));
    return changed.flatMap(({ component, lifecycle }) => {
      // A version that has no process only ends that of the one before.
      if (lifecycle === undefined) return [];
      this.#start(component, lifecycle);
      return [nameOf(component)];
    });
  }

  async remove(name: string): Promise<void> {
    await this.#deployed.get(name)?.life.stop();
    this.#deployed.delete(name);
  }

  /** Ends all of them, and starts none any more. */
  async stopAll(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#deployed.keys()].map(name => this.remove(name)));
  }

  /** Calls back after each change of a state, until the result is called. */
  onState(listener: () => void): () => void {
    this.#onState.add(listener);
    return () => this.#onState.delete(listener);
  }

  #start(component: RecipeComponent, lifecycle: Lifecycle): void {
    const name = nameOf(component);
    const main = mainStepOf(lifecycle);
    const { profile, clock, startProcess, environment, onState } = this.#settings;
    if (this.#closed || startProcess === undefined || main === undefined) return;
    const { name: step, script } = main;
    const life = new ComponentLife({
      profile,
      lifecycle,
      step,
      clock,
      start: () => startProcess({ recipe: component.recipe, step, script, environment: environment(name) }),
      onState: state => {
        onState(name, state);
        for (const listener of [...this.#onState]) listener();
      },
    });
    this.#deployed.set(name, { component, lifecycle, life });
    life.start();
  }

  #lifecycleOf({ recipe }: RecipeComponent): Lifecycle | undefined {
    const lifecycle = manifestFor(recipe, currentPlatform(this.#settings.profile))?.lifecycle;
    return lifecycle === undefined || mainStepOf(lifecycle) === undefined ? undefined : lifecycle;
  }

  #isAsBefore({ recipe }: RecipeComponent, lifecycle: Lifecycle): boolean {
    const before = this.#deployed.get(recipe.componentName);
    if (before === undefined || before.life.state === 'BROKEN') return false;
    return before.component.recipe.componentVersion === recipe.componentVersion && isDeepStrictEqual(before.lifecycle, lifecycle);
  }
}

function nameOf({ recipe }: RecipeComponent): string {
  return recipe.componentName;
}
