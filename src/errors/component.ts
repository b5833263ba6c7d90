import { Failure } from './failure.js';

/**
 * A component's configuration is not what its code expects. `terminal`: it was not started. `message`: it has changed to this while the
 * component runs, and the last good one stands.
 */
export class ConfigurationInvalid extends Failure<'ConfigurationInvalid', 'terminal' | 'message'> {
  readonly _tag = 'ConfigurationInvalid';
  readonly code = 'GGRX_CONFIGURATION_INVALID';
  readonly retryable = false;
  readonly component: string;
  /** One line a problem, each beginning with the path to the value. */
  readonly problems: readonly string[];

  constructor(component: string, problems: readonly string[], cause?: unknown, kind: 'terminal' | 'message' = 'terminal') {
    super(
      kind,
      `The configuration of ${component} does not fit: ${problems.join('; ')}. On a device it is "config" in the component's configuration: correct it with a deployment that merges {"config": …}, or resets ["/config"]; elsewhere it is the variable GREENGRASS_RX_CONFIG.`,
      cause,
    );
    this.component = component;
    this.problems = problems;
  }
}

/**
 * A dry run was given up: the component sets far more timers than one that waits between them would. Examples: `interval(0)`, a retry
 * without a delay, polling for something that never comes.
 */
export class TimersWithoutEnd extends Failure<'TimersWithoutEnd', 'terminal'> {
  readonly _tag = 'TimersWithoutEnd';
  readonly code = 'GGRX_TIMERS_WITHOUT_END';
  readonly retryable = false;
  readonly component: string;
  /** Timers that had fired. */
  readonly timers: number;
  /** Virtual milliseconds that had passed. */
  readonly at: number;

  constructor(component: string, timers: number, at: number, cause?: unknown) {
    super(
      'terminal',
      `The dry run of ${component} was given up at ${at} virtual ms, after ${timers} timers. On a device they would keep the processor busy: give intervals and retries a delay. If so many are meant, run it dry for a shorter time (horizon).`,
      cause,
    );
    this.component = component;
    this.timers = timers;
    this.at = at;
  }
}
