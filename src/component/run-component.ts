import { connect, connectNucleus } from '../client/connect.js';
import type { ConfigurationInvalid } from '../errors/errors.js';
import { OwnOutboxes } from '../outbox/open-outbox.js';
import type { Outbox } from '../outbox/outbox.js';
import { checkPositiveTime } from '../shared/check-argument.js';
import { namedBranches } from './branches.js';
import { ComponentRun, DRAIN_DEADLINE, HEALTH_PERIOD, reportState, type RunOptions } from './component-run.js';
import { type Branch, type Component, runContext } from './component.js';
import { followConfiguration, overridesConfiguration, readConfiguration, unchanging, WORK_FOLDER_VARIABLE } from './configuration.js';
import { ended, exitReasonOf, type RunOutcome } from './exit-codes.js';
import { jsonLog, levelIn, type Log, unfailing } from './log.js';

/**
 * Runs a component to its end: connects, reads its configuration at the nucleus and follows it (the variable `GREENGRASS_RX_CONFIG` stands in its place), runs its branches, reports `RUNNING` when
 * it is connected and each subscription is active or waits for the cloud alone, or `ERRORED` when it cannot go on, tells how they are, drains on SIGTERM and closes.
 * `greengrass-rx run` is this and the exit code.
 *
 * A wrong configuration, a refused topic and a bug are outcomes, with the code of {@link EXITS} to exit with. All of it is
 * in the log: what passes on the left of a branch at most once per branch, tag and ten seconds, with the number of those it stands for.
 *
 * On SIGTERM, SIGINT or `signal`, the subscriptions complete, stages publish what they hold, and shortly before `drainDeadline` (a tenth of it, a second at most)
 * the proxy is closed: what is left in the stages has its outcomes, so that dead letters can be written. What has not ended at `drainDeadline` is given up,
 * counted and logged. A second signal, half a second later or more, ends the process at once.
 *
 * @throws RangeError, TypeError for options out of range, as `connect` does.
 *
 * @example
 * ```ts
 * import { component, runComponent } from 'greengrass-rx/component';
 * import { E } from 'greengrass-rx/fp';
 * import { of } from 'rxjs';
 *
 * const once = component({ name: 'com.example.Once', version: '1.0.0', run: () => ({ numbers: of(E.right(1), E.right(2)) }) });
 * const outcome = await runComponent(once);
 * console.log(outcome.code, outcome.meaning); // 0 All branches completed, …
 * ```
 */
export async function runComponent<A>(component: Component<A>, options: RunOptions = {}): Promise<RunOutcome> {
  const { env = process.env } = options;
  const { name, version } = component;
  checkPositiveTime(options.drainDeadline ?? DRAIN_DEADLINE, 'drainDeadline');
  checkPositiveTime(options.healthPeriod ?? HEALTH_PERIOD, 'healthPeriod');
  const log = unfailing(
    options.log ?? jsonLog(line => process.stdout.write(line), { level: levelIn(env), fields: { component: name, version } }),
  );
  const follows = options.proxy === undefined && component.config !== undefined && !overridesConfiguration(env);
  const given = readConfiguration(component, env);
  if (given._tag === 'Left' && !follows) return ended(log, 'configuration', undefined, told(given.left, log));
  const nucleus = options.proxy === undefined ? (options.nucleus ?? connectNucleus(options.connect)) : undefined;
  const followed = follows && nucleus !== undefined ? await followConfiguration(component, nucleus, given, log) : unchanging(given);
  if (followed._tag === 'Left') {
    const error = followed.left;
    if (error._tag !== 'ConfigurationInvalid') {
      await nucleus?.close();
      return ended(log, exitReasonOf(error), undefined, error);
    }
    told(error, log);
    if (nucleus !== undefined) await reportState(nucleus, 'ERRORED', log);
    await nucleus?.close();
    return ended(log, 'configuration', undefined, error);
  }
  const { config, config$ } = followed.right;
  const proxy = options.proxy ?? nucleus?.mqtt ?? connect(options.connect);
  const folder = env[WORK_FOLDER_VARIABLE] ?? process.cwd();
  const outboxes = new OwnOutboxes(folder, outbox => logBacklog(outbox.depth$, log), options.ledger);
  let branches: ReadonlyMap<string, Branch>;
  try {
    branches = namedBranches(component.run(proxy, config, runContext(log, config$, nucleus, outboxes)));
  } catch (error) {
    await outboxes.close();
    await proxy.close();
    return ended(log, 'defect', undefined, error);
  }
  return new ComponentRun(component, branches, { proxy, nucleus, outboxes }, log, options).toEnd();
}

/** Milliseconds that something is stored before it counts as waiting: what is sent at once is in the outbox, too. */
const WAITS = 2_000;

/** Says that messages wait in an outbox, again when twice as many do, and when none does any more: a few lines, however long that goes on. */
export function logBacklog(depth$: Outbox['depth$'], log: Log): void {
  let told = 0;
  depth$.subscribe(({ messages, bytes, age }) => {
    if (messages === 0) {
      if (told > 0) log.info('outbox: nothing waits any more', { event: 'outbox', messages, bytes, age });
      told = 0;
    } else if (age >= WAITS && messages >= 2 * told) {
      const what = messages === 1 ? '1 message waits' : `${messages} messages wait`;
      log.info(`outbox: ${what}, the oldest for ${Math.round(age / 1_000)} s`, { event: 'outbox', messages, bytes, age });
      told = messages;
    }
  });
}

/** A wrong configuration, a line a problem. */
function told(error: ConfigurationInvalid, log: Log): ConfigurationInvalid {
  for (const problem of error.problems) log.error(`configuration: ${problem}`);
  return error;
}
