import type { Configuration } from '../../recipe/configuration.js';
import type { NucleusEvent } from '../nucleus-event.js';

/** What a component says of a configuration that it is to get. */
export interface ValidityReport {
  readonly status: string | undefined;
  readonly message: string | undefined;
}

/** Sends an event on a stream. */
type Send = (event: object) => void;

/** Who validates configurations and who wants to hear of updates, and the questions to them that are open. */
export class LifecycleServices {
  readonly #validators = new Map<string, Send>();
  readonly #validations = new Map<string, (report: ValidityReport) => void>();
  readonly #updates = new Map<string, Set<Send>>();
  readonly #observe: (event: NucleusEvent) => void;
  #onReported: (component: string, state: string) => void = () => undefined;
  readonly #announced = new Map<string, { readonly deploymentId: string; readonly resolve: (recheckAfter: number) => void }>();

  constructor(observe: (event: NucleusEvent) => void = () => undefined) {
    this.#observe = observe;
  }

  /** A component has one validator: a second one gets nothing, and when either ends, the component has none. */
  addValidator(component: string, send: Send): () => void {
    if (!this.#validators.has(component)) this.#validators.set(component, send);
    return () => this.#validators.delete(component);
  }

  validates(component: string): boolean {
    return this.#validators.has(component);
  }

  /** Asks a component that validates. The result takes the question back. */
  validate(component: string, deploymentId: string, configuration: Configuration, resolve: (report: ValidityReport) => void): () => void {
    const send = this.#validators.get(component);
    if (send === undefined) return () => undefined;
    const key = questionKey(component, deploymentId);
    this.#validations.set(key, resolve);
    send({ validateConfigurationUpdateEvent: { configuration, deploymentId } });
    return () => this.#validations.delete(key);
  }

  /** `false`: nobody has asked, or not any more. */
  report(component: string, deploymentId: string, report: ValidityReport): boolean {
    const resolve = this.#validations.get(questionKey(component, deploymentId));
    if (resolve === undefined) return false;
    this.#observe({ kind: 'configurationValidated', component, deploymentId, ...report });
    resolve(report);
    return true;
  }

  /** Who is told of reported states. */
  set onReported(onReported: (component: string, state: string) => void) {
    this.#onReported = onReported;
  }

  reported(component: string, state: string): void {
    this.#onReported(component, state);
  }

  addUpdateSubscriber(component: string, send: Send): () => void {
    const streams = this.#updates.get(component) ?? new Set<Send>();
    this.#updates.set(component, streams.add(send));
    return () => {
      streams.delete(send);
      if (streams.size === 0 && this.#updates.get(component) === streams) this.#updates.delete(component);
    };
  }

  get updateSubscribers(): readonly string[] {
    return [...this.#updates.keys()];
  }

  /** Tells a component of an update. The result takes the question back. */
  announce(component: string, deploymentId: string, resolve: (recheckAfter: number) => void): () => void {
    const streams = this.#updates.get(component) ?? new Set<Send>();
    // A device waits for an answer to each subscription, and takes only one from a component: with several subscriptions it waits the whole
    // time.
    const isAnswerable = streams.size === 1;
    const question = { deploymentId, resolve: isAnswerable ? resolve : () => undefined };
    this.#announced.set(component, question);
    this.#observe({ kind: 'updateAnnounced', component, deploymentId });
    for (const send of streams) send({ preUpdateEvent: { deploymentId, isGgcRestarting: false } });
    return () => {
      if (this.#announced.get(component) === question) this.#announced.delete(component);
    };
  }

  tellUpdated(deploymentId: string): void {
    for (const streams of this.#updates.values()) for (const send of streams) send({ postUpdateEvent: { deploymentId } });
  }

  /** The first answer counts. One without a time counts too, and says nothing: the update waits as long as without an answer. */
  defer(component: string, deploymentId: string, recheckAfter: number | undefined): 'taken' | 'too late' {
    const question = this.#announced.get(component);
    if (question?.deploymentId !== deploymentId) return 'too late';
    this.#announced.delete(component);
    this.#observe({ kind: 'updateAnswered', component, deploymentId, recheckAfter });
    if (recheckAfter !== undefined) question.resolve(recheckAfter);
    return 'taken';
  }
}

function questionKey(component: string, deploymentId: string): string {
  return JSON.stringify([component, deploymentId]);
}
