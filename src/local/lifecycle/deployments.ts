import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../shared/clock.js';
import type { Configuration } from '../../recipe/configuration.js';
import type { LocalComponent, RecipeComponent } from '../../recipe/recipe.js';
import { checkTime } from '../../shared/check-argument.js';
import type { Profile } from '../../shared/profile.js';
import type { NucleusEvent } from '../nucleus-event.js';
import type { Components, DeployedComponent, DeploymentPreview } from '../server/components.js';
import type { ComponentProcesses } from './component-processes.js';
import type { LifecycleServices, ValidityReport } from './lifecycle-services.js';
import type { Deployment, RollOut, RollOutOptions } from './roll-out.js';

const STOPPED = 'the local nucleus has been stopped';

/** Milliseconds from one look of a classic nucleus at the states of what it deploys to the next. */
const LOOK_EVERY = 1000;
/** Milliseconds that Lite lets pass before it looks. */
const LITE_LOOKS_AFTER = 5000;
/** Milliseconds that Lite waits for each component. */
const LITE_WAITS = 300_000;

/**
 * Deployments that ask the components first: those that are told of updates whether they can be updated now, and those that validate
 * whether they take their new configuration. Afterwards they wait until each component that was started again runs; one that does not run
 * makes the deployment fail, and it is rolled back.
 *
 * One at a time, as on a device.
 *
 * Source: `DeploymentConfigMerger`, `DefaultActivator`, `DynamicComponentConfigurationValidator` and `UpdateSystemPolicyService` of the
 * nucleus; `ggdeploymentd` of Greengrass Lite, which asks nobody.
 */
export class Deployments {
  readonly #parts: DeploymentParts;
  readonly #components: Components;
  readonly #services: LifecycleServices;
  readonly #processes: ComponentProcesses;
  readonly #clock: Clock;
  readonly #stops = new Set<() => void>();
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(parts: DeploymentParts) {
    this.#parts = parts;
    this.#components = parts.components;
    this.#services = parts.services;
    this.#processes = parts.processes;
    this.#clock = parts.clock;
  }

