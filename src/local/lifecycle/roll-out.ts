import type { Configuration } from '../../recipe/configuration.js';

/** What a deployment of one component came to. */
export interface Deployment {
  readonly component: string;
  /** The configuration now in effect. */
  readonly configuration: Configuration;
  /** What in its policies grants nothing or is not in effect, and why. */
  readonly problems: readonly string[];
}

/** How a deployment is carried out. */
export interface RollOutOptions {
  /**
   * Whether components that have subscribed to component updates are told, and can put it off, as with a deployment of the cloud. Left out:
   * no, as with a local one.
   */
  readonly notifyComponents?: boolean | undefined;
  /** How long it waits for their answers, in milliseconds: 60 000. */
  readonly notifyTimeout?: number | undefined;
  /**
   * What is done where a component does not start. `ROLLBACK`, the default and what a deployment of the cloud does, puts every component of
   * the deployment back as it was; `DO_NOTHING` leaves them, as a local deployment does. Lite never rolls back.
   */
  readonly failureHandlingPolicy?: 'ROLLBACK' | 'DO_NOTHING' | undefined;
  /** How long it waits for the reports of components that validate, in milliseconds: 20 000. */
  readonly validationTimeout?: number | undefined;
}

/** What a deployment came to. */
export type RollOut =
  | { readonly status: 'SUCCEEDED'; readonly deploymentId: string; readonly deployments: readonly Deployment[] }
  /** Nothing has changed. */
  | { readonly status: 'FAILED_NO_STATE_CHANGE'; readonly deploymentId: string; readonly reason: string }
  /**
   * A component did not start. `FAILED_ROLLBACK_COMPLETE`: everything is as it was before. `FAILED_UNABLE_TO_ROLLBACK`: it was to be, and
   * is not. `FAILED_ROLLBACK_NOT_REQUESTED`: nobody asked for that, and what was deployed is there.
   */
  | {
      readonly status: 'FAILED_ROLLBACK_COMPLETE' | 'FAILED_UNABLE_TO_ROLLBACK' | 'FAILED_ROLLBACK_NOT_REQUESTED';
      readonly deploymentId: string;
      readonly reason: string;
      readonly deployments: readonly Deployment[];
    };
