import type { Clock } from '../../shared/clock.js';
import type { Lifecycle, LifecycleStep, Recipe } from '../../recipe/recipe.js';
import type { Profile } from '../../shared/profile.js';
import { harmlessHook } from '../../stream/hook.js';

/** The environment variables a component needs to connect. */
export interface ComponentEnvironment {
  readonly SVCUID: string;
  readonly AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT: string;
  /** The same path, which only a classic nucleus gives; Greengrass Lite does not. */
  readonly AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH?: string;
}

/** The steps that are a component's own process. Where a recipe has both, `startup` counts. */
export type ProcessStep = 'startup' | 'run';

/** A process that a local nucleus wants started. */
export interface ProcessStart {
  readonly recipe: Recipe;
  /** In `startup` the nucleus waits for the report that it is `RUNNING`; in `run` it is so as soon as it has started. */
  readonly step: ProcessStep;
  /** The step's command, with its recipe variables still in it: see `interpolate`. */
  readonly script: string;
  /** The variables to connect with. Those of the recipe's `Setenv` are in the recipe's manifest. */
  readonly environment: ComponentEnvironment;
}

/** A process of a component, as who started it hands it over. */
export interface ComponentProcess {
  /** Resolves with its exit code, or with `null` where a signal ended it or it could not be started. */
  readonly ended: Promise<number | null>;
  /** Sends a signal to the process and what it has started. After its end it does nothing. */
  readonly signal: (name: 'SIGTERM' | 'SIGKILL') => void;
}

/** Starts a component's process. What it throws is a start that has failed. */
export type StartProcess = (start: ProcessStart) => ComponentProcess;

/** The state of a component with a process. */
export type ComponentState = 'STARTING' | 'RUNNING' | 'ERRORED' | 'STOPPING' | 'FINISHED' | 'BROKEN';

/** Errors, each within {@link ERRORS_WITHIN} of the one before, after which a component is given up: it is `BROKEN`. */
const MAX_ERRORS = 3;
/** Milliseconds: an hour. */
const ERRORS_WITHIN = 60 * 60 * 1000;
/** Milliseconds from a failure to the next start on Lite. Classic starts again at once. */
const LITE_RESTART = 1000;
/** Seconds that a `startup` step has for its report, unless the recipe says otherwise. */
const STARTUP_SECONDS = 120;

/** What a component's process is started with. */
export interface LifeSettings {
  readonly profile: Profile;
  readonly lifecycle: Lifecycle;
  readonly step: ProcessStep;
  readonly start: () => ComponentProcess;
  readonly clock: Clock;
  readonly onState: (state: ComponentState) => void;
}

/**
 * A component's process under a nucleus: started, waited for, started again when it fails, given up after three failures.
 *
 * Source: `GenericExternalService` and `Lifecycle` of the nucleus; `recipe2unit` of Greengrass Lite, and systemd.
 */
export class ComponentLife {
  readonly #settings: LifeSettings;
  #state: ComponentState = 'FINISHED';
  #process: ComponentProcess | undefined;
  /** Counts starts and stops: what is told of a process that is no longer the present one is passed over. */
  #generation = 0;
  #cancelTimer: () => void = () => undefined;
  /** When it failed: on classic in each state, on Lite in whichever. */
  readonly #failures = new Map<ComponentState | 'any', readonly number[]>();

  constructor(settings: LifeSettings) {
    this.#settings = settings;
  }

  get state(): ComponentState {
    return this.#state;
  }