  rollOut(components: readonly (LocalComponent | RecipeComponent)[], options: RollOutOptions): Promise<RollOut> {
    if (options.notifyTimeout !== undefined) checkTime(options.notifyTimeout, 'notifyTimeout');
    if (options.validationTimeout !== undefined) checkTime(options.validationTimeout, 'validationTimeout');
    const done = this.#last.then(() => this.#rollOut(components, options));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #rollOut(components: readonly (LocalComponent | RecipeComponent)[], options: RollOutOptions): Promise<RollOut> {
    const deploymentId = randomUUID();
    const { notifyComponents = false, notifyTimeout = 60_000 } = options;
    if (notifyComponents && !this.#isClosed()) await this.#announce(deploymentId, notifyTimeout);
    const outcome = await this.#carryOut(deploymentId, components, options);
    if (notifyComponents) this.#services.tellUpdated(deploymentId);
    const { status } = outcome;
    this.#parts.observe({ kind: 'deployed', deploymentId, status, failure: 'reason' in outcome ? outcome.reason : undefined });
    return outcome;
  }

  async #carryOut(
    deploymentId: string,
    components: readonly (LocalComponent | RecipeComponent)[],
    { validationTimeout = 20_000, failureHandlingPolicy = 'ROLLBACK' }: RollOutOptions,
  ): Promise<RollOut> {
    const failed = (reason: string): RollOut => ({ status: 'FAILED_NO_STATE_CHANGE', deploymentId, reason });
    if (this.#isClosed()) return failed(STOPPED);
    const problem = await this.#validate(deploymentId, components, validationTimeout);
    if (problem !== undefined) return failed(problem);
    const before = components.map(component => this.#asItIs(nameOf(component)));
    const brokenBefore = this.#processes.broken.map(({ recipe }) => recipe.componentName);
    const deployments = components.map(this.#parts.deploy);
    const reason = await this.#start(components.filter(isRecipeComponent));
    if (reason === undefined) return { status: 'SUCCEEDED', deploymentId, deployments };
    const isRolledBack = this.#parts.profile === 'classic' && failureHandlingPolicy === 'ROLLBACK' && !this.#isClosed();
    if (!isRolledBack) return { status: 'FAILED_ROLLBACK_NOT_REQUESTED', deploymentId, reason, deployments };
    const isBack = await this.#rollBack(before, brokenBefore);
    return { status: isBack ? 'FAILED_ROLLBACK_COMPLETE' : 'FAILED_UNABLE_TO_ROLLBACK', deploymentId, reason, deployments };
  }

  #asItIs(name: string): Former {
    return { name, component: this.#components.asDeployed(name), process: this.#processes.component(name) };
  }

  /** Starts the processes of what was deployed, and of what is broken from before. Why one of them does not run; `undefined` if all do. */
  async #start(components: readonly RecipeComponent[], except: readonly string[] = []): Promise<string | undefined> {
    const names = components.map(({ recipe }) => recipe.componentName);
    const others = this.#processes.broken.filter(({ recipe }) => !names.includes(recipe.componentName));
    const started = (await this.#processes.replace([...components, ...others])).filter(name => !except.includes(name));
    if (started.length === 0) return undefined;
    return this.#parts.profile === 'classic' ? this.#lookUntilAllRun(started) : this.#waitUntilEachRuns(started);
  }

  /** A component that is seen RUNNING at one look has started, whatever becomes of it afterwards. */
  async #lookUntilAllRun(names: readonly string[]): Promise<string | undefined> {
    for (;;) {
      await this.#pass(LOOK_EVERY);
      if (this.#isClosed()) return STOPPED;
      const broken = names.find(name => this.#processes.stateOf(name) === 'BROKEN');
      if (broken !== undefined) return `Service ${broken} in broken state after deployment`;
      if (names.every(name => this.#runs(name))) return undefined;
    }
  }

  async #waitUntilEachRuns(names: readonly string[]): Promise<string | undefined> {
    await this.#pass(LITE_LOOKS_AFTER);
    for (const name of names) {
      const runs = await this.#within<boolean>(LITE_WAITS, resolve => {
        const look = (): void => {
          if (this.#runs(name)) resolve(true);
          if (this.#processes.stateOf(name) === 'BROKEN') resolve(false);
        };
        look();
        return this.#processes.onState(look);
      });
      if (this.#isClosed()) return STOPPED;
      if (runs !== true) return runs === false ? `${name} is broken.` : `Failed waiting for ${name}`;
    }
    return undefined;
  }

  #runs(name: string): boolean {
    const state = this.#processes.stateOf(name);
    return state === 'RUNNING' || state === 'FINISHED';
  }

  /** Puts every component back as it was, and removes those that were not there. Resolves with whether all that ran before run again. */
  async #rollBack(before: readonly Former[], brokenBefore: readonly string[]): Promise<boolean> {
    await Promise.all(before.filter(({ process }) => process === undefined).map(({ name }) => this.#processes.remove(name)));
    for (const { name, component } of before) this.#parts.restore(name, component);
    const processes = before.flatMap(({ process }) => process ?? []);
    return (await this.#start(processes, brokenBefore)) === undefined;
  }

  /** Ends the deployments under way, which fail. */
  close(): void {
    this.#closed = true;
    for (const stop of [...this.#stops]) stop();
  }

  /** A method, and not the member, since it may have changed after each wait. */
  #isClosed(): boolean {
    return this.#closed;
  }

  /** Why the deployment fails; `undefined` if nobody minds. */
  async #validate(
    deploymentId: string,
    components: readonly (LocalComponent | RecipeComponent)[],
    timeout: number,
  ): Promise<string | undefined> {
    const changed = components.map(component => this.#components.preview(component)).filter(isChangedInPlace);
    // Without a request nobody is waited for; with one, everybody, also those that never validate.
    if (!changed.some(({ name }) => this.#services.validates(name))) return undefined;
    const reports = await Promise.all(changed.map(({ name, configuration }) => this.#report(name, deploymentId, configuration, timeout)));
    if (this.#isClosed()) return STOPPED;
    if (reports.includes(undefined)) return 'Error while waiting for validation report for one or more components:null';
    const rejected = reports.flatMap((report, i) =>
      report?.status === 'REJECTED' ? [`{ name = ${changed[i]?.name ?? ''}, message = ${report.message ?? 'null'} }`] : [],
    );
    return rejected.length === 0
      ? undefined
      : `Components reported that their to-be-deployed configuration is invalid ${rejected.join(' ')}`;
  }

  #report(name: string, deploymentId: string, configuration: Configuration, timeout: number): Promise<ValidityReport | undefined> {
    return this.#within<ValidityReport>(timeout, resolve => this.#services.validate(name, deploymentId, configuration, resolve));
  }

  /** Returns when every component that is to be told has let it go on, or has not answered in time. */
  async #announce(deploymentId: string, timeout: number): Promise<void> {
    for (;;) {
      const answers = await Promise.all(
        this.#services.updateSubscribers.map(name =>
          this.#within<number>(timeout, resolve => this.#services.announce(name, deploymentId, resolve)),
        ),
      );
      const longest = Math.max(0, ...answers.map(answer => answer ?? 0));
      if (longest === 0 || this.#isClosed()) return;
      await this.#pass(longest);
    }
  }

  /** Lets time pass; less where the nucleus stops. */
  async #pass(time: number): Promise<void> {
    await this.#within<undefined>(time, () => () => undefined);
  }

  /**
   * What `begin` resolves it with; `undefined` when the time is up or the nucleus stops. What `begin` returns is called at the end in any
   * case.
   */
  #within<A>(time: number, begin: (resolve: (value: A) => void) => () => void): Promise<A | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    return new Promise(resolve => {
      let takeBack = (): void => undefined;
      const end = (value: A | undefined): void => {
        if (!this.#stops.delete(stop)) return;
        cancel();
        takeBack();
        resolve(value);
      };
      const stop = (): void => {
        end(undefined);
      };
      this.#stops.add(stop);
      const cancel = this.#clock.after(time, stop);
      takeBack = begin(end);
      // It can be over as soon as it begins: the answer is there already, or an observer has stopped the nucleus.
      if (!this.#stops.has(stop)) takeBack();
    });
  }
}

/** What deployments work on. */
interface DeploymentParts {
  readonly profile: Profile;
  readonly components: Components;
  readonly services: LifecycleServices;
  readonly processes: ComponentProcesses;
  readonly clock: Clock;
  readonly observe: (event: NucleusEvent) => void;
  readonly deploy: (component: LocalComponent | RecipeComponent) => Deployment;
  /** Puts a component back; `undefined` removes it. */
  readonly restore: (name: string, before: DeployedComponent | undefined) => void;
}

/** A component before a deployment. */
interface Former {
  readonly name: string;
  readonly component: DeployedComponent | undefined;
  readonly process: RecipeComponent | undefined;
}

function isRecipeComponent(component: LocalComponent | RecipeComponent): component is RecipeComponent {
  return 'recipe' in component;
}

function nameOf(component: LocalComponent | RecipeComponent): string {
  return isRecipeComponent(component) ? component.recipe.componentName : component.name;
}

/** Only a component that keeps its version and gets another configuration is asked. */
function isChangedInPlace({ isSameVersion, before, configuration }: DeploymentPreview): boolean {
  return isSameVersion && before !== undefined && !isDeepStrictEqual(before, configuration);
}
