import type { SchedulerLike } from 'rxjs';
import type { ConnectOptions } from '../client/connect-options.js';
import type { Nucleus } from '../client/connect.js';
import type { Ledger } from '../flow/ledger.js';
import type { MqttProxy } from '../ports/mqtt-proxy.js';
import type { Log } from './log.js';

/**
 * How {@link runComponent} runs. Nothing is needed on a device: the derived recipe sets the variables. Times are milliseconds; `Infinity`
 * means never.
 */
export interface RunOptions {
  /** Where the configuration and the names of files come from. Default `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** How the nucleus is reached. Default: as `connect()` does. */
  readonly connect?: ConnectOptions | undefined;
  /** A nucleus that is there already, in place of `connect`. It is drained and closed in the end. */
  readonly nucleus?: Nucleus | undefined;
  /**
   * A proxy that is there already, in place of `connect` and `nucleus`; there are no other services then. It is drained and closed in the
   * end.
   */
  readonly proxy?: MqttProxy | undefined;
  /**
   * Default: {@link jsonLog} on stdout, at the level that the variable `GREENGRASS_RX_LOG` names. What a log of your own throws is written
   * to stderr, and the component goes on.
   */
  readonly log?: Log | undefined;
  /**
   * How long a drain may take. Default 10 000: less than the 15 s that the derived recipe's `Shutdown` has, so that some are left for the
   * end of the process.
   */
  readonly drainDeadline?: number | undefined;
  /** Ends the component in good order, as SIGTERM does. */
  readonly signal?: AbortSignal | undefined;
  /** `false`: SIGTERM and SIGINT are left to the program. */
  readonly signals?: boolean | undefined;
  /** The health file. Default: the variable `GREENGRASS_RX_HEALTH_FILE`, or else none. */
  readonly healthFile?: string | undefined;
  /** The file that holds the process id while it runs. Default: the variable `GREENGRASS_RX_PID_FILE`, or else none. */
  readonly pidFile?: string | undefined;
  /** From one health line to the next. Default 60 000. */
  readonly healthPeriod?: number | undefined;
  /** The ledger that health is read from. Default: the one of all stages. */
  readonly ledger?: Ledger | undefined;
  /** Where all timers run. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
}

export const DRAIN_DEADLINE = 10_000;

export const HEALTH_PERIOD = 60_000;

/** Milliseconds from one writing of the health file to the next, without a line in the log: `dev --ui` looks at it. */
export const HEALTH_FILE_PERIOD = 'GREENGRASS_RX_HEALTH_FILE_PERIOD';