  start(): void {
    const { start, step, clock, profile } = this.#settings;
    const generation = this.#next();
    this.#become('STARTING');
    let started: ComponentProcess;
    try {
      started = start();
    } catch {
      this.#fail();
      return;
    }
    this.#process = started;
    const onEnd = (code: number | null): void => {
      if (this.#process === started) this.#process = undefined;
      if (generation === this.#generation) this.#ended(code);
    };
    started.ended.then(onEnd, () => onEnd(null));
    const seconds = this.#step?.timeoutSeconds;
    const isOverdue = (): void => {
      if (generation === this.#generation) this.#fail();
    };
    if (step === 'startup') this.#cancelTimer = clock.after((seconds ?? STARTUP_SECONDS) * 1000, isOverdue);
    else {
      this.#become('RUNNING');
      // On Lite systemd takes it for the time that starting and stopping may take, not running.
      if (profile === 'classic' && seconds !== undefined) this.#cancelTimer = clock.after(seconds * 1000, isOverdue);
    }
  }

  /** What the component says of itself. A report that fits no more is passed over, as a nucleus does. */
  reported(state: string): void {
    if (state === 'RUNNING' && this.#state === 'STARTING') {
      this.#cancelTimer();
      this.#become('RUNNING');
    }
    if (state === 'ERRORED' && this.#settings.profile === 'classic' && this.#goesOn) this.#fail();
  }

  /** Ends its process, by force where it takes too long. */
  async stop(): Promise<void> {
    this.#next();
    this.#become('STOPPING');
    await this.#endProcess();
    this.#become('FINISHED');
  }

  get #goesOn(): boolean {
    return this.#state === 'STARTING' || this.#state === 'RUNNING';
  }

  get #step(): LifecycleStep | undefined {
    return this.#settings.lifecycle.steps[this.#settings.step];
  }

  #next(): number {
    this.#cancelTimer();
    return ++this.#generation;
  }

  #become(state: ComponentState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#settings.onState(state);
  }

  #ended(code: number | null): void {
    const { step, profile } = this.#settings;
    if (code !== 0) return this.#fail();
    if (step === 'run') {
      this.#next();
      this.#become('FINISHED');
      return;
    }
    if (this.#state !== 'STARTING') return;
    // Lite reports that it is ready on a line behind the script, which a script with exec never comes to.
    if (profile === 'lite' && /^\s*exec\s/.test(this.#step?.script ?? '')) return this.#fail();
    this.reported('RUNNING');
  }

  #fail(): void {
    const { profile, clock } = this.#settings;
    const generation = this.#next();
    const isBroken = this.#isLastFailure(profile === 'classic' ? this.#state : 'any');
    this.#become('ERRORED');
    if (isBroken) this.#become('BROKEN');
    void this.#endProcess().then(() => {
      if (isBroken || generation !== this.#generation) return;
      if (profile === 'classic') this.start();
      else this.#cancelTimer = clock.after(LITE_RESTART, () => this.start());
    });
  }

  #isLastFailure(kind: ComponentState | 'any'): boolean {
    const now = this.#settings.clock.now();
    const before = this.#failures.get(kind) ?? [];
    const recent = (before.at(-1) ?? -Infinity) > now - ERRORS_WITHIN ? before : [];
    this.#failures.set(kind, [...recent, now]);
    return recent.length + 1 >= MAX_ERRORS;
  }

  async #endProcess(): Promise<void> {
    const ending = this.#process;
    if (ending === undefined) return;
    const signal = harmlessHook('signal() of a component process', (name: 'SIGTERM' | 'SIGKILL') => ending.signal(name));
    const cancel = this.#settings.clock.after(this.#grace, () => signal('SIGKILL'));
    signal('SIGTERM');
    await ending.ended.catch(() => null);
    cancel();
  }

  /** Milliseconds from the stop to the kill. The script of a `shutdown` step is not run; only its timeout counts. */
  get #grace(): number {
    const { profile, step, lifecycle } = this.#settings;
    if (profile === 'lite') return step === 'startup' ? 90_000 : (this.#step?.timeoutSeconds ?? 120) * 1000;
    const { shutdown } = lifecycle.steps;
    return shutdown === undefined ? 5000 : (shutdown.timeoutSeconds ?? 15) * 1000;
  }
}
