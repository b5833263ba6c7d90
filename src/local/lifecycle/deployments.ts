import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../ipc/clock.js';
import type { LocalComponent, RecipeComponent } from '../../recipe/local-component.js';
import type { Configuration } from '../../recipe/recipe.js';
import type { Components, Deployment } from '../server/components.js';
import type { LifecycleServices, ValidityReport } from './lifecycle-services.js';

/** How a deployment is carried out. */
export interface RollOutOptions {
  /**
   * Whether components that have subscribed to component updates are told, and can put it off, as with a deployment of the cloud. Left out: no,
   * as with a local one.
   */
  readonly notifyComponents?: boolean | undefined;
  /** How long it waits for their answers, in milliseconds: 60 000. */
  readonly notifyTimeout?: number | undefined;
  /** How long it waits for the reports of components that validate, in milliseconds: 20 000. */
  readonly validationTimeout?: number | undefined;
}

/** What a deployment came to. */
export type RollOut =
  | { readonly status: 'SUCCEEDED'; readonly deploymentId: string; readonly deployments: readonly Deployment[] }
  /** Nothing has changed. */
  | { readonly status: 'FAILED_NO_STATE_CHANGE'; readonly deploymentId: string; readonly reason: string };

const STOPPED = 'the local nucleus has been stopped';

/**
 * Deployments that ask the components first: those that validate whether they take their new configuration, and those that want to be told whether
 * they can be updated now.
 *
 * Source: `DynamicComponentConfigurationValidator` and `UpdateSystemPolicyService` of the nucleus. Lite has neither.
 */
export class Deployments {
  readonly #components: Components;
  readonly #services: LifecycleServices;
  readonly #clock: Clock;
  readonly #deploy: (component: LocalComponent | RecipeComponent) => Deployment;
  readonly #stops = new Set<() => void>();
  #closed = false;

  constructor(
    components: Components,
    services: LifecycleServices,
    clock: Clock,
    deploy: (component: LocalComponent | RecipeComponent) => Deployment,
  ) {
    this.#components = components;
    this.#services = services;
    this.#clock = clock;
    this.#deploy = deploy;
  }

  async rollOut(components: readonly (LocalComponent | RecipeComponent)[], options: RollOutOptions): Promise<RollOut> {
    const deploymentId = randomUUID();
    const failed = (reason: string): RollOut => ({ status: 'FAILED_NO_STATE_CHANGE', deploymentId, reason });
    if (this.#isClosed()) return failed(STOPPED);
    const problem = await this.#validate(deploymentId, components, options.validationTimeout ?? 20_000);
    if (problem !== undefined) return failed(problem);
    if (options.notifyComponents === true) await this.#announce(deploymentId, options.notifyTimeout ?? 60_000);
    if (this.#isClosed()) return failed(STOPPED);
    const deployments = components.map(this.#deploy);
    if (options.notifyComponents === true) this.#services.tellUpdated(deploymentId);
    return { status: 'SUCCEEDED', deploymentId, deployments };
  }

  /** Those under way fail. */
  close(): void {
    this.#closed = true;
    for (const stop of [...this.#stops]) stop();
  }

  /** Asked again after each wait. */
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
      await this.#within<undefined>(longest, () => () => undefined);
    }
  }

  /** What `begin` hands on, or `undefined` after the time, or when the nucleus stops. What `begin` returns takes the question back. */
  #within<A>(time: number, begin: (resolve: (value: A) => void) => () => void): Promise<A | undefined> {
    return new Promise(resolve => {
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
      const takeBack = begin(end);
    });
  }
}

interface Preview {
  readonly name: string;
  readonly isSameVersion: boolean;
  readonly before: Configuration | undefined;
  readonly configuration: Configuration;
}

/** Only a component that stays in its version, and gets another configuration, is asked. */
const isChangedInPlace = ({ isSameVersion, before, configuration }: Preview): boolean =>
  isSameVersion && before !== undefined && !isDeepStrictEqual(before, configuration);
