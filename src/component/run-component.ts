import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { connect, connectNucleus } from '../client/connect.js';
import type { ConfigurationInvalid } from '../errors/errors.js';
import { OwnOutboxes } from '../outbox/open-outbox.js';
import type { Outbox } from '../outbox/outbox.js';
import { checkPositiveTime } from '../shared/check-argument.js';
import { namedBranches } from './branches.js';
import { ComponentRun, reportState } from './component-run.js';
import { DRAIN_DEADLINE, HEALTH_PERIOD, type RunOptions } from './run-options.js';
import { type Branch, type Component, isComponent, runContext } from './component.js';
import { followConfiguration, overridesConfiguration, readConfiguration, unchanging, WORK_FOLDER_VARIABLE } from './configuration.js';
import { ended, exitReasonOf, EXITS, type RunOutcome } from './exit-codes.js';
import { jsonLog, levelIn, type Log, unfailing } from './log.js';
import { plural } from '../shared/visible.js';

/**
 * A member of a component in a bundle: what runs it. A bundle has its own copies of this package and of RxJS, and its component runs on
 * those.
 */
const RUNNER: unique symbol = Symbol.for('greengrass-rx.runner');

interface WithRunner extends Component {
  readonly [RUNNER]?: typeof runComponent;
}

/** What a process of a component is told besides its environment. */
export interface ProcessOptions {
  /** Takes a line of the log. */
  readonly write: (line: string) => void;
  readonly env: NodeJS.ProcessEnv;
  /** What the log calls the module, where its component is not known yet. */
  readonly module: string;
}

/**
 * The process of a component. From now on an error that nobody catches ends it as a defect, with a line in its log. (Node by itself prints
 * a stack trace and exits with 1.)
 */
export class OwnProcess {
  readonly #options: ProcessOptions;

  constructor(options: ProcessOptions) {
    this.#options = options;
    process.on('uncaughtException', this.defect);
    process.on('unhandledRejection', this.defect);
  }

  readonly defect = (error: unknown): never => {
    const { write, env, module } = this.#options;
    const { code, restart, meaning } = EXITS.defect;
    const log = jsonLog(write, { level: levelIn(env), fields: { module } });
    log.error(`ended: ${meaning}`, { event: 'ended', reason: 'defect', code, restart, error });
    process.exit(code);
  };

  /** Runs it to its end. Gives the code to exit with. */
  async run(component: WithRunner, healthFile?: string): Promise<number> {
    const { write, env } = this.#options;
    const log = jsonLog(write, { level: levelIn(env), fields: { component: component.name, version: component.version } });
    const { [RUNNER]: run = runComponent } = component;
    const { code } = await run(component, { env, log, healthFile });
    process.off('uncaughtException', this.defect);
    process.off('unhandledRejection', this.defect);
    return code;
  }
}

/**
 * For a module that is a program of its own, such as the file that `greengrass-rx build` makes of a component. Returns a function that runs
 * a component to its end and exits with a code of {@link EXITS}, as `greengrass-rx run` does, which the device then does not need. If Node
 * was started with another module, which imports this one, the function runs nothing.
 *
 * Call it before the component is loaded: whatever throws from then on is logged as a defect.
 *
 * @param url `import.meta.url` of the module.
 *
 * @example
 * ```ts
 * import { component, mainProgram } from 'greengrass-rx/component';
 * import { E } from 'greengrass-rx/fp';
 * import { of } from 'rxjs';
 *
 * const run = mainProgram(import.meta.url);
 * const once = component({ name: 'com.example.Once', version: '1.0.0', run: () => ({ numbers: of(E.right(1), E.right(2)) }) });
 * await run(once);
 * ```
 */
export function mainProgram(url: string): (component: Component) => Promise<void> {
  const module = fileURLToPath(url);
  if (!isMain(module))
    return component => {
      if (isComponent(component)) Object.defineProperty(component, RUNNER, { value: runComponent });
      return Promise.resolve();
    };
  // A reader of the log that goes away must not end the component.
  process.stdout.on('error', () => undefined);
  const own = new OwnProcess({ write: line => void process.stdout.write(line), env: process.env, module });
  return async component => {
    const code = await own.run(component);
    await new Promise<void>(written => void process.stdout.write('', () => written()));
    process.exit(code);
  };
}

function isMain(module: string): boolean {
  const [, started] = process.argv;
  if (!isMainThread || started === undefined) return false;
  try {
    return resolve(started) === module || realpathSync(started) === module;
  } catch {
    // `node --eval` has what it likes there.
    return false;
  }
}

/**
 * Runs a component to its end. It connects, reads the configuration at the nucleus and follows it (unless the variable
 * `GREENGRASS_RX_CONFIG` has it), and runs the branches. It reports `RUNNING` when it is connected and each subscription is active, or
 * waits only for the cloud; it reports `ERRORED` when it cannot go on. Meanwhile it writes its health to the log, and to the health file if
 * there is one. On SIGTERM it drains and closes. `greengrass-rx run` is this and the exit code.
 *
 * A wrong configuration, a refused topic and a bug are outcomes, each with the code of {@link EXITS} to exit with. All of them are logged.
 * For the `Left`s of a branch there is one line for each tag in ten seconds at most, with the number of those it stands for.
 *
 * On SIGTERM, SIGINT or `signal`, the subscriptions complete, stages publish what they hold, and shortly before `drainDeadline` (a tenth of
 * it, a second at most) the proxy is closed: what is left in the stages has its outcomes, so that dead letters can be written. What has not
 * ended at `drainDeadline` is given up, counted and logged. A second signal, half a second later or more, ends the process at once.
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
  const proxy = options.proxy ?? nucleus?.mqtt ?? connect(options.connect);
  const followed =
    follows && nucleus !== undefined ? await followConfiguration(component, nucleus, given, log) : unchanging(given, proxy.draining$);
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

/**
 * Says that messages wait in an outbox, again when twice as many do, and when none does any more: a few lines, however long that goes on.
 */
export function logBacklog(depth$: Outbox['depth$'], log: Log): void {
  let told = 0;
  depth$.subscribe(({ messages, bytes, age }) => {
    if (messages === 0) {
      if (told > 0) log.info('outbox: nothing waits any more', { event: 'outbox', messages, bytes, age });
      told = 0;
    } else if (age >= WAITS && messages >= 2 * told) {
      const what = plural(messages, 'message', ['waits', 'wait']);
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
