import type { OutboxUnavailable, OutboxUnavailableReason } from '../errors/errors.js';
import type { Profile } from '../ports/mqtt-proxy.js';
import { kindOf, tagOf } from '../stream/observable-either.js';
import type { Log } from './log.js';

/** Why a component's process ended. */
export type ExitReason =
  'done' | 'completed' | 'failed-for-good' | 'defect' | 'failed' | 'token-refused' | 'unauthorized' | 'configuration';

/** One way to end. */
export interface Exit {
  readonly code: number;
  /** Whether it can help to start the process again with nothing else changed. For `unauthorized` this is true of Greengrass Lite alone. */
  readonly restart: boolean;
  readonly meaning: string;
}

/**
 * How a component's process ends, by reason. The codes are those of `sysexits.h`, which no shell and no signal uses.
 *
 * Greengrass itself only tells 0 (`FINISHED`) from all others. After any other code it starts the component again; after three errors in an
 * hour the component is `BROKEN`, and a deployment fails and is rolled back. That is right for a wrong configuration, too, so no failure
 * ends with 0. The codes are for the log, for alarms, and for a supervisor that can tell them apart: under systemd,
 * `RestartPreventExitStatus=69 78`. 77 is not among them: Greengrass Lite also calls unauthorized what it allows, while its configuration
 * daemon is away.
 *
 * Source: component recipe reference, `Run` and `Recover`; `sysexits(3)`.
 */
export const EXITS: Readonly<Record<ExitReason, Exit>> = {
  done: { code: 0, restart: false, meaning: 'All branches completed, or the component was told to stop.' },
  completed: {
    code: 72,
    restart: true,
    meaning: 'All branches completed by themselves. In a startup step an end with 0 would leave the component RUNNING without a process.',
  },
  'failed-for-good': { code: 69, restart: false, meaning: 'A branch ended with a terminal Left that is not retryable.' },
  defect: { code: 70, restart: true, meaning: 'Something threw: a bug in the component.' },
  failed: { code: 75, restart: true, meaning: 'A branch ended with a terminal Left that may not come again.' },
  'token-refused': { code: 76, restart: true, meaning: 'The nucleus refused the token. Only a new process gets a new one.' },
  unauthorized: {
    code: 77,
    restart: true,
    meaning: 'The policies of the recipe do not allow what the component does, or Greengrass Lite cannot read them.',
  },
  configuration: { code: 78, restart: false, meaning: 'The configuration does not fit the code.' },
};

const OUTBOX_FOR_GOOD: ReadonlySet<OutboxUnavailableReason> = new Set(['needs-newer-node', 'read-only', 'closed', 'forwarding']);

/** The reason to end with after a terminal `Left`. */
export function exitReasonOf(error: unknown): ExitReason {
  switch (tagOf(error)) {
    case 'ConfigurationInvalid':
      return 'configuration';
    case 'Unauthorized':
      return 'unauthorized';
    case 'TokenRefused':
      return 'token-refused';
    // A full buffer is empty in a new process.
    case 'Overflowed':
      return 'failed';
    // What the disk or SQLite has refused may succeed in the next process.
    case 'OutboxUnavailable':
      return OUTBOX_FOR_GOOD.has((error as OutboxUnavailable).reason) ? 'failed-for-good' : 'failed';
    default:
      return kindOf(error) === 'terminal' && saysRetryable(error) ? 'failed' : 'failed-for-good';
  }
}

function saysRetryable(error: unknown): boolean {
  return typeof error === 'object' && error !== null && (error as { readonly retryable?: unknown }).retryable === true;
}

/** How a run against this nucleus ends: a classic one refuses only what its policies do not allow, and does so again. */
export function exitOf(reason: ExitReason, profile: Profile | undefined): Exit {
  return reason === 'unauthorized' && profile === 'classic' ? { ...EXITS.unauthorized, restart: false } : EXITS[reason];
}

/** Whether a process that ended with this code, or without one by a signal, should be started again. Codes it does not know: yes. */
export function deservesRestart(code: number | null): boolean {
  return Object.values(EXITS).find(exit => exit.code === code)?.restart ?? true;
}

/** How a component ended. */
export interface RunOutcome extends Exit {
  readonly reason: ExitReason;
  /** The branch whose failure decided, where one did. */
  readonly branch: string | undefined;
  /** What it failed with. */
  readonly error: unknown;
}

export function ended(
  log: Log,
  reason: ExitReason,
  branch: string | undefined,
  error: unknown,
  fields: object = {},
  profile?: Profile,
): RunOutcome {
  const exit = exitOf(reason, profile);
  const tell = reason === 'done' ? log.info : log.error;
  tell(`ended: ${exit.meaning}`, { event: 'ended', reason, code: exit.code, restart: exit.restart, branch, error, ...fields });
  return { ...exit, reason, branch, error };
}
